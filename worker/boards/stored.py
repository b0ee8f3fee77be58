"""Candidates for the boards from the store: current heads, and what was decided on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from worker.boards.values import Candidate
from worker.store.models import Outcome, PullRequestRow, Ruling, SubmissionRow
from worker.store.precedents import DECISIONS

Decision = tuple[Outcome, datetime]

SCORES = (("track",), ("measurements",), ("runs",))
"""Paths of an entry that tell what it scores."""

EVERYTHING = (
    *SCORES,
    *(("head_sha",), ("folder",), ("verdict",), ("techniques",), ("parents",), ("agents",)),
    *(("new", "gained"), ("new", "settings")),
)
"""Those that any board shows. Findings and their evidence, which are most of an entry, are none of them."""


def candidates(
    session: Session,
    repository_id: int,
    *,
    accepted: bool = False,
    track: str | None = None,
    parts: Sequence[tuple[str, ...]] = EVERYTHING,
) -> list[Candidate]:
    """Every pull request with the head that counts for it: the newest that was decided on, else the current one.

    `accepted`: only those that a person accepted, `track`: only those of one track, without reading the others;
    `parts`: as much of each entry.
    """
    decided = _decisions(session, repository_id)
    request, entry = PullRequestRow, SubmissionRow.entry
    told = request.number, request.author, request.title, request.created_at, request.head_sha.label("current")
    statement = (
        select(SubmissionRow.id, SubmissionRow.head_sha, *told, *(entry[path] for path in parts))
        .join(request, request.id == SubmissionRow.pull_request_id)
        .where(request.repository_id == repository_id, entry.is_not(None))
        .order_by(request.created_at, request.number, SubmissionRow.created_at)
    )
    if accepted:
        statement = statement.where(SubmissionRow.id.in_(decided))
    if track is not None:
        statement = statement.where(entry["track"].as_string() == track)
    found: dict[int, Candidate] = {}
    for submission_id, head_sha, number, author, title, created_at, current, *values in session.execute(statement):
        decision = decided.get(submission_id)
        if decision is not None or (head_sha == current and number not in found):
            outcome, ruled_on = ("", None) if decision is None else (decision[0].value, decision[1].date())
            shown = _entry(parts, values)
            found[number] = Candidate(number, author, title, created_at, outcome, ruled_on, shown, head_sha)
    return [one for one in found.values() if not accepted or one.outcome == Outcome.ACCEPTED]


def candidate_of(row: SubmissionRow, request: PullRequestRow) -> Candidate:
    """A submission as a candidate on which nobody decided."""
    return Candidate(
        request.number, request.author, request.title, request.created_at, "", None, row.entry or {}, row.head_sha
    )


def _entry(parts: Sequence[tuple[str, ...]], values: Sequence[Any]) -> Mapping[str, Any]:
    """The parts in their places; what an entry of an earlier version lacks is left out."""
    entry: dict[str, Any] = {"track": None, "new": None}
    for (first, *deeper), value in zip(parts, values, strict=True):
        if value is None:
            continue
        if deeper:
            entry[first] = {**(entry[first] or {}), deeper[0]: value}
        else:
            entry[first] = value
    return entry


def _decisions(session: Session, repository_id: int) -> dict[UUID, Decision]:
    """The last decision on each submission that has one."""
    statement = (
        select(Ruling.submission_id, Ruling.outcome, Ruling.created_at)
        .join(SubmissionRow, SubmissionRow.id == Ruling.submission_id)
        .join(PullRequestRow, PullRequestRow.id == SubmissionRow.pull_request_id)
        .where(PullRequestRow.repository_id == repository_id, Ruling.outcome.in_(DECISIONS))
        .order_by(Ruling.created_at, Ruling.id)
    )
    return {submission_id: (outcome, at) for submission_id, outcome, at in session.execute(statement)}
