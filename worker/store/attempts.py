"""Attempts at a run: how many there are after faults of ours, and how long the next one waits.

A fault that lasts, such as a disk that is full, would otherwise burn all of them within seconds.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.orm import Session, aliased

from worker.store.models import Run, RunStatus
from worker.store.types import now_plus

MAX_ATTEMPTS = 3
FACTOR = 10.0
"""How much longer each pause is than the one before: a minute, then ten."""


def pause(attempt: int, first_seconds: float) -> float:
    """Seconds from the loss of the attempt before to this one.

    0 for the first, and for one that a person asked for after the last.
    """
    return first_seconds * FACTOR ** (attempt - 2) if 1 < attempt <= MAX_ATTEMPTS else 0.0


def begins_at(session: Session, run: Run, first_seconds: float) -> datetime | None:
    """Before when an attempt must not begin; None where nothing was lost before it."""
    statement = select(Run).where(
        Run.submission_id == run.submission_id,
        Run.rung == run.rung,
        Run.ordinal == run.ordinal,
        Run.attempt == run.attempt - 1,
        Run.status == RunStatus.LOST,
    )
    before = session.scalars(statement).one_or_none()
    seconds = pause(run.attempt, first_seconds)
    return None if before is None or before.ended_at is None else before.ended_at + timedelta(seconds=seconds)


def is_early(first_seconds: float) -> ColumnElement[bool]:
    """The same as a condition on runs: the attempt must not begin yet, by the database's clock."""
    before = aliased(Run)
    paused = [
        and_(Run.attempt == attempt, before.ended_at > now_plus(-pause(attempt, first_seconds)))
        for attempt in range(2, MAX_ATTEMPTS + 1)
    ]
    return exists().where(
        before.submission_id == Run.submission_id,
        before.rung == Run.rung,
        before.ordinal == Run.ordinal,
        before.attempt == Run.attempt - 1,
        before.status == RunStatus.LOST,
        or_(*paused),
    )
