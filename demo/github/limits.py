"""Rate limits: the primary one is always counted, the secondary ones are kept only when asked for."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from demo.github.faults import Fault, primary_limit, secondary_limit
from demo.github.log import Exchange

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
READ_POINTS, WRITE_POINTS = 1, 5


@dataclass(frozen=True, slots=True)
class Limits:
    """What an installation may do. None: counted, not enforced.

    GitHub's figures are 5,000 requests an hour, 900 points a minute (a read 1, a write 5), about 80 creations of
    content a minute and 500 an hour. `content` says what counts as content: see `demo.github.log`.
    """

    hourly: int = 5_000
    points_per_minute: int | None = None
    content_per_minute: int | None = None
    content_per_hour: int | None = None
    content: frozenset[str] = frozenset({"comment", "issue", "check-run", "reaction", "label"})


GITHUBS = Limits(points_per_minute=900, content_per_minute=80, content_per_hour=500)


@dataclass(slots=True)
class _Use:
    """What one installation used."""

    reset: datetime
    used: int = 0
    points: deque[tuple[datetime, int]] = field(default_factory=deque)
    content: deque[datetime] = field(default_factory=deque)


@dataclass(slots=True)
class Meter:
    """Counts requests of each installation; requests with the App's own token are counted together."""

    limits: Limits = Limits()
    uses: dict[int | None, _Use] = field(default_factory=dict)

    def take(self, exchange: Exchange) -> Fault | None:
        """Count a request; the limit that it breaks, if any. A refused request counts as well."""
        use = self._use(exchange)
        use.used += 1
        if use.used > self.limits.hourly:
            return primary_limit((use.reset - exchange.time).total_seconds())
        return self._points(use, exchange) or self._content(use, exchange)

    def give_back(self, exchange: Exchange) -> None:
        """An answer 304 does not count."""
        self._use(exchange).used -= 1

    def headers(self, exchange: Exchange) -> Mapping[str, str]:
        """The `x-ratelimit` headers of an answer."""
        use = self._use(exchange)
        return {
            "x-ratelimit-limit": str(self.limits.hourly),
            "x-ratelimit-remaining": str(max(self.limits.hourly - use.used, 0)),
            "x-ratelimit-used": str(use.used),
            "x-ratelimit-reset": str(int(use.reset.timestamp())),
            "x-ratelimit-resource": "core",
        }

    def _use(self, exchange: Exchange) -> _Use:
        use = self.uses.get(exchange.installation_id)
        if use is None or use.reset <= exchange.time:
            use = self.uses[exchange.installation_id] = _renewed(use, exchange.time)
        return use

    def _points(self, use: _Use, exchange: Exchange) -> Fault | None:
        now, allowed = exchange.time, self.limits.points_per_minute
        if allowed is None:
            return None
        while use.points and use.points[0][0] <= now - MINUTE:
            use.points.popleft()
        use.points.append((now, READ_POINTS if exchange.method in ("GET", "HEAD") else WRITE_POINTS))
        return secondary_limit(60.0) if sum(points for _, points in use.points) > allowed else None

    def _content(self, use: _Use, exchange: Exchange) -> Fault | None:
        now, limits = exchange.time, self.limits
        if limits.content_per_minute is None and limits.content_per_hour is None:
            return None
        if exchange.creates not in limits.content:
            return None
        while use.content and use.content[0] <= now - HOUR:
            use.content.popleft()
        last_minute = sum(1 for time in use.content if time > now - MINUTE)
        too_fast = limits.content_per_minute is not None and last_minute >= limits.content_per_minute
        too_much = limits.content_per_hour is not None and len(use.content) >= limits.content_per_hour
        if too_fast or too_much:
            return secondary_limit(60.0)
        use.content.append(now)
        return None


def _renewed(old: _Use | None, now: datetime) -> _Use:
    """A new hour; what counts by the minute goes on."""
    return _Use(now + HOUR) if old is None else _Use(now + HOUR, 0, old.points, old.content)
