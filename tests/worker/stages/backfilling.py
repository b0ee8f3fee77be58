"""Backfills without the stages that follow them, and time that leaps."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from sqlalchemy import select

from demo.github.values import PullRequest
from tests.pipeline import Pipeline
from tests.standin import AUTHOR, StandIn
from worker import subjects
from worker.pipeline import Context
from worker.store import backfills, jobs, repositories, submissions
from worker.store.backfills import Asked, Voice, Wish
from worker.store.jobs import Lease
from worker.store.models import Job, PullRequestRow
from worker.store.types import now_plus


class Fetched:
    """A stage FETCH that notes what it is asked for, and shows the pull request as fetched and judged."""

    def __init__(self) -> None:
        self.numbers: list[int] = []

    def __call__(self, context: Context, lease: Lease) -> None:
        repository_id, number = subjects.pull_request(lease.subject)
        self.numbers.append(number)
        with context.scope() as session:
            jobs.hold(session, lease)
            row = repositories.pull_request(session, repository_id, number)
            assert row is not None
            row.fetched_at = now_plus()
            submission = submissions.begin(session, row.id, row.head_sha)
            submission.decided_at = now_plus()
            jobs.finish(session, lease)


def open_many(github: StandIn, count: int) -> list[PullRequest]:
    """Pull requests that share one commit: only the list is of interest here."""
    head = github.people.commit(github.repository, AUTHOR, {"entries/new/train.py": b"step(1)\n"})
    return [github.people.open_pull_request(github.repository, AUTHOR, head, f"Try {n}") for n in range(count)]


def ask(pipeline: Pipeline, github: StandIn, voice: Voice = Voice.USUAL, since: date | None = None) -> Asked:
    with pipeline.context.scope() as session:
        return backfills.ask(session, Wish(github.repository.id, voice, since))


def drain(pipeline: Pipeline) -> None:
    """Work until nothing is left; time leaps to where the next job is due."""
    for _ in range(1_000):
        pipeline.drain(60)
        if not leap(pipeline):
            return
    raise AssertionError("there is always something left")


def leap(pipeline: Pipeline) -> bool:
    """Let the next job be due; False where there is none."""
    with pipeline.context.scope() as session:
        waiting = session.scalars(select(Job).where(Job.pending, Job.quarantined_at.is_(None))).all()
        missing = min((job.run_after - datetime.now(UTC) for job in waiting), default=timedelta())
        for job in waiting:
            job.run_after -= missing
    return bool(waiting)


def rows(pipeline: Pipeline) -> dict[int, PullRequestRow]:
    with pipeline.context.scope() as session:
        return {row.number: row for row in session.scalars(select(PullRequestRow))}
