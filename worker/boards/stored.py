"""Candidates for the boards from the store: current heads, and what was decided on them."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from worker.boards.values import Candidate
from worker.store.models import Outcome, PullRequestRow, Ruling, SubmissionRow
from worker.store.precedents import DECISIONS


def candidates(session: Session, repository_id: int, *, accepted: bool = False) -> list[Candidate]:
    """Every pull request with the head that counts for it: the newest that was decided on, else the current one.

    `accepted`: only those that a person accepted, without reading the others.
    """
    decided = _decisions(session, repository_id)
    statement = (
        select(SubmissionRow, PullRequestRow)
        .join(PullRequestRow, PullRequestRow.id == SubmissionRow.pull_request_id)
        .where(PullRequestRow.repository_id == repository_id, SubmissionRow.entry.is_not(None))
        .order_by(PullRequestRow.created_at, PullRequestRow.number, SubmissionRow.created_at)
    )
    if accepted:
        statement = statement.where(SubmissionRow.id.in_(decided))
    found: dict[int, Candidate] = {}
    for row, request in session.execute(statement):
        ruling = decided.get(row.id)
        if ruling is not None or (row.head_sha == request.head_sha and request.number not in found):
            found[request.number] = candidate_of(row, request, ruling)
    chosen = (one for one in found.values() if not accepted or one.outcome == Outcome.ACCEPTED)
    return list(chosen)


def candidate_of(row: SubmissionRow, request: PullRequestRow, ruling: Ruling | None) -> Candidate:
    """A submission as a candidate."""
    return Candidate(
        request.number,
        request.author,
        request.title,
        request.created_at,
        "" if ruling is None else ruling.outcome.value,
        None if ruling is None else ruling.created_at.date(),
        row.entry or {},
        row.head_sha,
    )


def _decisions(session: Session, repository_id: int) -> dict[UUID, Ruling]:
    """The last decision on each submission that has one."""
    statement = (
        select(Ruling)
        .join(SubmissionRow, SubmissionRow.id == Ruling.submission_id)
        .join(PullRequestRow, PullRequestRow.id == SubmissionRow.pull_request_id)
        .where(PullRequestRow.repository_id == repository_id, Ruling.outcome.in_(DECISIONS))
        .order_by(Ruling.created_at, Ruling.id)
    )
    return {ruling.submission_id: ruling for ruling in session.scalars(statement)}
