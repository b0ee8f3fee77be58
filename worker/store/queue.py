"""What waits for a person: submissions without a decision, and work that was set aside."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, case, exists, func, or_, select
from sqlalchemy.orm import Session, defer, joinedload, selectinload

from rules.verdict import Verdict
from worker.store import jobs
from worker.store.models import Job, Outcome, PullRequestRow, Repository, Ruling, Stage, SubmissionRow

OPEN = "open"
DECIDED = (Outcome.ACCEPTED, Outcome.REJECTED, Outcome.NEEDS_CHANGES)
_RANKS = [(SubmissionRow.verdict == verdict, rank) for rank, verdict in enumerate(Verdict)]
_NOT_JUDGED, _WITHOUT_FOLDER = 1, 9  # as if it needed review; behind all others


def waiting(session: Session, *, repository_id: int | None = None, limit: int = 50) -> Sequence[SubmissionRow]:
    """The queue: worst verdict first, then those that a person was asked for, then oldest.

    Findings, pull request and repository come along because whoever shows the queue shows them. Pull requests that
    hold no submission folder come last.
    """
    rank = case((SubmissionRow.snapshot["folder"].as_string() == "", _WITHOUT_FOLDER), *_RANKS, else_=_NOT_JUDGED)
    statement = (
        _waiting(select(SubmissionRow), repository_id)
        .options(
            joinedload(SubmissionRow.pull_request).joinedload(PullRequestRow.repository),
            selectinload(SubmissionRow.findings),
            *(defer(column) for column in (SubmissionRow.entry, SubmissionRow.report, SubmissionRow.snapshot)),
        )
        .order_by(rank, SubmissionRow.human_requested_at.is_(None), PullRequestRow.created_at, PullRequestRow.number)
        .limit(limit)
    )
    return session.scalars(statement).all()


def count_waiting(session: Session, *, repository_id: int | None = None) -> int:
    """How many wait, shown or not."""
    return session.scalar(_waiting(select(func.count(SubmissionRow.id)), repository_id)) or 0


def _waiting(statement: Select[Any], repository_id: int | None) -> Select[Any]:
    """Only those that wait: judged, or a person was asked for; nobody decided, or it is on hold."""
    found = statement.join(PullRequestRow, PullRequestRow.id == SubmissionRow.pull_request_id).where(
        PullRequestRow.state == OPEN, SubmissionRow.head_sha == PullRequestRow.head_sha, _for_a_person()
    )
    return found if repository_id is None else found.where(PullRequestRow.repository_id == repository_id)


def _for_a_person() -> ColumnElement[bool]:
    ready = and_(SubmissionRow.decided_at.is_not(None), PullRequestRow.draft.is_(False))
    decided = exists().where(Ruling.submission_id == SubmissionRow.id, Ruling.outcome.in_(DECIDED))
    return or_(PullRequestRow.held, and_(or_(ready, SubmissionRow.human_requested_at.is_not(None)), ~decided))


@dataclass(frozen=True, slots=True)
class SetAside:
    """A job that failed in every attempt, and the pull request that it was about as far as it was about one."""

    job: Job
    repository_id: int | None = None
    number: int | None = None


def set_aside(session: Session, *, repository_id: int | None = None, limit: int = 100) -> Sequence[SetAside]:
    """Work that was set aside, newest first; what belongs to no known repository is shown for each."""
    found = [_placed(session, job) for job in jobs.quarantined(session, limit=limit)]
    return [one for one in found if repository_id is None or one.repository_id in (repository_id, None)]


def is_set_aside(session: Session, row: PullRequestRow, submission: SubmissionRow | None) -> bool:
    """Whether a step on the way of a pull request's head was set aside."""
    steps = [(Stage.FETCH, f"{row.repository_id}#{row.number}"), (Stage.PUBLISH, str(row.id))]
    if submission is not None:
        steps += [(stage, str(submission.id)) for stage in Stage if stage not in (Stage.FETCH, Stage.PUBLISH)]
    its = or_(*(and_(Job.stage == stage, Job.subject == subject) for stage, subject in steps))
    return session.scalars(select(Job.id).where(its, Job.quarantined_at.is_not(None)).limit(1)).first() is not None


def faulty(session: Session, *, repository_id: int | None = None) -> Sequence[Repository]:
    """Repositories whose newest configuration cannot be used."""
    statement = select(Repository).where(Repository.active, Repository.configuration_fault.is_not(None))
    if repository_id is not None:
        statement = statement.where(Repository.id == repository_id)
    return session.scalars(statement.order_by(Repository.full_name)).all()


def _placed(session: Session, job: Job) -> SetAside:
    """What the subject of a job says: a row's id, or a repository's number with something behind it."""
    if job.stage is Stage.RECEIVE:
        return SetAside(job)  # a delivery's number may look like a row's, and is none
    row = None
    with suppress(ValueError):
        row = _row(session, job.stage, UUID(job.subject))
    if row is not None:
        return SetAside(job, row.repository_id, row.number)
    repository, mark, rest = job.subject.partition("#")
    number = rest.partition("!")[0]
    if mark and repository.isdecimal() and number.isdecimal():
        return SetAside(job, int(repository), int(number))
    digits = job.subject[: len(job.subject) - len(job.subject.lstrip("0123456789"))]
    known = session.get(Repository, int(digits)) if digits and len(digits) < 19 else None
    return SetAside(job, None if known is None else known.id)


def _row(session: Session, stage: Stage, row_id: UUID) -> PullRequestRow | None:
    """The pull request of a job whose subject is a row's id."""
    if stage is Stage.PUBLISH:
        return session.get(PullRequestRow, row_id)
    submission = session.get(SubmissionRow, row_id)
    return None if submission is None else session.get(PullRequestRow, submission.pull_request_id)
