"""How many submissions came in and were decided on, and how many disclose coding agents, week by week."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from worker.boards.values import Candidate


@dataclass(frozen=True, slots=True)
class Week:
    """A week from its Monday on: submissions that were opened, those that disclose an agent, and which ones."""

    monday: date
    opened: int
    disclosed: int
    agents: tuple[tuple[str, int], ...]

    @property
    def share(self) -> float:
        """The part that discloses an agent, 0 to 1."""
        return self.disclosed / self.opened

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "week": self.monday.isoformat(),
            "opened": self.opened,
            "disclosed": self.disclosed,
            "share": round(self.share, 4),
            "agents": dict(self.agents),
        }


def weeks(candidates: Iterable[Candidate]) -> list[Week]:
    """The weeks in which something was opened, in their order."""
    found: dict[date, list[Candidate]] = {}
    for one in candidates:
        day = one.created_at.date()
        found.setdefault(day - timedelta(days=day.weekday()), []).append(one)
    return [_week(monday, ones) for monday, ones in sorted(found.items())]


def _week(monday: date, ones: list[Candidate]) -> Week:
    agents = Counter(agent for one in ones for agent in set(one.agents))
    ordered = sorted(agents.items(), key=lambda item: (-item[1], item[0]))
    return Week(monday, len(ones), sum(bool(one.agents) for one in ones), tuple(ordered))
