"""Webhooks: deliveries are signed, posted, doubled, late or lost, recorded, and posted again on request."""

from __future__ import annotations

import heapq
import hmac
import threading
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count
from random import Random
from uuid import UUID

import httpx

SECONDS_TO_ANSWER = 10.0
HOOK_ID = 700_001
KEPT = 20_000
REMEMBERED = timedelta(days=3)
"""How long GitHub tells of a delivery."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """An attempt to hand over an event. `status_code` 0: not tried yet."""

    id: int
    guid: str
    event: str
    action: str | None
    packed: bytes
    installation_id: int | None
    repository_id: int | None
    delivered_at: datetime
    redelivery: bool = False
    duration: float = 0.0
    status: str = "pending"
    status_code: int = 0

    @property
    def body(self) -> bytes:
        """The raw body, as it is signed."""
        return zlib.decompress(self.packed)

    @property
    def failed(self) -> bool:
        """Whether it was tried in vain."""
        return self.status_code >= 400


@dataclass(frozen=True, slots=True)
class Weather:
    """How badly deliveries travel, as chances from 0 to 1.

    `scatter_seconds` is the most that one is late, so that deliveries overtake each other.
    """

    duplicate: float = 0.0
    lose: float = 0.0
    scatter_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Target:
    """Where deliveries go."""

    url: str
    secret: bytes
    app_id: int


def sign(body: bytes, secret: bytes, algorithm: str = "sha256") -> str:
    """The value of a signature header."""
    return f"{algorithm}={hmac.new(secret, body, algorithm).hexdigest()}"


def headers_of(delivery: Delivery, target: Target) -> dict[str, str]:
    """The headers that GitHub sends with a delivery."""
    return {
        "Accept": "*/*",
        "Content-Type": "application/json",
        "User-Agent": "GitHub-Hookshot/57a2d1e",
        "X-GitHub-Delivery": delivery.guid,
        "X-GitHub-Event": delivery.event,
        "X-GitHub-Hook-ID": str(HOOK_ID),
        "X-GitHub-Hook-Installation-Target-ID": str(target.app_id),
        "X-GitHub-Hook-Installation-Target-Type": "integration",
        "X-Hub-Signature": sign(delivery.body, target.secret, "sha1"),
        "X-Hub-Signature-256": sign(delivery.body, target.secret),
    }


@dataclass(slots=True)
class Hooks:
    """The App's webhook. Deliveries wait until it is connected; threads post them then."""

    clock: Callable[[], datetime]
    random: Random
    weather: Weather = Weather()
    records: dict[int, Delivery] = field(default_factory=dict)
    _target: Target | None = None
    _waiting: list[tuple[float, int, int]] = field(default_factory=list)
    _busy: int = 0
    _ids: count[int] = field(default_factory=lambda: count(30_000_001))
    _turns: count[int] = field(default_factory=count)
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _senders: list[threading.Thread] = field(default_factory=list)
    _closing: bool = False

    def connect(self, target: Target, *, senders: int = 1) -> None:
        """Post deliveries to a URL from now on, those that wait first; with one sender they stay in order."""
        with self._changed:
            self._target, self._closing = target, False
            missing = senders - len(self._senders)
            started = [threading.Thread(target=self._send, name="github-hooks", daemon=True) for _ in range(missing)]
            self._senders += started
            self._changed.notify_all()
        for thread in started:
            thread.start()

    def close(self) -> None:
        """Stop posting; what is on its way arrives."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
            senders, self._senders = self._senders, []
        for thread in senders:
            thread.join()

    def flush(self, seconds: float = 30.0) -> None:
        """Wait until everything is handed over. Raises TimeoutError."""
        with self._changed:
            if not self._changed.wait_for(lambda: not self._waiting and not self._busy, seconds):
                raise TimeoutError(f"{len(self._waiting)} deliveries still wait after {seconds:.0f} s")

    def post(
        self, event: str, action: str | None, body: bytes, *, installation_id: int | None, repository_id: int | None
    ) -> Delivery:
        """Hand over a new event. The weather decides what becomes of it."""
        packed, guid = zlib.compress(body, 1), str(UUID(int=self.random.getrandbits(128), version=4))
        with self._changed:
            delivery = Delivery(
                next(self._ids), guid, event, action, packed, installation_id, repository_id, self.clock()
            )
            self._start(delivery)
            if self.random.random() < self.weather.duplicate:
                self._queue(delivery)
        return delivery

    def redeliver(self, delivery_id: int) -> bool:
        """Try a delivery again under its own GUID; whether there is such a delivery."""
        with self._changed:
            old = self.records.get(delivery_id)
            if old is None:
                return False
            again = replace(
                old, id=next(self._ids), delivered_at=self.clock(), redelivery=True, status="pending", status_code=0
            )
            self._start(again)
        return True

    def newest_first(self) -> list[Delivery]:
        """Every attempt that was made in the last three days."""
        with self._changed:
            since = self.clock() - REMEMBERED
            tried = [one for one in self.records.values() if one.status_code and one.delivered_at > since]
        return sorted(tried, key=lambda delivery: -delivery.id)

    def _start(self, delivery: Delivery) -> None:
        self.records[delivery.id] = delivery
        if len(self.records) > KEPT:
            done = [number for number, record in self.records.items() if 0 < record.status_code < 400]
            for number in done[: KEPT // 2]:
                del self.records[number]
        if self.random.random() < self.weather.lose:
            self.records[delivery.id] = replace(delivery, status="failed to connect to host", status_code=502)
        else:
            self._queue(delivery)

    def _queue(self, delivery: Delivery) -> None:
        due = time.monotonic() + self.random.random() * self.weather.scatter_seconds
        heapq.heappush(self._waiting, (due, next(self._turns), delivery.id))
        self._changed.notify()

    def _send(self) -> None:
        with httpx.Client(timeout=SECONDS_TO_ANSWER) as client:
            while (taken := self._take()) is not None:
                delivery, target = taken
                tried = _try(client, delivery, target)
                with self._changed:
                    known = self.records[delivery.id]
                    self.records[delivery.id] = known if 0 < known.status_code < 400 else tried
                    self._busy -= 1
                    self._changed.notify_all()

    def _take(self) -> tuple[Delivery, Target] | None:
        """The next delivery that is due; None when closed."""
        with self._changed:
            while not self._closing:
                wait = self._waiting[0][0] - time.monotonic() if self._waiting and self._target else None
                if wait is not None and wait <= 0 and self._target is not None:
                    self._busy += 1
                    return self.records[heapq.heappop(self._waiting)[2]], self._target
                self._changed.wait(wait)
        return None


def _try(client: httpx.Client, delivery: Delivery, target: Target) -> Delivery:
    started = time.monotonic()
    try:
        status_code = client.post(target.url, content=delivery.body, headers=headers_of(delivery, target)).status_code
        status = "OK" if status_code < 400 else f"Invalid HTTP Response: {status_code}"
    except httpx.TimeoutException:
        status, status_code = "timed out", 504
    except httpx.HTTPError:
        status, status_code = "failed to connect to host", 502
    return replace(delivery, status=status, status_code=status_code, duration=round(time.monotonic() - started, 3))
