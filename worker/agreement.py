"""How Fairway's findings agree with what people ruled.

A ruled category counts as found when a finding of that category weighs at least `incomplete` for incomplete and invalid
rulings, and anything for the others, where the ruling itself says that little was wrong.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rules.rule import Severity
from rules.verdict import Verdict
from worker.tables import RulingRow

Entry = Mapping[str, Any]

_NEEDED = {"invalid": Severity.INCOMPLETE, "incomplete": Severity.INCOMPLETE}


@dataclass(slots=True)
class CategoryCount:
    """Rulings of one outcome that name a category: how many, and how many have a finding of it."""

    ruled: int = 0
    found: int = 0
    missed: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Agreement:
    """Findings beside rulings. `verdicts[outcome][verdict]` counts; `blocked` lists accepted ones that got a block."""

    ruled: Counter[str] = field(default_factory=Counter)
    absent: list[int] = field(default_factory=list)
    any_category: Counter[str] = field(default_factory=Counter)
    verdicts: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    categories: dict[tuple[str, str], CategoryCount] = field(default_factory=lambda: defaultdict(CategoryCount))
    false_alarms: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    blocked: list[tuple[int, str]] = field(default_factory=list)
    missed: list[int] = field(default_factory=list)
    accepted: set[int] = field(default_factory=set)

    def as_json(self) -> dict[str, Any]:
        """Plain values for the backtest's JSON."""
        return {
            "ruled": dict(self.ruled),
            "absent": self.absent,
            "with_ruled_category": dict(self.any_category),
            "verdicts": {outcome: dict(counts) for outcome, counts in self.verdicts.items()},
            "recall": [
                {"outcome": outcome, "category": category, "ruled": c.ruled, "found": c.found, "missed": c.missed}
                for (outcome, category), c in sorted(self.categories.items())
            ],
            "false_alarms_on_accepted": dict(self.false_alarms),
            "blocked_though_accepted": [{"number": n, "code": code} for n, code in self.blocked],
            "missed": self.missed,
        }


def compare(entries: Sequence[Entry], rulings: Sequence[RulingRow]) -> Agreement:
    """Compare a backtest's entries with rulings; rulings on pull requests that were not triaged are `absent`."""
    by_number = {entry["number"]: entry for entry in entries}
    result = Agreement()
    for ruling in rulings:
        entry = by_number.get(ruling.number)
        if entry is None:
            result.absent.append(ruling.number)
            continue
        result.ruled[ruling.outcome] += 1
        result.verdicts[ruling.outcome][entry["verdict"]] += 1
        if ruling.outcome == "accepted":
            result.accepted.add(ruling.number)
            _count_alarms(result, entry)
        else:
            _count_recall(result, ruling, entry)
    return result


def _count_alarms(result: Agreement, entry: Entry) -> None:
    for finding in entry["findings"]:
        if finding["severity"] == Severity.BLOCK:
            result.blocked.append((entry["number"], finding["code"]))
        if finding["severity"] in (Severity.BLOCK, Severity.REVIEW):
            numbers = result.false_alarms[finding["category"]]
            if entry["number"] not in numbers:
                numbers.append(entry["number"])


def _count_recall(result: Agreement, ruling: RulingRow, entry: Entry) -> None:
    needed = _NEEDED.get(ruling.outcome, Severity.NOTE)
    found = {f["category"] for f in entry["findings"] if Severity(f["severity"]).rank >= needed.rank}
    for category in ruling.reasons:
        count = result.categories[ruling.outcome, category]
        count.ruled += 1
        if category in found:
            count.found += 1
        else:
            count.missed.append(ruling.number)
    if found & set(ruling.reasons):
        result.any_category[ruling.outcome] += 1
    elif ruling.outcome != "not-record" or entry["verdict"] == Verdict.CLEAR:
        result.missed.append(ruling.number)
