"""Queries on runs: asked for, taken by a machine, watched, ended. Every time here is the database's.

A run is an attempt. Only faults of ours lead to another one, with the same seed; whatever the submission does is the
result.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import case, func, select, update
from sqlalchemy.orm import Session, joinedload

from worker.store import jobs
from worker.store.attempts import MAX_ATTEMPTS, is_early
from worker.store.models import EvidenceRow, Job, PullRequestRow, Run, RunStatus, Stage, SubmissionRow
from worker.store.repositories import insert_new
from worker.store.types import now_plus

RUNGS = ("smoke", "probe", "seed", "full")
"""The ladder: each step needs the one before."""

INCUMBENT = "incumbent"
"""The step of runs of the record beside a candidate; no step of the ladder, since nobody asks for one by itself."""

MOST_SEED = 2**31 - 1  # what every library takes
OPEN = frozenset({RunStatus.REQUESTED, RunStatus.RUNNING})
ASKED_IN_VAIN = frozenset({RunStatus.LOST, RunStatus.CANCELLED, RunStatus.SKIPPED})


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks: a person by login and number, or "policy", and by which way."""

    login: str
    id: int = 0
    way: str = ""


def ask(
    session: Session, submission: SubmissionRow, rung: str, asker: Asker, *, ordinal: int = 0, wished: bool = False
) -> bool:
    """Ask for a run on a submission's head; False where it is asked for already, or has its result.

    A wish waits for somebody who rules. What was cancelled, skipped or never could be run is asked for anew.
    """
    newest = _newest(session, submission.id, rung, ordinal)
    if newest is None:
        return _insert(session, submission, rung, asker, ordinal, 1, secrets.randbelow(MOST_SEED), wished=wished)
    if newest.status is RunStatus.WISHED and not wished:
        newest.status, newest.requested_at = RunStatus.REQUESTED, now_plus()
        newest.requested_by, newest.requested_by_id, newest.way = asker.login[:100], asker.id, asker.way[:60]
        session.flush()
        return True
    if newest.status in ASKED_IN_VAIN and not wished:
        return _insert(session, submission, rung, asker, ordinal, newest.attempt + 1, newest.seed)
    return False


def try_again(session: Session, run: Run) -> bool:
    """Another attempt after a fault of ours, with the same seed; False where none is left."""
    if run.attempt >= MAX_ATTEMPTS:
        return False
    submission = session.get_one(SubmissionRow, run.submission_id)
    asker = Asker(run.requested_by, run.requested_by_id, run.way)
    return _insert(session, submission, run.rung, asker, run.ordinal, run.attempt + 1, run.seed, head_sha=run.head_sha)


def ask_beside(session: Session, run: Run, asker: Asker, head_sha: str) -> bool:
    """Ask for a run of the record, at that head, beside a candidate's run and with its seed; False where there is one.

    What was cancelled, skipped or never could be run is asked for anew.
    """
    submission = session.get_one(SubmissionRow, run.submission_id)
    newest = _newest(session, run.submission_id, INCUMBENT, run.ordinal)
    if newest is not None and newest.status not in ASKED_IN_VAIN:
        return False
    attempt = 1 if newest is None else newest.attempt + 1
    return _insert(session, submission, INCUMBENT, asker, run.ordinal, attempt, run.seed, head_sha=head_sha)


def load(session: Session, run_id: UUID) -> Run | None:
    """A run as it is now."""
    return session.get(Run, run_id, populate_existing=True)


def of_submission(session: Session, submission_id: UUID) -> Sequence[Run]:
    """The newest attempt of each run of a submission, with its evidence, in the order of the ladder."""
    statement = (
        select(Run)
        .where(Run.submission_id == submission_id)
        .options(joinedload(Run.evidence))
        .order_by(_RANK, Run.ordinal, Run.attempt)
        .execution_options(populate_existing=True)
    )
    newest = {(run.rung, run.ordinal): run for run in session.scalars(statement)}
    return list(newest.values())


def status(session: Session, submission_id: UUID, rung: str) -> RunStatus:
    """Where a run stands that was asked for."""
    newest = _newest(session, submission_id, rung, 0)
    if newest is None:
        raise LookupError(f"no {rung} run was asked for")
    return newest.status


def is_occupied(session: Session, machine: str) -> bool:
    """Whether a run has that machine."""
    return session.scalars(select(Run.id).where(Run.occupies == machine)).first() is not None


def keep_evidence(session: Session, digest: str, record: str) -> None:
    """Keep a record; the same one twice is one."""
    insert_new(session, EvidenceRow, ["digest"], {"digest": digest, "record": record})


def change(session: Session, run_id: UUID, **values: Any) -> None:
    """Write columns of a run at once, not at the end of the transaction: locks are taken in a known order."""
    session.execute(update(Run).where(Run.id == run_id).values(**values).execution_options(synchronize_session=False))


def cancel_superseded(session: Session, pull_request_id: UUID) -> None:
    """Runs on heads that count no more: those that wait are over, those that run are told to end at their machine."""
    superseded = (
        select(Run)
        .join(SubmissionRow, SubmissionRow.id == Run.submission_id)
        .where(SubmissionRow.pull_request_id == pull_request_id, SubmissionRow.superseded_at.is_not(None))
        .where(Run.status.in_((*OPEN, RunStatus.WISHED)))
    )
    for run in session.scalars(superseded):
        if run.status is RunStatus.RUNNING:
            jobs.hurry(session, Stage.REPRODUCE, str(run.id))
        else:
            change(session, run.id, status=RunStatus.CANCELLED, ended_at=now_plus(), reason=SUPERSEDED, waits_for=None)
            jobs.cancel(session, Stage.REPRODUCE, str(run.id))


SUPERSEDED = "a newer commit took this one's place"


def unwatched(session: Session, seconds: float, *, limit: int = 50) -> Sequence[Run]:
    """Runs that nobody has looked after for so long."""
    statement = select(Run).where(Run.status == RunStatus.RUNNING, Run.watched_at < now_plus(-seconds))
    return session.scalars(statement.order_by(Run.watched_at).limit(limit)).all()


def is_unwatched(session: Session, run_id: UUID, seconds: float) -> bool:
    """Whether it still is so, once its job is locked."""
    statement = select(Run.id).where(
        Run.id == run_id, Run.status == RunStatus.RUNNING, Run.watched_at < now_plus(-seconds)
    )
    return session.scalars(statement).first() is not None


def lock_job(session: Session, run_id: UUID) -> Job | None:
    """The run's job, locked: whoever works on it and wants to write waits, and nobody else begins."""
    statement = select(Job).where(Job.stage == Stage.REPRODUCE, Job.subject == str(run_id)).with_for_update()
    return session.scalars(statement).one_or_none()


def next_waiting(session: Session, pause_seconds: float = 0.0, limit: int = 2) -> Sequence[UUID]:
    """Runs that wait for a machine, cheapest step first, then oldest; not those in the pause after a fault of ours."""
    statement = (
        select(Run.id)
        .where(Run.status == RunStatus.REQUESTED, Run.waits_for.is_not(None), ~is_early(pause_seconds))
        .order_by(_RANK, Run.requested_at, Run.id)
        .limit(limit)
    )
    return session.scalars(statement).all()


def under_way(session: Session, repository_id: int | None = None, *, limit: int = 100) -> Sequence[Run]:
    """Runs that wait, are wished for or go on, in the order of the queue."""
    statement = (
        select(Run)
        .join(SubmissionRow, SubmissionRow.id == Run.submission_id)
        .join(PullRequestRow, PullRequestRow.id == SubmissionRow.pull_request_id)
        .where(Run.status.in_((*OPEN, RunStatus.WISHED)))
        .order_by(Run.status != RunStatus.RUNNING, _RANK, Run.requested_at)
        .limit(limit)
    )
    if repository_id is not None:
        statement = statement.where(PullRequestRow.repository_id == repository_id)
    return session.scalars(statement).all()


def numbers_of(session: Session, submission_ids: Iterable[UUID]) -> Mapping[UUID, int]:
    """Submission → number of its pull request."""
    statement = (
        select(SubmissionRow.id, PullRequestRow.number)
        .join(PullRequestRow, PullRequestRow.id == SubmissionRow.pull_request_id)
        .where(SubmissionRow.id.in_(set(submission_ids)))
    )
    return {row[0]: row[1] for row in session.execute(statement)}


_RANK = case(*((Run.rung == rung, rank) for rank, rung in enumerate(RUNGS)), else_=len(RUNGS))


def _newest(session: Session, submission_id: UUID, rung: str, ordinal: int) -> Run | None:
    statement = (
        select(Run)
        .where(Run.submission_id == submission_id, Run.rung == rung, Run.ordinal == ordinal)
        .order_by(Run.attempt.desc())
        .limit(1)
        .execution_options(populate_existing=True)
    )
    return session.scalars(statement).first()


def _insert(
    session: Session,
    submission: SubmissionRow,
    rung: str,
    asker: Asker,
    ordinal: int,
    attempt: int,
    seed: int,
    *,
    wished: bool = False,
    head_sha: str = "",
) -> bool:
    values = {
        "submission_id": submission.id,
        "head_sha": head_sha or submission.head_sha,
        "rung": rung,
        "ordinal": ordinal,
        "attempt": attempt,
        "seed": seed,
        "status": RunStatus.WISHED if wished else RunStatus.REQUESTED,
        "requested_by": asker.login[:100],
        "requested_by_id": asker.id,
        "way": asker.way[:60],
    }
    return insert_new(session, Run, ["submission_id", "rung", "ordinal", "attempt"], values)


def reproduced(session: Session, submission_id: UUID) -> None:
    """A run of the submission came to a result."""
    statement = update(SubmissionRow).where(SubmissionRow.id == submission_id).values(reproduced_at=now_plus())
    session.execute(statement.execution_options(synchronize_session=False))


def count(session: Session, *statuses: RunStatus) -> int:
    """How many runs stand there."""
    return session.scalar(select(func.count(Run.id)).where(Run.status.in_(statuses))) or 0
