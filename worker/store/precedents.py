"""Queries on precedents: what is kept of code, which rulings stand, who inherited them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from rules.precedents import Code, Guilt, Innocents, Precedent, PrecedentIndex
from worker.store.models import (
    BaselineCode,
    Inheritance,
    Outcome,
    PrecedentRow,
    PullRequestRow,
    Ruling,
    SubmissionCode,
    SubmissionRow,
)
from worker.store.repositories import insert_new, upsert

OPEN = "open"
OUTCOMES = {Outcome.REJECTED: "invalid"}
"""The rulings that become precedents, and how a finding tells their outcome."""

DECISIONS = (Outcome.ACCEPTED, Outcome.REJECTED, Outcome.NEEDS_CHANGES)
AT_ONCE = 200


def keep_code(session: Session, submission_id: UUID, code: bytes, guilt: Sequence[dict[str, Any]]) -> None:
    """Keep the code of a submission and what its findings rest on; what was kept of it before is replaced."""
    upsert(
        session,
        SubmissionCode,
        ["submission_id"],
        {"submission_id": submission_id, "code": code, "guilt": list(guilt)},
    )


def guilt(session: Session, submission_id: UUID) -> tuple[Guilt, ...]:
    """What the findings of a submission rest on; nothing where it was not screened since this is kept."""
    kept = session.scalar(select(SubmissionCode.guilt).where(SubmissionCode.submission_id == submission_id))
    return tuple(map(Guilt.from_json, kept or ()))


def knows_baseline(session: Session, repository_id: int, content_id: str) -> bool:
    """Whether that state of the competition's script is kept."""
    statement = select(BaselineCode.id).where(
        BaselineCode.repository_id == repository_id, BaselineCode.content_id == content_id
    )
    return session.scalars(statement).first() is not None


def keep_baseline(session: Session, repository_id: int, content_id: str, code: Code) -> bool:
    """Keep a state of the competition's own script; False where it is kept already."""
    values = {"repository_id": repository_id, "content_id": content_id, "code": code.packed()}
    return insert_new(session, BaselineCode, ["repository_id", "content_id"], values)


def innocents(session: Session, repository_id: int, *, but: UUID) -> Innocents:
    """What stands in the baseline and in submissions, other than `but`, that are accepted as it stands now."""
    found = Innocents()
    for raw in session.scalars(select(BaselineCode.code).where(BaselineCode.repository_id == repository_id)):
        found.add(Code.unpacked(raw))
    accepted = [i for i in _decided(session, repository_id, Outcome.ACCEPTED) if i != but]
    for raw in session.scalars(select(SubmissionCode.code).where(SubmissionCode.submission_id.in_(accepted))):
        found.add(Code.unpacked(raw))
    return found


def _decided(session: Session, repository_id: int, outcome: Outcome) -> list[UUID]:
    """Submissions whose newest decision has that outcome."""
    statement = (
        select(Ruling.submission_id, Ruling.outcome)
        .join(SubmissionRow, SubmissionRow.id == Ruling.submission_id)
        .join(PullRequestRow, PullRequestRow.id == SubmissionRow.pull_request_id)
        .where(PullRequestRow.repository_id == repository_id, Ruling.outcome.in_(DECISIONS))
        .order_by(Ruling.created_at, Ruling.id)
    )
    newest: dict[UUID, Outcome] = {}
    for submission_id, decided in session.execute(statement):
        newest[submission_id] = decided  # noqa: PERF403 - the newest comes last
    return [submission_id for submission_id, decided in newest.items() if decided is outcome]


def of_submission(session: Session, submission_id: UUID) -> PrecedentRow | None:
    """The precedent that stands on a submission."""
    statement = select(PrecedentRow).where(
        PrecedentRow.submission_id == submission_id, PrecedentRow.withdrawn_at.is_(None)
    )
    return session.scalars(statement).first()


def standing(session: Session, repository_id: int) -> Sequence[PrecedentRow]:
    """The precedents of a repository that stand, oldest first."""
    statement = (
        select(PrecedentRow)
        .where(PrecedentRow.repository_id == repository_id, PrecedentRow.withdrawn_at.is_(None))
        .order_by(PrecedentRow.ruled_at, PrecedentRow.id)
    )
    return session.scalars(statement).all()


def value_of(row: PrecedentRow) -> Precedent:
    """A row as what submissions are compared with."""
    return Precedent(
        ruling=str(row.ruling_id),
        number=row.number,
        outcome=OUTCOMES[row.outcome],
        reasons=tuple(row.codes),
        text=row.reason,
        ruled_on=row.ruled_at,
        evidence=tuple(map(Guilt.from_json, row.telling)),
    )


def inherit(session: Session, submission_id: UUID, rulings: Collection[str]) -> list[PrecedentRow]:
    """Note whose guilty lines a submission keeps, in the place of what was noted before; returns those that are new."""
    ids = [UUID(ruling) for ruling in rulings]
    rows = session.scalars(select(PrecedentRow).where(PrecedentRow.ruling_id.in_(ids))).all() if ids else []
    before = set(session.scalars(select(Inheritance.precedent_id).where(Inheritance.submission_id == submission_id)))
    session.execute(
        delete(Inheritance)
        .where(Inheritance.submission_id == submission_id)
        .execution_options(synchronize_session=False)
    )
    session.add_all(Inheritance(submission_id=submission_id, precedent_id=row.id) for row in rows)
    session.flush()
    return [row for row in rows if row.id not in before]


def heirs(session: Session, precedent_ids: Collection[UUID]) -> list[tuple[UUID, int]]:
    """Current submissions of open pull requests that inherited one of these: id and number, in order of numbers."""
    if not precedent_ids:
        return []
    statement = (
        select(SubmissionRow.id, PullRequestRow.number)
        .join(Inheritance, Inheritance.submission_id == SubmissionRow.id)
        .join(PullRequestRow, PullRequestRow.id == SubmissionRow.pull_request_id)
        .where(Inheritance.precedent_id.in_(precedent_ids), PullRequestRow.state == OPEN)
        .where(SubmissionRow.head_sha == PullRequestRow.head_sha)
        .distinct()
    )
    return sorted(((i, number) for i, number in session.execute(statement)), key=lambda found: found[1])


def keepers(
    session: Session, repository_id: int, precedents: Iterable[Precedent], *, but: int
) -> Iterator[tuple[UUID, int, bool]]:
    """Current submissions of open pull requests, other than `but`, whose code keeps the guilty lines of one of these.

    The third value tells whether the pull request was opened after the ruling, so that the precedent is for it.
    """
    known = list(precedents)
    index = PrecedentIndex(known)
    if not any(passage for one in known for guilty in one.evidence for passage in guilty.passages):
        return
    statement = (
        select(SubmissionRow.id, PullRequestRow.number, PullRequestRow.created_at, SubmissionCode.code)
        .join(PullRequestRow, PullRequestRow.id == SubmissionRow.pull_request_id)
        .join(SubmissionCode, SubmissionCode.submission_id == SubmissionRow.id)
        .where(PullRequestRow.repository_id == repository_id, PullRequestRow.state == OPEN)
        .where(SubmissionRow.head_sha == PullRequestRow.head_sha, PullRequestRow.number != but)
        .order_by(PullRequestRow.number)
        .execution_options(yield_per=AT_ONCE)
    )
    for submission_id, number, created_at, raw in session.execute(statement):
        found = list(index.matches(Code.unpacked(raw), None))
        if found:
            after = any(match.precedent.ruled_on < created_at for match in found)
            yield submission_id, number, after
