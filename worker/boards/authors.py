"""For organizers only: what each author submitted, how it was ruled, and which techniques they were the first to use.

A first use is told where others took the technique up afterwards. It says when something was seen first in code here,
not who thought of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from worker.boards.values import Candidate

REFUSED = ("rejected", "invalid")


@dataclass(frozen=True, slots=True)
class FirstUse:
    """A technique that an author used first, in a pull request, and how many other authors did later."""

    technique: str
    number: int
    on: date
    taken_up_by: int

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "technique": self.technique,
            "number": self.number,
            "on": self.on.isoformat(),
            "taken_up_by": self.taken_up_by,
        }


@dataclass(frozen=True, slots=True)
class Author:
    """One author. `outcomes` counts decisions, `verdicts` what the checks say; `best` is the best accepted score."""

    login: str
    numbers: tuple[int, ...]
    outcomes: Counter[str]
    verdicts: Counter[str]
    best: float | None
    first_uses: tuple[FirstUse, ...]
    agents: tuple[str, ...]
    built_on_by: int

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "login": self.login,
            "submissions": list(self.numbers),
            "outcomes": dict(self.outcomes),
            "verdicts": dict(self.verdicts),
            "best_accepted": None if self.best is None else round(self.best, 8),
            "first_uses": [use.as_json() for use in self.first_uses],
            "agents": list(self.agents),
            "cited_by_others": self.built_on_by,
        }


def authors(candidates: Iterable[Candidate], *, lower_is_better: bool = True) -> list[Author]:
    """Everybody with a submission folder, those whose techniques most others took up first."""
    ordered = sorted(candidates, key=lambda one: (one.created_at, one.number))
    ordered = [one for one in ordered if one.entry.get("folder")]
    first = dict(_first_uses(ordered))
    cited = _cited(ordered)
    by_login: dict[str, list[Candidate]] = {}
    for one in ordered:
        by_login.setdefault(one.author, []).append(one)
    found = [_author(login, ones, first, cited, lower_is_better) for login, ones in by_login.items()]
    return sorted(found, key=lambda a: (-sum(use.taken_up_by for use in a.first_uses), -len(a.numbers), a.login))


def _author(
    login: str,
    ones: Sequence[Candidate],
    first: dict[str, tuple[Candidate, int]],
    cited: Counter[str],
    lower_is_better: bool,
) -> Author:
    scores = [score for one in ones if one.outcome == "accepted" and (score := one.score) is not None]
    uses = [
        FirstUse(technique, by.number, by.created_at.date(), others)
        for technique, (by, others) in first.items()
        if by.author == login and others
    ]
    return Author(
        login=login,
        numbers=tuple(one.number for one in ones),
        outcomes=Counter(one.outcome for one in ones if one.outcome),
        verdicts=Counter(one.entry["verdict"] for one in ones),
        best=(min if lower_is_better else max)(scores, default=None),
        first_uses=tuple(sorted(uses, key=lambda use: -use.taken_up_by)),
        agents=tuple(sorted({agent for one in ones for agent in one.agents})),
        built_on_by=cited[login],
    )


def _first_uses(ordered: Sequence[Candidate]) -> Iterator[tuple[str, tuple[Candidate, int]]]:
    """Technique → who used it first, and how many other authors did later. What was refused is nobody's first use."""
    first: dict[str, Candidate] = {}
    others: dict[str, set[str]] = {}
    for one in ordered:
        for technique in one.entry["techniques"]:
            if technique in first:
                others[technique].add(one.author)
            elif one.outcome not in REFUSED:
                first[technique], others[technique] = one, set()
    for technique, one in first.items():
        yield technique, (one, len(others[technique] - {one.author}))


def _cited(ordered: Sequence[Candidate]) -> Counter[str]:
    """How many submissions of others name one of an author's as their parent."""
    author_of = {one.number: one.author for one in ordered}
    found: Counter[str] = Counter()
    for one in ordered:
        parents = {author_of.get(p["number"]) for p in one.entry.get("parents", ()) if p["cited"]}
        found.update(author for author in parents if author is not None and author != one.author)
    return found
