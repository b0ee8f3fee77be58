"""A leaderboard as values: accepted submissions of one track, with their place in time and in the lineage."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from statistics import fmean, stdev
from typing import Any

from rules import records, techniques
from rules.competition import Competition, Track
from rules.statistics import Runs

ACCEPTED = "accepted"
MOST_CREDITS = 5
MOST_NEW = 6


@dataclass(frozen=True, slots=True)
class Candidate:
    """A submission as it stands: who, when, what was ruled, and its entry as in the JSON contract.

    `outcome` is `accepted`, `rejected` …, "" without a decision.
    """

    number: int
    author: str
    title: str
    created_at: datetime
    outcome: str
    ruled_on: date | None
    entry: Mapping[str, Any]
    head_sha: str = ""

    @property
    def scores(self) -> tuple[float, ...]:
        """The measured score of each run; none where no log shows it."""
        found = (run["val_bpb"] for run in self.entry.get("runs", ()))
        return tuple(score for score in found if score is not None)

    @property
    def score(self) -> float | None:
        """The mean over its runs, or what the logs show as one number."""
        if self.scores:
            return fmean(self.scores)
        value = self.entry["measurements"]["val_bpb"]
        return None if value is None else float(value)

    @property
    def standing(self) -> records.Entry | None:
        """What the statistics compare; None without a measured score. Nats per bit as far as its logs print both."""
        score = self.score
        if score is None:
            return None
        pairs = [(run["val_loss"], run["val_bpb"]) for run in self.entry.get("runs", ())]
        ratios = [loss / bpb for loss, bpb in pairs if loss and bpb]
        seeds = tuple(run["seed"] for run in self.entry.get("runs", ()) if run["seed"] is not None)
        runs = Runs(self.scores or (score,), seeds)
        return records.Entry(self.number, self.created_at, runs, self.author, fmean(ratios) if ratios else None)

    @property
    def agents(self) -> tuple[str, ...]:
        """Coding agents that the author discloses."""
        return tuple(self.entry.get("agents", ()))


@dataclass(frozen=True, slots=True)
class Credit:
    """An earlier pull request that this one builds on. `cited`: its author says so."""

    number: int
    author: str
    cited: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One place of a leaderboard. `frontier`: better than everything accepted that was opened before it.

    `p_value` is the chance of its gain over `incumbent`, the best when it was opened, were the true gain no more than
    the margin of its day (`rules.statistics`); None where the runs do not tell. `adds` are techniques and settings.
    """

    place: int
    number: int
    author: str
    title: str
    opened: date
    ruled_on: date | None
    score: float
    deviation: float | None
    runs: int
    credits: tuple[Credit, ...]
    agents: tuple[str, ...]
    adds: tuple[str, ...]
    frontier: bool
    incumbent: int | None
    p_value: float | None
    folder: str
    head_sha: str


@dataclass(frozen=True, slots=True)
class Board:
    """A track's accepted submissions, the best first. `unplaced` are accepted ones whose logs show no score."""

    competition: Competition
    track: Track
    rows: tuple[Row, ...]
    unplaced: tuple[int, ...] = ()
    frontier: tuple[Row, ...] = field(default=())


def board(
    candidates: Iterable[Candidate], competition: Competition, track: Track, *, without_agents: bool = False
) -> Board:
    """The leaderboard of a track.

    `without_agents` leaves out submissions whose authors disclose coding agents; places and frontier are then those of
    the others among themselves. What is disclosed is no judgement.
    """
    known = {one.number: one for one in candidates}
    accepted = [c for c in known.values() if c.outcome == ACCEPTED and c.entry["track"] == track.name]
    chosen = [c for c in accepted if not (without_agents and c.agents)]
    scored = [(c, entry) for c in chosen if (entry := c.standing) is not None]
    steps = records.frontier((entry for _, entry in scored), competition)
    sign = 1 if competition.metric.better == "lower" else -1
    scored.sort(key=lambda one: (sign * one[1].runs.mean, one[0].created_at, one[0].number))
    rows = tuple(_row(place, *one, steps, known, competition) for place, one in enumerate(scored, 1))
    by_number = {row.number: row for row in rows}
    frontier = tuple(by_number[step.entry.number] for step in steps)
    return Board(competition, track, rows, tuple(sorted({c.number for c in chosen} - set(by_number))), frontier)


def _row(
    place: int,
    candidate: Candidate,
    entry: records.Entry,
    steps: Sequence[records.Step],
    known: Mapping[int, Candidate],
    competition: Competition,
) -> Row:
    scores = candidate.scores
    earlier = (s.entry for s in reversed(steps) if s.entry.created_at < entry.created_at)
    incumbent = next(earlier, None)
    found = records.judge(entry, None if incumbent is None else incumbent.runs, competition).comparison
    return Row(
        place=place,
        number=candidate.number,
        author=candidate.author,
        title=candidate.title,
        opened=candidate.created_at.date(),
        ruled_on=candidate.ruled_on,
        score=entry.runs.mean,
        deviation=stdev(scores) if len(scores) > 1 else None,
        runs=len(scores) or 1,
        credits=tuple(credits_of(candidate, known))[:MOST_CREDITS],
        agents=candidate.agents,
        adds=adds_of(candidate, known),
        frontier=any(step.entry.number == candidate.number for step in steps),
        incumbent=None if incumbent is None else incumbent.number,
        p_value=None if found is None else found.p,
        folder=candidate.entry.get("folder", ""),
        head_sha=candidate.head_sha or candidate.entry["head_sha"],
    )


def credits_of(candidate: Candidate, known: Mapping[int, Candidate]) -> Iterator[Credit]:
    """Earlier ones of others that it cites as parents, then the nearest that it does not cite."""
    parents = candidate.entry.get("parents", ())
    for parent in (*(p for p in parents if p["cited"]), *(p for p in parents if not p["cited"])):
        one = known.get(parent["number"])
        if one is None or (one.author != candidate.author and one.created_at <= candidate.created_at):
            yield Credit(parent["number"], "" if one is None else one.author, parent["cited"])


def adds_of(candidate: Candidate, known: Mapping[int, Candidate]) -> tuple[str, ...]:
    """What it adds: by the comparison with its parent, else the techniques that none of its parents has."""
    titles = {detector.name: detector.title for detector in techniques.detectors()}
    new = candidate.entry.get("new")
    if new is not None:
        settings = [f"{s['name']} {s['before'] or 'unset'} → {s['after'] or 'unset'}" for s in new["settings"]]
        return (*(_titled(name, titles) for name in new["gained"]), *settings)[:MOST_NEW]
    numbers = [parent["number"] for parent in candidate.entry.get("parents", ())]
    had = {name for number in numbers if number in known for name in known[number].entry["techniques"]}
    return tuple(_titled(name, titles) for name in candidate.entry["techniques"] if name not in had)[:MOST_NEW]


def _titled(name: str, titles: Mapping[str, str]) -> str:
    """A technique by its title; a detail behind its name stays."""
    return titles.get(name, name)
