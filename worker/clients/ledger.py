"""When the next write may go: GitHub's limits as arithmetic over the writes of the last hour."""

from __future__ import annotations

import math
from bisect import insort
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

PATIENCE = 120.0
MOST_BOOKED = 5_000
LEAST_WAIT = 0.01
POINT_SECONDS = 60


class Kind(StrEnum):
    """What a request is to GitHub's secondary limits."""

    READ = "read"
    CHANGE = "change"  # PATCH, PUT, DELETE: no new content
    CREATE = "create"  # POST: a comment, an issue, a check run, a reaction, labels

    @property
    def points(self) -> int:
        """What it costs of the points of a minute."""
        return 1 if self is Kind.READ else 5


@dataclass(frozen=True, slots=True)
class Pace:
    """Limits of one installation, in requests. They are GitHub's own, a little narrower for what is late on its way.

    After a calm, `burst` creations may go at once, so that a single submission never waits; after that, one each
    `spacing` seconds. A burst of 1 means strict spacing.
    """

    spacing: float = 1.0
    burst: int = 60
    per_minute: int = 80
    minute: float = 61.0
    per_hour: int = 500
    hour: float = 3_605.0
    points: int = 850

    def halved(self) -> Pace:
        """Half of everything: for a process that does not know what the others do."""
        return Pace(
            spacing=self.spacing * 2,
            burst=max(1, self.burst // 2),
            per_minute=max(1, self.per_minute // 2),
            minute=self.minute,
            per_hour=max(1, self.per_hour // 2),
            hour=self.hour,
            points=max(5, self.points // 2),
        )

    def free_from(self, times: Sequence[float]) -> float:
        """From when on a creation may follow those at `times`, which are sorted; minus infinity for at once."""
        free, theirs = -math.inf, -math.inf  # `theirs`: when evenly spaced creations would have come to here
        for time in times:
            theirs = max(theirs, time) + self.spacing
        free = theirs - (self.burst - 1) * self.spacing
        if len(times) >= self.per_minute:
            free = max(free, times[-self.per_minute] + self.minute)
        if len(times) >= self.per_hour:
            free = max(free, times[-self.per_hour] + self.hour)
        return free


@dataclass(slots=True)
class Ledger:
    """What one installation did and what is booked. Every time is in seconds of one clock.

    A creation that has to wait is booked under its ticket, behind all that are booked already; when it comes again at
    its time it goes, unless what really went meanwhile forbids it. A booking that nobody claims for `PATIENCE` seconds
    is void. `pacer.lua` does the same in Redis: change both.
    """

    pace: Pace
    went: list[float] = field(default_factory=list)
    booked: dict[str, float] = field(default_factory=dict)
    points: dict[int, int] = field(default_factory=dict)
    forbidden_until: float = -math.inf

    def reserve(self, kind: Kind, ticket: str, now: float) -> float:
        """0: go, and it is counted; else seconds to wait."""
        self._forget(now)
        if self.forbidden_until > now:
            return max(self.forbidden_until - now, LEAST_WAIT)
        wait = self._wait_for_points(kind.points, now)
        if wait == 0 and kind is Kind.CREATE:
            wait = self._wait_for_place(ticket, now)
        if wait > 0:
            return max(wait, LEAST_WAIT)
        self.record(kind, now)
        return 0.0

    def record(self, kind: Kind, now: float) -> None:
        """Count a request that goes."""
        self.points[math.floor(now)] = self.points.get(math.floor(now), 0) + kind.points
        if kind is Kind.CREATE:
            insort(self.went, now)

    def forbid(self, until: float) -> None:
        """Nothing goes before that time."""
        self.forbidden_until = max(self.forbidden_until, until)

    def backlog(self, now: float) -> float:
        """In how many seconds a creation that comes now, behind all that are booked, could go."""
        self._forget(now)
        times = sorted([*self.went, *self.booked.values()])
        return max(0.0, self.pace.free_from(times) - now, self.forbidden_until - now)

    def _forget(self, now: float) -> None:
        self.went = [time for time in self.went if time > now - self.pace.hour]
        self.booked = {ticket: time for ticket, time in self.booked.items() if time >= now - PATIENCE}
        self.points = {second: n for second, n in self.points.items() if second >= math.floor(now) - POINT_SECONDS}

    def _wait_for_points(self, cost: int, now: float) -> float:
        over = sum(self.points.values()) + cost - self.pace.points
        for second in sorted(self.points):
            if over <= 0:
                break
            over -= self.points[second]
            if over <= 0:
                return second + POINT_SECONDS + 1 - now
        return 0.0

    def _wait_for_place(self, ticket: str, now: float) -> float:
        mine = self.booked.get(ticket)
        allowed = self.pace.free_from(self.went)
        if mine is None:
            mine = max(allowed, self.pace.free_from(sorted([*self.went, *self.booked.values()])))
        place = max(mine, allowed)
        if place <= now:
            self.booked.pop(ticket, None)
            return 0.0
        if ticket in self.booked or len(self.booked) < MOST_BOOKED:
            self.booked[ticket] = place
        return place - now
