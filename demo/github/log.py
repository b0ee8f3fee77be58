"""Every request that was made, for assertions, and how much content was created."""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any

KEPT = 20_000
CREATIONS = (
    ("comment", re.compile(r"/repos/[^/]+/[^/]+/issues/\d+/comments")),
    ("reaction", re.compile(r"/repos/[^/]+/[^/]+/issues/comments/\d+/reactions")),
    ("issue", re.compile(r"/repos/[^/]+/[^/]+/issues")),
    ("check-run", re.compile(r"/repos/[^/]+/[^/]+/check-runs")),
    ("label", re.compile(r"/repos/[^/]+/[^/]+/(issues/\d+/)?labels")),
)


@dataclass(slots=True, eq=False)
class Exchange:
    """A request and its answer. `status` 0: none was given; `body` is the parsed JSON, None where there was none."""

    time: datetime
    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any = None
    token: str | None = None
    installation_id: int | None = None
    status: int = 0
    fault: str | None = None
    done: bool = False

    @property
    def creates(self) -> str | None:
        """What kind of content the request creates."""
        if self.method != "POST":
            return None
        return next((kind for kind, pattern in CREATIONS if pattern.fullmatch(self.path)), None)


@dataclass(slots=True)
class RequestLog:
    """The last requests in order of arrival. `violations`: what GitHub's published description does not allow."""

    kept: deque[Exchange] = field(default_factory=lambda: deque(maxlen=KEPT))
    violations: list[str] = field(default_factory=list)
    unrouted: list[str] = field(default_factory=list)
    created: Counter[str] = field(default_factory=Counter)
    creation_times: list[tuple[datetime, str]] = field(default_factory=list)
    total: int = 0

    def begin(self, exchange: Exchange) -> None:
        """A request came in."""
        self.total += 1
        self.kept.append(exchange)

    def end(self, exchange: Exchange) -> None:
        """It was answered, or took effect without an answer."""
        kind = exchange.creates
        if kind is not None and exchange.done:
            self.created[kind] += 1
            self.creation_times.append((exchange.time, kind))

    def find(self, method: str = "*", path: str = "*") -> Iterator[Exchange]:
        """Requests by method and path; `*` stands for anything."""
        for exchange in list(self.kept):
            if fnmatchcase(exchange.method, method) and fnmatchcase(exchange.path, path):
                yield exchange

    def count(self, method: str = "*", path: str = "*") -> int:
        """How many requests were made."""
        return sum(1 for _ in self.find(method, path))

    def between(self, start: datetime, end: datetime) -> list[Exchange]:
        """Requests after `start` and before `end`."""
        return [exchange for exchange in list(self.kept) if start < exchange.time < end]

    def busiest(self, window: timedelta, kinds: frozenset[str] | None = None) -> int:
        """The most creations of content within any window of this length."""
        times = sorted(time for time, kind in list(self.creation_times) if kinds is None or kind in kinds)
        worst, first = 0, 0
        for last, time in enumerate(times):
            while times[first] <= time - window:
                first += 1
            worst = max(worst, last - first + 1)
        return worst
