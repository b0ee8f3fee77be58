"""Configurations, good and broken, and what becomes of them."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import select

from demo.github.values import Issue
from tests.pipeline import Pipeline
from tests.standin import StandIn
from worker.store import repositories, submissions
from worker.store.models import AuditEvent, Job, PullRequestRow, Repository, Stage
from worker.store.types import now_plus

GOOD = b'extends = "parameter-golf"\nname = "spindle"\ntitle = "Spindle"\n'
STRICTER = GOOD + b"[artifact]\nmax_bytes = 8_000_000\n"
BROKEN = GOOD + b"\n[limits]\ntrain_secs = 1.0\n"
BROKEN_TOO = b"# ours\n" + GOOD + b"[artifact]\nmax_bytes = -1\n"
SAYS = "[line 6]({}#L6): unknown key `limits.train_secs`"

Push = Callable[[bytes | None], None]
"""Push a configuration to the default branch and let Fairway read it."""


def configure(pipeline: Pipeline, github: StandIn) -> None:
    pipeline.ask(Stage.CONFIGURE, str(github.repository.id))
    pipeline.hurry()
    pipeline.drain()


def known(pipeline: Pipeline, github: StandIn) -> Repository:
    with pipeline.context.scope() as session:
        return session.get_one(Repository, github.repository.id)


def title(pipeline: Pipeline, github: StandIn) -> str:
    return pipeline.context.competition(known(pipeline, github)).title


def issues(github: StandIn) -> list[Issue]:
    return [issue for issue in github.repository.issues.values() if issue.number not in github.repository.pulls]


def audited(pipeline: Pipeline) -> list[str]:
    with pipeline.context.scope() as session:
        return list(session.scalars(select(AuditEvent.action).order_by(AuditEvent.at)))


def judged(pipeline: Pipeline, github: StandIn, number: int, head_sha: str, state: str = "open") -> str:
    """A submission that was fetched and judged before; its id."""
    with pipeline.context.scope() as session:
        values = {"repository_id": github.repository.id, "number": number, "head_sha": head_sha, "state": state}
        values |= {"created_at": now_plus(), "fetched_at": now_plus()}
        repositories.upsert(session, PullRequestRow, ["repository_id", "number"], values)
        row = repositories.pull_request(session, github.repository.id, number)
        assert row is not None
        submission = submissions.begin(session, row.id, head_sha)
        submission.fetched_at, submission.snapshot = now_plus(), {"form": 1}
        return str(submission.id)


def asked(pipeline: Pipeline, *stages: Stage) -> list[tuple[Stage, str]]:
    with pipeline.context.scope() as session:
        found = session.scalars(select(Job).where(Job.stage.in_(stages), Job.pending).order_by(Job.run_after))
        return [(job.stage, job.subject) for job in found]
