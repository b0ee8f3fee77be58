"""Queries on rulings. A ruling is never changed: the newest one stands beside the older ones."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Session

from worker.store.models import Outcome, Ruling


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
    insert = postgresql_insert if session.get_bind().dialect.name == "postgresql" else sqlite_insert
    statement = (
        insert(Ruling)
        .values(
            submission_id=submission_id,
            outcome=outcome,
            codes=list(codes),
            reason=reason,
            ruler=ruler,
            ruler_id=ruler_id,
            origin=origin,
        )
        .on_conflict_do_nothing(index_elements=[Ruling.submission_id, Ruling.origin])
        .returning(Ruling.id)
    )
    return session.execute(statement).one_or_none() is not None


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
