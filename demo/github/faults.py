"""Faults on demand: what GitHub and the way to it do on a bad day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from fnmatch import fnmatchcase
from random import Random

PRIMARY = "API rate limit exceeded for installation ID {installation}."
SECONDARY = (
    "You have exceeded a secondary rate limit. Please wait a few minutes before you try again. "
    "If you reach out to GitHub Support for help, please include the request ID."
)


class Kind(StrEnum):
    """What goes wrong."""

    ERROR = "error"
    PRIMARY = "primary-limit"
    SECONDARY = "secondary-limit"
    SLOW = "slow"
    DROP = "dropped"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong. `after`: the request takes effect first, and its answer is lost or false."""

    kind: Kind
    status: int = 502
    seconds: float | None = None
    after: bool = False


def server_error(status: int = 502, *, after: bool = False) -> Fault:
    """A 5xx answer."""
    return Fault(Kind.ERROR, status=status, after=after)


def primary_limit(reset_in: float = 60.0, *, status: int = 403) -> Fault:
    """The hourly limit is used up; it is reset after so many seconds. 403 or 429."""
    return Fault(Kind.PRIMARY, status=status, seconds=reset_in)


def secondary_limit(retry_after: float | None = 60.0, *, status: int = 403) -> Fault:
    """Too much at once. None: without a `retry-after` header, which means a minute at least."""
    return Fault(Kind.SECONDARY, status=status, seconds=retry_after)


def slow(seconds: float) -> Fault:
    """The answer is right, and late."""
    return Fault(Kind.SLOW, seconds=seconds)


def dropped(*, after: bool = False) -> Fault:
    """The connection is cut without an answer."""
    return Fault(Kind.DROP, after=after)


@dataclass(slots=True)
class _Plan:
    fault: Fault
    method: str
    path: str
    left: int | None
    chance: float


@dataclass(frozen=True, slots=True)
class Window:
    """A time in which an installation must not ask anything, because it was told to wait."""

    installation_id: int | None
    start: datetime
    end: datetime


@dataclass(slots=True)
class Faults:
    """Planned faults, and those that happened."""

    random: Random = field(default_factory=lambda: Random(0))  # noqa: S311 - reproducible, no secret
    plans: list[_Plan] = field(default_factory=list)
    happened: list[tuple[str, str, Fault]] = field(default_factory=list)
    windows: list[Window] = field(default_factory=list)

    def plan(
        self, fault: Fault, *, method: str = "*", path: str = "*", times: int | None = 1, chance: float = 1.0
    ) -> None:
        """Let requests suffer a fault: the next `times` that fit (None: all), each with this chance.

        `path` is a pattern such as `/repos/*/issues/*/comments`; `*` stands for anything, slashes too.
        """
        self.plans.append(_Plan(fault, method, path, times, chance))

    def clear(self) -> None:
        """Good weather from now on."""
        self.plans.clear()

    def draw(self, method: str, path: str) -> Fault | None:
        """The fault that this request suffers."""
        for plan in self.plans:
            fits = fnmatchcase(method, plan.method) and fnmatchcase(path, plan.path)
            if not fits or plan.left == 0 or (plan.chance < 1.0 and self.random.random() >= plan.chance):
                continue
            plan.left = None if plan.left is None else plan.left - 1
            self.happened.append((method, path, plan.fault))
            return plan.fault
        return None

    def forbid(self, installation_id: int | None, now: datetime, seconds: float) -> None:
        """Remember that somebody was told to wait."""
        self.windows.append(Window(installation_id, now, now + timedelta(seconds=seconds)))


def limit_answer(fault: Fault, installation_id: int | None, now: datetime) -> tuple[str, Mapping[str, str]]:
    """Message and headers of a limit's answer, as GitHub gives them."""
    if fault.kind is Kind.PRIMARY:
        reset = int((now + timedelta(seconds=fault.seconds or 0)).timestamp()) + 1
        headers = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(reset)}
        return PRIMARY.format(installation=installation_id), headers
    return SECONDARY, {} if fault.seconds is None else {"retry-after": str(int(fault.seconds))}
