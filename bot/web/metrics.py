"""Numbers for Prometheus: counters of this process, and how much waits in the database when somebody asks."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from threading import Lock, Thread

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest

from worker.store.backlog import Backlog, backlog
from worker.store.models import Stage
from worker.store.session import make_engine, session_scope

log = logging.getLogger(__name__)

READ_SECONDS = 1.5

DELIVERIES = Counter("fairway_deliveries_total", "Deliveries by what became of them", ["outcome"])


class Waiting:
    """Reads the backlog for a scrape: within its time, one read at a time, and without harm where it cannot."""

    def __init__(self, read: Callable[[], Backlog], close: Callable[[], None] = lambda: None) -> None:
        self._read, self.close = read, close
        self._busy = Lock()

    async def read(self) -> Backlog | None:
        """The backlog; None where the database does not answer in time, or an earlier scrape still waits for it."""
        if not self._busy.acquire(blocking=False):
            return None
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Backlog | None] = loop.create_future()
        # A thread of its own, which may hang with the database without keeping the process from ending.
        Thread(target=self._answer, args=(loop, answer), name="metrics", daemon=True).start()
        try:
            return await asyncio.wait_for(answer, READ_SECONDS)
        except TimeoutError:
            return None

    def _answer(self, loop: asyncio.AbstractEventLoop, answer: asyncio.Future[Backlog | None]) -> None:
        found = None
        try:
            found = self._read()
        except Exception as error:  # a scrape must not fail because of what it is to tell about
            log.info("no backlog for the metrics: %s", type(error).__name__)
        finally:
            self._busy.release()
        with suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(_settle, answer, found)


def _settle(answer: asyncio.Future[Backlog | None], found: Backlog | None) -> None:
    if not answer.done():
        answer.set_result(found)


def make_waiting(database_url: str) -> Waiting:
    """Reads from a database, on one connection of its own that is made when first needed."""
    engine = make_engine(database_url)
    scope = session_scope(engine)

    def read() -> Backlog:
        with scope() as session:
            return backlog(session)

    return Waiting(read, engine.dispose)


def text_of(waiting: Backlog | None) -> bytes:
    """Everything in Prometheus' text format."""
    return generate_latest() + generate_latest(_database(waiting))


def _database(waiting: Backlog | None) -> CollectorRegistry:
    """Made anew for each scrape, so that nothing old is told when the database does not answer."""
    registry = CollectorRegistry()
    up = Gauge("fairway_database_up", "Whether the database answered this scrape", registry=registry)
    up.set(waiting is not None)
    if waiting is None:
        return registry
    jobs = Gauge("fairway_jobs", "Unfinished jobs by stage and state", ["stage", "state"], registry=registry)
    for (stage, state), number in waiting.jobs.items():
        jobs.labels(stage=Stage(stage).value, state=state).set(number)
    oldest = Gauge("fairway_oldest_due_seconds", "How long the oldest due job waits", registry=registry)
    oldest.set(waiting.oldest_seconds)
    return registry
