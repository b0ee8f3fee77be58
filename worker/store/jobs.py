"""Jobs: asked for, announced, leased, done. Every time here is the database's.

A job is level-triggered: `request` raises `wanted`, a worker that finishes sets `done` to what it saw when it began.
A lease that runs out makes the job due again; its former holder's fence is stale and nothing it does counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, func, literal_column, or_, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Session

from worker.store.models import Job, Repository, Stage
from worker.store.types import now_plus

MAX_ATTEMPTS = 3
RETRY_SECONDS = 2.0
ANNOUNCE_AGAIN_SECONDS = 8.0
ANNOUNCED_AT_MOST = 200
RUNS_ANNOUNCED_AT_MOST = 8  # that wait for a machine: there are few


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


@dataclass(frozen=True, slots=True)
class Due:
    """A job to announce. `place` is the machine that has to do it, "" for any."""

    job_id: UUID
    stage: Stage
    place: str = ""


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


def request_everywhere(session: Session, *stages: Stage) -> None:
    """Ask for work on every repository that the App is installed on."""
    for repository_id in session.scalars(select(Repository.id).where(Repository.active)).all():
        for stage in stages:
            request(session, stage, str(repository_id))


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


def park(session: Session, lease: Lease, *, seconds: float, reason: str, place: str | None = None) -> bool:
    """Not now: GitHub asked us to wait, say. The attempt does not count. `place`, where given, is the job's new one.

    False where the lease is lost.
    """
    moved = {} if place is None else {"place": place}
    return _change(
        session,
        lease,
        **moved,
        run_after=now_plus(seconds),
        attempts=Job.attempts - 1,
        waits=Job.waits + 1,
        leased_until=None,
        announced_at=None,
        last_error=reason,
    )


def come_again(session: Session, lease: Lease, *, seconds: float, place: str = "") -> None:
    """A step is done and kept, the next is due in so many seconds: attempts count anew. Raises LeaseLostError.

    `place` names the machine that has to take it.
    """
    kept = _change(
        session,
        lease,
        run_after=now_plus(seconds),
        attempts=0,
        waits=0,
        place=place,
        leased_until=None,
        announced_at=None,
        last_error=None,
    )
    if not kept:
        raise LeaseLostError(f"{lease.stage} {lease.subject}")


def assign(session: Session, lease: Lease, place: str) -> None:
    """From now on only the machine of that name may have the job. Raises LeaseLostError."""
    if not _change(session, lease, place=place):
        raise LeaseLostError(f"{lease.stage} {lease.subject}")


def is_pending(session: Session, stage: Stage, subject: str) -> bool:
    """Whether the work is asked for and not done."""
    statement = select(Job.id).where(Job.stage == stage, Job.subject == subject, Job.pending)
    return session.scalars(statement).first() is not None


def hurry(session: Session, stage: Stage, subject: str) -> None:
    """What a parked job waited for is there: it is due now."""
    statement = update(Job).where(Job.stage == stage, Job.subject == subject, Job.pending, Job.leased_until.is_(None))
    session.execute(
        statement.values(run_after=now_plus(), announced_at=None).execution_options(synchronize_session=False)
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


def due(session: Session, *, window: int = ANNOUNCED_AT_MOST) -> Sequence[Due]:
    """Jobs to announce: due, in nobody's hands, and not announced a moment ago. Marks them as announced.

    At most `window` are announced and not yet claimed at any time, so that the broker's queue stays short whatever
    waits here, and what was announced in vain is not announced in vain by the thousand. Runs that wait for a machine
    and runs that a machine watches have windows of their own: they never hold up the rest, nor each other.
    """
    found = list[Due]()
    for lane, (waiting, ready) in _lanes(session).items():
        limit = (RUNS_ANNOUNCED_AT_MOST if lane == _UNPLACED else window) - waiting
        if limit > 0 and ready > 0:
            found += _announced(session, lane, limit)
    return found


_ANY, _UNPLACED, _PLACED = "any", "unplaced", "placed"


def _lane() -> ColumnElement[str]:
    """Which queue a job waits in: that of all machines, that of those with a runner, that of one of them."""
    return case((Job.stage != Stage.REPRODUCE, _ANY), (Job.place == "", _UNPLACED), else_=_PLACED)


def _lanes(session: Session) -> dict[str, tuple[int, int]]:
    """How many jobs of each queue are announced and not yet claimed, and how many are due."""
    announced = and_(Job.leased_until.is_(None), Job.announced_at >= now_plus(-ANNOUNCE_AGAIN_SECONDS))
    statement = (
        select(_lane(), func.count().filter(announced), func.count().filter(_is_due()))
        .where(Job.pending)
        .group_by(literal_column("1"))
    )
    return {lane: (waiting, ready) for lane, waiting, ready in session.execute(statement)}


def _is_due() -> ColumnElement[bool]:
    return and_(
        Job.quarantined_at.is_(None),
        Job.run_after <= now_plus(),
        Job.attempts < MAX_ATTEMPTS,
        or_(Job.leased_until.is_(None), Job.leased_until < now_plus()),
        or_(Job.announced_at.is_(None), Job.announced_at < now_plus(-ANNOUNCE_AGAIN_SECONDS)),
    )


def _announced(session: Session, lane: str, limit: int) -> list[Due]:
    chosen = (
        select(Job.id)
        .where(Job.pending, _is_due(), _lane() == lane)
        .order_by(Job.run_after)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    ids = list(session.scalars(chosen))
    if not ids:
        return []
    marked = (
        update(Job)
        .where(Job.id.in_(ids))
        .values(announced_at=now_plus())
        .returning(Job.id, Job.stage, Job.place)
        .execution_options(synchronize_session=False)
    )
    told = {row.id: Due(*row) for row in session.execute(marked)}  # an UPDATE returns its rows in any order
    return [told[job_id] for job_id in ids]


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
