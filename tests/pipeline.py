"""The pipeline without a queue: due jobs are worked on one after the other, in this thread."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import UUID

from pydantic import HttpUrl, SecretStr
from sqlalchemy import select

from migrations.apply import upgrade
from tests.standin import StandIn
from worker import pipeline
from worker.clients.github import GitHubGateway
from worker.clients.pacer import LocalPacer
from worker.content import ContentStore
from worker.pipeline import Context
from worker.quarantine import set_aside
from worker.screening import screen_here
from worker.settings import Settings
from worker.stages import functions
from worker.store import jobs, repositories
from worker.store.models import Job, Stage
from worker.store.session import make_engine, session_scope

SECRET = "s3cret"


@dataclass(slots=True)
class Pipeline:
    """A context and what was announced."""

    context: Context
    announced: list[tuple[Stage, UUID]]

    def ask(self, stage: Stage, subject: str) -> Pipeline:
        """Ask for work."""
        with self.context.scope() as session:
            jobs.request(session, stage, subject)
        return self

    def drain(self, seconds: float = 20.0) -> None:
        """Work on everything that is due, until nothing is; what is parked or set aside stays so."""
        until = time.monotonic() + seconds
        pipeline.ring(self.context)
        while self.announced:
            assert time.monotonic() < until, f"still busy with {self.announced[:3]}"
            _, job_id = self.announced.pop(0)
            pipeline.work(self.context, job_id)

    def hurry(self) -> None:
        """Make parked jobs due at once."""
        with self.context.scope() as session:
            for job in session.scalars(select(Job).where(Job.pending)):
                job.run_after = job.created_at

    def job(self, stage: Stage, subject: str | None = None) -> Job:
        """The one job of that stage (and subject)."""
        with self.context.scope() as session:
            statement = select(Job).where(Job.stage == stage)
            return session.scalars(statement if subject is None else statement.where(Job.subject == subject)).one()

    def know(self, github: StandIn) -> None:
        """Rows for the stand-in's repository, as an installation's webhook would make them."""
        with self.context.scope() as session:
            account = github.repository.owner
            repositories.see_installation(session, github.installation.id, account.id, account.login)
            repositories.see_repository(
                session, github.repository.id, github.installation.id, github.repository.full_name
            )


def settings_for(url: str, github: StandIn, folder: Path, **more: Any) -> Settings:
    """Settings of a deployment that talks to the stand-in."""
    return Settings(
        database_url=url,
        webhook_secret=(SecretStr(SECRET),),
        app_id=github.state.app.id,
        private_key=SecretStr(github.keys.private.decode()),
        github_api_url=HttpUrl(github.url),
        github_web_url=HttpUrl(github.url),
        content_folder=folder / "content",
        **more,
    )


@contextmanager
def running(url: str, github: StandIn, folder: Path, **more: Any) -> Iterator[Pipeline]:
    """A pipeline on a database that is migrated first. `more`: settings, and fields of the context by their names."""
    fields = {name: more.pop(name) for name in ("screen", "now", "backlog") if name in more}
    settings = settings_for(url, github, folder, **more)
    engine = make_engine(url)
    upgrade(engine)
    gateway = GitHubGateway(settings, LocalPacer())
    announced: list[tuple[Stage, UUID]] = []
    context = Context(
        settings=settings,
        scope=session_scope(engine),
        github=gateway,
        content=ContentStore(settings.content_folder),
        screen=screen_here,
        stages=functions(),
        on_quarantine=set_aside,
        announce=lambda stage, job_id, _place: announced.append((stage, job_id)),
    )
    try:
        yield Pipeline(replace(context, **fields), announced)
    finally:
        gateway.close()
        engine.dispose()
