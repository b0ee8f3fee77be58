"""Jobs: asked for, announced, leased, done. Every time here is the database's.

A job is level-triggered: `request` raises `wanted`, a worker that finishes sets `done` to what it saw when it began.
A lease that runs out makes the job due again; its former holder's fence is stale and nothing it does counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import case, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Session

from worker.store.models import Job, Stage
from worker.store.types import now_plus

MAX_ATTEMPTS = 3
RETRY_SECONDS = 2.0
ANNOUNCE_AGAIN_SECONDS = 8.0
ANNOUNCED_AT_MOST = 200


@dataclass(frozen=True, slots=True)
class Lease:
    """A job that is ours until the lease runs out. `version` is what `wanted` was when it was taken.

    `waits` counts how often in a row it was parked before.
    """

    job_id: UUID
    stage: Stage
    subject: str
    fence: int
    version: int
    attempt: int
    waits: int = 0


class LeaseLostError(Exception):
    """Another worker has the job now, or it was superseded: whatever was done must not be kept."""


def request(session: Session, stage: Stage, subject: str, *, delay_seconds: float = 0.0) -> None:
    """Ask for work; asking again while it runs makes it run once more afterwards. Lifts a quarantine."""
    insert = postgresql_insert if session.get_bind().dialect.name == "postgresql" else sqlite_insert
    statement = insert(Job).values(stage=stage, subject=subject, run_after=now_plus(delay_seconds))
    renewed = {
        "wanted": Job.wanted + 1,
        "pending": True,
        "announced_at": None,
        "quarantined_at": None,
        "attempts": case((Job.quarantined_at.is_not(None), 0), else_=Job.attempts),
        "run_after": case((Job.pending, Job.run_after), else_=now_plus(delay_seconds)),
    }
    session.execute(statement.on_conflict_do_update(index_elements=[Job.stage, Job.subject], set_=renewed))


def claim(session: Session, job_id: UUID, *, lease_seconds: float) -> Lease | None:
    """Take the lease of a due job; None when it is done, parked, quarantined, out of attempts or another's."""
    statement = (
        update(Job)
        .where(Job.id == job_id, Job.pending, Job.quarantined_at.is_(None), Job.run_after <= now_plus())
        .where(Job.attempts < MAX_ATTEMPTS)
        .where(or_(Job.leased_until.is_(None), Job.leased_until < now_plus()))
        .values(fence=Job.fence + 1, attempts=Job.attempts + 1, leased_until=now_plus(lease_seconds), announced_at=None)
        .returning(Job.id, Job.stage, Job.subject, Job.fence, Job.wanted, Job.attempts, Job.waits)
    )
    row = session.execute(statement.execution_options(synchronize_session=False)).one_or_none()
    return None if row is None else Lease(*row)


def heartbeat(session: Session, lease: Lease, *, lease_seconds: float) -> bool:
    """Keep the lease for longer; False when it is lost."""
    return _change(session, lease, leased_until=now_plus(lease_seconds))


def hold(session: Session, lease: Lease) -> None:
    """Make sure, and lock, that the lease is still ours in this transaction. Raises LeaseLostError."""
    if not _change(session, lease, fence=Job.fence):
        raise LeaseLostError(f"{lease.stage} {lease.subject}")


def finish(session: Session, lease: Lease) -> None:
    """The work is done as of when it was begun. Raises LeaseLostError, and then nothing of it may be committed."""
    done = _change(
        session,
        lease,
        done=lease.version,
        pending=Job.wanted > lease.version,
        attempts=0,
        waits=0,
        leased_until=None,
        announced_at=None,
        last_error=None,
    )
    if not done:
        raise LeaseLostError(f"{lease.stage} {lease.subject}")


def park(session: Session, lease: Lease, *, seconds: float, reason: str) -> None:
    """Not now: GitHub asked us to wait, say. The attempt does not count."""
    _change(
        session,
        lease,
        run_after=now_plus(seconds),
        attempts=Job.attempts - 1,
        waits=Job.waits + 1,
        leased_until=None,
        announced_at=None,
        last_error=reason,
    )


def fail(session: Session, lease: Lease, *, error: str) -> bool:
    """The attempt failed: try again a little later, or set the job aside after the last one. True when set aside."""
    last = lease.attempt >= MAX_ATTEMPTS
    _change(
        session,
        lease,
        run_after=now_plus(RETRY_SECONDS * 2**lease.attempt),
        quarantined_at=now_plus() if last else None,
        leased_until=None,
        announced_at=None,
        last_error=error[:4000],
    )
    return last


def exhausted(session: Session) -> Sequence[Lease]:
    """Set aside jobs whose last attempt killed its worker: the lease ran out and no attempt is left."""
    statement = (
        update(Job)
        .where(Job.pending, Job.quarantined_at.is_(None), Job.attempts >= MAX_ATTEMPTS)
        .where(Job.leased_until < now_plus())
        .values(quarantined_at=now_plus(), leased_until=None, last_error="the worker died in every attempt")
        .returning(Job.id, Job.stage, Job.subject, Job.fence, Job.wanted, Job.attempts)
    )
    rows = session.execute(statement.execution_options(synchronize_session=False)).all()
    return [Lease(*row) for row in rows]


def due(session: Session, *, window: int = ANNOUNCED_AT_MOST) -> Sequence[tuple[UUID, Stage]]:
    """Jobs to announce: due, in nobody's hands, and not announced a moment ago. Marks them as announced.

    At most `window` are announced and not yet claimed at any time, so that the broker's queue stays short whatever
    waits here, and what was announced in vain is not announced in vain by the thousand.
    """
    waiting = select(func.count()).where(
        Job.pending, Job.leased_until.is_(None), Job.announced_at >= now_plus(-ANNOUNCE_AGAIN_SECONDS)
    )
    limit = window - (session.scalar(waiting) or 0)
    if limit <= 0:
        return []
    statement = (
        select(Job.id)
        .where(Job.pending, Job.quarantined_at.is_(None), Job.run_after <= now_plus(), Job.attempts < MAX_ATTEMPTS)
        .where(or_(Job.leased_until.is_(None), Job.leased_until < now_plus()))
        .where(or_(Job.announced_at.is_(None), Job.announced_at < now_plus(-ANNOUNCE_AGAIN_SECONDS)))
        .order_by(Job.run_after)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    ids = list(session.scalars(statement))
    if not ids:
        return []
    marked = (
        update(Job)
        .where(Job.id.in_(ids))
        .values(announced_at=now_plus())
        .returning(Job.id, Job.stage)
        .execution_options(synchronize_session=False)
    )
    return [(job_id, stage) for job_id, stage in session.execute(marked)]


def unannounce(session: Session, job_ids: Sequence[UUID]) -> None:
    """The doorbell did not ring: announce these again as soon as it does."""
    statement = update(Job).where(Job.id.in_(job_ids), Job.leased_until.is_(None)).values(announced_at=None)
    session.execute(statement.execution_options(synchronize_session=False))


def cancel(session: Session, stage: Stage, subject: str) -> None:
    """Stop unfinished work that nobody needs any more; a worker that holds it loses its lease."""
    statement = (
        update(Job)
        .where(Job.stage == stage, Job.subject == subject, Job.pending)
        .values(pending=False, done=Job.wanted, fence=Job.fence + 1, leased_until=None, attempts=0)
    )
    session.execute(statement.execution_options(synchronize_session=False))


def quarantined(session: Session, *, limit: int = 100) -> Sequence[Job]:
    """Jobs set aside, newest first: the queue shows them."""
    return session.scalars(
        select(Job).where(Job.quarantined_at.is_not(None)).order_by(Job.quarantined_at.desc()).limit(limit)
    ).all()


def oldest_due(session: Session) -> datetime | None:
    """Since when the due job that nobody has and that waits longest waits; for the metrics."""
    statement = (
        select(Job.run_after)
        .where(Job.pending, Job.quarantined_at.is_(None), Job.run_after <= now_plus())
        .where(or_(Job.leased_until.is_(None), Job.leased_until < now_plus()))
    )
    return session.scalars(statement.order_by(Job.run_after).limit(1)).first()


def _change(session: Session, lease: Lease, **values: object) -> bool:
    """Change the job if the lease is still the newest."""
    statement = update(Job).where(Job.id == lease.job_id, Job.fence == lease.fence).values(**values)
    result = session.execute(statement.execution_options(synchronize_session=False).returning(Job.id))
    return result.one_or_none() is not None
