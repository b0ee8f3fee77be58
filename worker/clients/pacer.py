"""A pace for requests that all workers keep together, through Redis; in this process alone when embedded.

Nobody sleeps here: `reserve` tells how many seconds are missing, and the job is parked for as long.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from importlib.resources import files
from typing import TYPE_CHECKING, Protocol

from worker.clients.ledger import LEAST_WAIT, MOST_BOOKED, PATIENCE, Kind, Ledger, Pace

if TYPE_CHECKING:
    from redis import Redis

    from worker.settings import Settings

__all__ = ["Kind", "LocalPacer", "Pace", "Pacer", "SharedPacer", "make_pacer"]

log = logging.getLogger(__name__)

REDIS_SECONDS = 0.5
AWAY_SECONDS = 5.0
MOST_UNTOLD = 500
PREFIX = "fairway:pace"


class Pacer(Protocol):
    """Who decides when a request may go. `installation` 0 stands for the App itself."""

    def reserve(self, kind: Kind, *, installation: int, ticket: str = "") -> float:
        """0: go, it is counted; else seconds to wait. A creation keeps its place under its ticket meanwhile."""

    def forbid(self, installation: int, seconds: float) -> None:
        """GitHub said to wait: nothing of this installation goes before, from any worker."""

    def backlog(self, installation: int) -> float:
        """In how many seconds one more creation could go. Who has many should hold back while this is large."""

    def close(self) -> None: ...


class LocalPacer:
    """Keeps the pace within this process. `clock` in seconds, any origin."""

    def __init__(self, pace: Pace | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._pace, self._clock = pace or Pace(), clock
        self._ledgers: dict[int, Ledger] = {}
        self._lock = threading.Lock()

    def reserve(self, kind: Kind, *, installation: int, ticket: str = "") -> float:
        with self._lock:
            return self._ledger(installation).reserve(kind, ticket, self._clock())

    def forbid(self, installation: int, seconds: float) -> None:
        with self._lock:
            self._ledger(installation).forbid(self._clock() + seconds)

    def backlog(self, installation: int) -> float:
        with self._lock:
            return self._ledger(installation).backlog(self._clock())

    def close(self) -> None:
        """There is nothing to close."""

    def record(self, kind: Kind, installation: int) -> None:
        """Count a request that somebody else let go."""
        with self._lock:
            self._ledger(installation).record(kind, self._clock())

    def _ledger(self, installation: int) -> Ledger:
        return self._ledgers.setdefault(installation, Ledger(self._pace))


class SharedPacer:
    """Keeps the pace with all workers, by one script in Redis and by the clock of Redis.

    While Redis is away each process goes on alone at half the pace, and tells Redis afterwards what it let go.
    """

    def __init__(
        self,
        redis: Redis,
        pace: Pace | None = None,
        clock: Callable[[], float] | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        pace = pace or Pace()
        self._script = redis.register_script(files("worker.clients").joinpath("pacer.lua").read_text("utf-8"))
        self._limits = (
            *(pace.spacing, pace.burst, pace.per_minute, pace.minute, pace.per_hour, pace.hour, pace.points),
            *(PATIENCE, LEAST_WAIT, MOST_BOOKED),
        )
        self._redis, self._clock, self._monotonic = redis, clock, monotonic
        self._alone = LocalPacer(pace.halved(), monotonic)
        self._untold: dict[int, list[float]] = {}
        self._away_until = -float("inf")
        self._lock = threading.Lock()

    def reserve(self, kind: Kind, *, installation: int, ticket: str = "") -> float:
        creates = kind is Kind.CREATE
        untold = self._take_untold(installation)
        ages = [self._monotonic() - at for at in untold]
        wait = self._run("reserve", installation, kind.points, int(creates), ticket, *self._limits, *ages)
        if wait is None:
            return self._reserve_alone(kind, installation, ticket, untold)
        if wait == 0:
            self._alone.record(kind, installation)  # so that it knows the last hour should Redis go away
        return wait

    def forbid(self, installation: int, seconds: float) -> None:
        self._alone.forbid(installation, seconds)
        self._run("forbid", installation, seconds)

    def backlog(self, installation: int) -> float:
        wait = self._run("backlog", installation, 0, 0, "", *self._limits)
        return self._alone.backlog(installation) if wait is None else wait

    def close(self) -> None:
        """Close the connections to Redis."""
        self._redis.close()

    def _reserve_alone(self, kind: Kind, installation: int, ticket: str, untold: list[float]) -> float:
        wait = self._alone.reserve(kind, installation=installation, ticket=ticket)
        if wait == 0 and kind is Kind.CREATE:
            untold = [*untold, self._monotonic()]
        if untold:
            with self._lock:
                kept = self._untold.setdefault(installation, [])
                kept += untold
                del kept[:-MOST_UNTOLD]
        return wait

    def _take_untold(self, installation: int) -> list[float]:
        with self._lock:
            return self._untold.pop(installation, [])

    def _run(self, command: str, installation: int, *arguments: object) -> float | None:
        """Seconds, as the script answers; None while Redis is away."""
        from redis.exceptions import RedisError

        if self._monotonic() < self._away_until:
            return None
        keys = [f"{PREFIX}:{{{installation}}}:{name}" for name in ("went", "booked", "points", "forbidden", "count")]
        now = "" if self._clock is None else repr(self._clock())
        try:
            answer = self._script(keys=keys, args=[command, now, *map(str, arguments)])
            wait = float(answer)
        except (RedisError, OSError, ValueError) as error:
            self._goes_away(error)
            return None
        self._comes_back()
        return wait

    def _goes_away(self, error: Exception) -> None:
        if self._away_until == -float("inf"):
            log.warning("Redis is away (%s): this process keeps half the pace by itself", type(error).__name__)
        self._away_until = self._monotonic() + AWAY_SECONDS

    def _comes_back(self) -> None:
        if self._away_until != -float("inf"):
            log.warning("Redis is back: the pace is kept together again")
            self._away_until = -float("inf")


def make_pacer(settings: Settings) -> Pacer:
    """The pacer of a deployment: shared where the broker is Redis, else within the process."""
    pace = pace_of(settings)
    if not settings.broker_url.startswith(("redis://", "rediss://", "unix://")):
        return LocalPacer(pace)
    from redis import Redis
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    once = Retry(NoBackoff(), 0)
    client = Redis.from_url(
        settings.broker_url, socket_timeout=REDIS_SECONDS, socket_connect_timeout=REDIS_SECONDS, retry=once
    )
    return SharedPacer(client, pace)


def pace_of(settings: Settings) -> Pace:
    """GitHub's own pace, wider or narrower in proportion where the settings name other limits."""
    usual = Pace()
    share = settings.creations_per_minute / usual.per_minute
    return Pace(
        spacing=min(usual.spacing, usual.spacing / share),
        burst=max(1, int(usual.burst * share)),
        per_minute=settings.creations_per_minute,
        per_hour=settings.creations_per_hour,
        points=settings.points_per_minute * 17 // 18,  # 850 of GitHub's 900
    )
