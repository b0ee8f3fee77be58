"""How a job is worked on: lease, heartbeat, stage, end. The stages know nothing of queues.

A stage is a function of a context and a lease. It reads what it needs, works outside of any transaction, and ends in
one transaction that holds the lease, writes its results, asks for the next stage and finishes the job. Between that
commit and the doorbell the process may die: the sweeper announces what stands still.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol
from uuid import UUID

from sqlalchemy.orm import Session

from rules.competition import Competition
from worker.clients.gateway import Gateway, LimitedError, UnavailableError
from worker.configuration import competition_of
from worker.content import ContentStore
from worker.reproduction.runners import Here
from worker.screening import Screen
from worker.settings import Settings
from worker.store import jobs
from worker.store.jobs import Lease, LeaseLostError
from worker.store.models import Repository, Stage
from worker.store.session import SessionScope

log = logging.getLogger(__name__)

UNAVAILABLE_SECONDS = 5.0
UNAVAILABLE_MOST = 300.0

Announce = Callable[[Stage, UUID, str], None]
"""Rings for a job of a stage: at the machine of that name, or at any for ""."""

StageFunction = Callable[["Context", Lease], None]


class Superseded(Exception):  # noqa: N818 - not an error: the work is simply not needed any more
    """The head moved on or the pull request was closed: nothing is to be done."""


class Bell(Protocol):
    """What it takes to announce what is due."""

    @property
    def scope(self) -> SessionScope: ...
    @property
    def announce(self) -> Announce: ...


@dataclass(frozen=True, slots=True)
class Context:
    """What stages work with, made once for each process and handed in."""

    settings: Settings
    scope: SessionScope
    github: Gateway
    content: ContentStore
    screen: Screen
    stages: Mapping[Stage, StageFunction]
    on_quarantine: Callable[[Session, Lease, str], None]
    announce: Announce = field(repr=False)
    backlog: Callable[[int], float] = field(default=lambda _installation: 0.0, repr=False)
    """In how many seconds an installation could create one more thing on GitHub."""
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC), repr=False)
    here: Here = field(init=False, repr=False)
    """This machine's runner, by the settings."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "here", Here(self.settings))

    def competition(self, repository: Repository) -> Competition:
        """The rules that a repository's pull requests are judged by."""
        return competition_of(repository.configuration, self.settings.competition)


def work(context: Context, job_id: UUID) -> None:
    """Work on one job, if it is due and nobody has it."""
    with context.scope() as session:
        lease = jobs.claim(session, job_id, lease_seconds=context.settings.lease_seconds)
    if lease is None:
        return  # delivered twice, parked, or in other hands
    with _heartbeat(context, lease):
        _attempt(context, lease)
    ring(context)


def _attempt(context: Context, lease: Lease) -> None:
    """Run the stage; whatever it ends in has a defined consequence for the job."""
    try:
        context.stages[lease.stage](context, lease)
    except LeaseLostError:
        log.info("%s %s is in other hands now", lease.stage, lease.subject)
    except Superseded:
        _finish(context, lease)
    except LimitedError as error:
        _park(context, lease, error.seconds, str(error))
    except UnavailableError as error:
        _park(context, lease, _backoff(lease), str(error))
    except Exception as error:
        log.exception("%s %s failed, attempt %d", lease.stage, lease.subject, lease.attempt)
        _fail(context, lease, f"{type(error).__name__}: {error}")


def _finish(context: Context, lease: Lease) -> None:
    with suppress(LeaseLostError), context.scope() as session:
        jobs.finish(session, lease)


def _park(context: Context, lease: Lease, seconds: float, reason: str) -> None:
    with context.scope() as session:
        jobs.park(session, lease, seconds=seconds, reason=reason)


def _backoff(lease: Lease) -> float:
    """Seconds: longer with each wait in a row, with jitter from the job's own identity so that jobs spread out."""
    spread = 1 + (lease.job_id.int % 100) / 100
    return float(min(UNAVAILABLE_MOST, UNAVAILABLE_SECONDS * 2.0 ** min(lease.waits, 10)) * spread)


def _fail(context: Context, lease: Lease, error: str) -> None:
    with context.scope() as session:
        if jobs.fail(session, lease, error=error):
            context.on_quarantine(session, lease, error)


@contextmanager
def _heartbeat(context: Context, lease: Lease) -> Iterator[None]:
    """Keep the lease while the stage works; stop quietly when it is lost, since the fence protects every write.

    After `stage_seconds` the lease is let go: whoever hangs longer than any stage may take has lost the job.
    """
    stop = threading.Event()
    every = context.settings.lease_seconds / 3

    def beat() -> None:
        until = time.monotonic() + context.settings.stage_seconds
        while not stop.wait(every) and time.monotonic() < until:
            try:
                with context.scope() as session:
                    if not jobs.heartbeat(session, lease, lease_seconds=context.settings.lease_seconds):
                        return
            except Exception:  # the database may be away for a moment; the lease then runs out by itself
                log.warning("no heartbeat for %s %s", lease.stage, lease.subject, exc_info=True)

    thread = threading.Thread(target=beat, name=f"heartbeat-{lease.stage}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(timeout=every)


def ring(bell: Bell) -> int:
    """Announce what is due; returns how many. A broker that does not take it changes nothing: it stays due."""
    rung, fault = ring_or_fault(bell)
    if fault is not None:
        log.warning("the doorbell does not ring: %s", fault)
    return rung


def ring_or_fault(bell: Bell) -> tuple[int, OSError | None]:
    """Announce what is due; returns how many, and why no more where the broker does not take it."""
    with bell.scope() as session:
        due = jobs.due(session)
    for index, one in enumerate(due):
        try:
            bell.announce(one.stage, one.job_id, one.place)
        except OSError as error:
            with bell.scope() as session:
                jobs.unannounce(session, [later.job_id for later in due[index:]])
            return index, error
    return len(due), None


def sweep(context: Context) -> int:
    """Set aside what killed its worker in every attempt, then announce what is due."""
    with context.scope() as session:
        for lease in jobs.exhausted(session):
            context.on_quarantine(session, lease, "the worker died in every attempt")
    return ring(context)
