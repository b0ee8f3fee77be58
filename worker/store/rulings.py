"""Queries on rulings. A ruling is never changed: the newest one stands beside the older ones."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from worker.store.models import Outcome, PullRequestRow, Ruling, SubmissionRow
from worker.store.repositories import insert_new
from worker.store.types import now_plus


def record(
    session: Session,
    submission_id: UUID,
    outcome: Outcome,
    *,
    codes: Sequence[str] = (),
    reason: str = "",
    ruler: str,
    ruler_id: int,
    origin: str,
) -> bool:
    """Write a ruling down; False where one of the same origin (a comment's line, say) stands there already."""
    newest = session.scalar(select(func.max(Ruling.created_at)).where(Ruling.submission_id == submission_id))
    now = session.scalars(select(now_plus())).one()
    values = {
        "submission_id": submission_id,
        "outcome": outcome,
        "codes": list(codes),
        "reason": reason,
        "ruler": ruler,
        "ruler_id": ruler_id,
        "origin": origin,
        # SQLite's clock has milliseconds: of two rulings in one of them it must be known which is the later one.
        "created_at": now if newest is None else max(now, newest + timedelta(microseconds=1)),
    }
    return insert_new(session, Ruling, ["submission_id", "origin"], values)


def of_submission(session: Session, submission_id: UUID) -> Sequence[Ruling]:
    """All rulings on a submission, oldest first."""
    statement = select(Ruling).where(Ruling.submission_id == submission_id).order_by(Ruling.created_at, Ruling.id)
    return session.scalars(statement).all()


def standing(rulings: Iterable[Ruling]) -> Ruling | None:
    """The ruling that counts: the newest that is no waiver."""
    counted = [ruling for ruling in rulings if ruling.outcome is not Outcome.WAIVED]
    return counted[-1] if counted else None


def waived(rulings: Iterable[Ruling]) -> dict[str, Ruling]:
    """Code → the newest ruling that waived it."""
    return {code: ruling for ruling in rulings if ruling.outcome is Outcome.WAIVED for code in ruling.codes}


def ruled_as_somebody_else(session: Session, repository_id: int, login: str, user_id: int) -> bool:
    """Whether another account ruled in this repository under the same login: it changed hands since."""
    statement = (
        select(Ruling.id)
        .join(SubmissionRow, SubmissionRow.id == Ruling.submission_id)
        .join(PullRequestRow, PullRequestRow.id == SubmissionRow.pull_request_id)
        .where(PullRequestRow.repository_id == repository_id, func.lower(Ruling.ruler) == login.lower())
        .where(Ruling.ruler_id.not_in((0, user_id)))  # 0: the operator's own machine
    )
    return session.scalars(statement.limit(1)).first() is not None
