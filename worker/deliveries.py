"""Deliveries that GitHub could not hand over, and old ones. Both functions are called by the schedule.

A delivery is known by its GUID, which a redelivery keeps: what is stored here was handed over, whatever GitHub thinks.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Sequence
from datetime import timedelta
from itertools import islice

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from worker.clients.gateway import AbsentError, FailedDelivery, LimitedError, RefusedError, UnavailableError
from worker.pipeline import Context
from worker.store import audit, jobs
from worker.store.models import Delivery, DeliveryStatus, Job, Stage
from worker.store.types import now_plus

log = logging.getLogger(__name__)

ACTOR = "fairway"
KEPT = timedelta(days=3)
"""How long GitHub keeps deliveries."""

MOST_READ, MOST_REDELIVERED = 5_000, 500
MANY = 100
"""From so many on, asking GitHub what is open is cheaper than waiting until all are delivered again."""

PURGED_AFTER_DAYS = 30
AT_ONCE = 200


def recover(context: Context) -> int:
    """Ask GitHub to deliver again what it could not hand over, oldest first; returns how many it was asked for.

    What GitHub's limits, or ours, do not allow now is left to the next hour.
    """
    missing = _missing(context, _failed(context))
    if len(missing) >= MANY:
        _catch_up(context, len(missing))
    asked = 0
    try:
        for delivery in missing[:MOST_REDELIVERED]:
            asked += _redeliver(context, delivery)
    except (LimitedError, UnavailableError) as error:
        log.info("%d of %d deliveries were asked for again: %s", asked, len(missing), error)
    return asked


def purge(context: Context) -> int:
    """Forget deliveries that were dealt with long ago, and their jobs; returns how many. The audit stays."""
    purged = 0
    while True:
        with context.scope() as session:
            guids = _old(session)
            session.execute(delete(Job).where(Job.stage == Stage.RECEIVE, Job.subject.in_(guids)))
            session.execute(delete(Delivery).where(Delivery.guid.in_(guids)))
        purged += len(guids)
        if len(guids) < AT_ONCE:
            return purged


def _failed(context: Context) -> Sequence[FailedDelivery]:
    """What GitHub tells, oldest first; what it told until it wanted us to wait, if it does."""
    found: list[FailedDelivery] = []
    try:
        for delivery in islice(context.github.failed_deliveries(since=context.now() - KEPT), MOST_READ):
            found.append(delivery)  # noqa: PERF402 - what came before an error counts
    except (LimitedError, UnavailableError) as error:
        log.info("GitHub was not asked for all failed deliveries: %s", error)
    return found[::-1]


def _missing(context: Context, failed: Sequence[FailedDelivery]) -> Sequence[FailedDelivery]:
    """Those that never reached us. GitHub counts as failed also what we stored and answered too late."""
    with context.scope() as session:
        stored = set(_stored(session, [delivery.guid for delivery in failed]))
    return [delivery for delivery in failed if delivery.guid not in stored]


def _stored(session: Session, guids: Sequence[str]) -> Iterable[str]:
    for start in range(0, len(guids), AT_ONCE):
        yield from session.scalars(select(Delivery.guid).where(Delivery.guid.in_(guids[start : start + AT_ONCE])))


def _redeliver(context: Context, delivery: FailedDelivery) -> bool:
    """Ask for one; one that GitHub does not have any more must not keep the others from coming."""
    try:
        context.github.redeliver(delivery.id)
    except (AbsentError, RefusedError) as error:
        log.warning("delivery %s is lost: %s", delivery.guid, error)
        return False
    return True


def _catch_up(context: Context, missing: int) -> None:
    """After an outage: look at every repository itself. The deliveries still bring what only they know: comments."""
    with context.scope() as session:
        jobs.request_everywhere(session, Stage.CONFIGURE, Stage.BACKFILL)
        audit.note(session, ACTOR, "catching-up", "all repositories", missing=missing)


def _old(session: Session) -> Collection[str]:
    """GUIDs of deliveries that nobody needs any more, as many as are deleted at once."""
    dealt_with = Delivery.status.in_([DeliveryStatus.DONE, DeliveryStatus.IGNORED])
    long_ago = Delivery.received_at < now_plus(-PURGED_AFTER_DAYS * 86_400)
    return session.scalars(select(Delivery.guid).where(dealt_with, long_ago).limit(AT_ONCE)).all()
