"""A runner without GitHub: jobs, leases and stages on a real database, for tests of what lies between."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast
from uuid import UUID

from sqlalchemy import select

from migrations.apply import upgrade
from worker import pipeline
from worker.clients.gateway import Gateway
from worker.content import ContentStore
from worker.pipeline import Context, StageFunction
from worker.quarantine import set_aside
from worker.screening import screen_here
from worker.settings import Settings
from worker.store import jobs
from worker.store.models import Job, Stage
from worker.store.session import make_engine, session_scope
from worker.store.types import now_plus


class NoGitHub:
    """Whoever asks GitHub anything fails the test."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"GitHub was asked for {name}")


@dataclass(slots=True)
class Bare:
    """A context, and the doorbell's rings in order."""

    context: Context
    rung: list[tuple[Stage, UUID]] = field(default_factory=list)

    def ask(self, stage: Stage, subject: str) -> UUID:
        """Ask for work; the job's id."""
        with self.context.scope() as session:
            jobs.request(session, stage, subject)
        return self.job(stage, subject).id

    def job(self, stage: Stage, subject: str) -> Job:
        """A job as it stands."""
        with self.context.scope() as session:
            return session.scalars(select(Job).where(Job.stage == stage, Job.subject == subject)).one()

    def asked(self) -> set[tuple[str, str]]:
        """Stage and subject of everything that is asked for, deliveries aside."""
        with self.context.scope() as session:
            found = session.execute(select(Job.stage, Job.subject).where(Job.pending, Job.stage != Stage.RECEIVE))
            return {(stage.value, subject) for stage, subject in found}

    def hurry(self, job_id: UUID) -> None:
        """Make a parked job due."""
        with self.context.scope() as session:
            job = session.get_one(Job, job_id)
            job.run_after = job.created_at

    def drain(self, *, only: Stage) -> None:
        """Work on what is due of one stage until nothing is left of it."""
        while True:
            with self.context.scope() as session:
                wanted = select(Job.id).where(Job.pending, Job.stage == only, Job.run_after <= now_plus())
                due = session.scalars(wanted.where(Job.quarantined_at.is_(None))).all()
            if not due:
                return
            for job_id in due:
                pipeline.work(self.context, job_id)


@contextmanager
def bare(
    url: str,
    folder: Path,
    stages: Mapping[Stage, StageFunction],
    *,
    ring: Callable[[Stage, UUID, str], None] | None = None,
    **more: Any,
) -> Iterator[Bare]:
    """A runner on a database that is migrated first. `more` are settings."""
    settings = Settings(database_url=url, content_folder=folder / "content", **more)
    engine = make_engine(url)
    upgrade(engine)
    rung: list[tuple[Stage, UUID]] = []
    context = Context(
        settings=settings,
        scope=session_scope(engine),
        github=cast("Gateway", NoGitHub()),
        content=ContentStore(settings.content_folder),
        screen=screen_here,
        stages=stages,
        on_quarantine=set_aside,
        announce=ring or (lambda stage, job_id, _place: rung.append((stage, job_id))),
    )
    try:
        yield Bare(context, rung)
    finally:
        engine.dispose()
