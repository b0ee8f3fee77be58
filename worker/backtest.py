"""Triage many pull requests of a local repository, as they came, on several processes.

Pull requests that ship the same script go to the same process one after the other, so that what is identical is read
once. A process that dies or hangs costs only the pull request that killed it, which is then reported as a fault of
ours: nothing is lost and nothing is passed over in silence.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from typing import Any

from rules.competition import Competition
from rules.reading.git import GitRepository
from rules.submission import PullRequest
from worker.agreement import Agreement, compare
from worker.crew import Crew, Entry
from worker.earlier import Placed, place_all
from worker.lineage import Lineage, refused_before
from worker.tables import RulingRow

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class BacktestOptions:
    """What to triage. `numbers` empty: all of them. `workers` 0: in this process."""

    repository: str
    pull_requests: Sequence[PullRequest]
    competition: Competition
    rulings: Sequence[RulingRow] = ()
    numbers: frozenset[int] = frozenset()
    workers: int = 0


@dataclass(frozen=True, slots=True)
class BacktestResult:
    """Entries in order of creation, and how they agree with the rulings given."""

    competition: str
    seconds: float
    entries: Sequence[Entry]
    agreement: Agreement | None
    unknown: Sequence[int] = ()

    def as_json(self) -> dict[str, Any]:
        """The contract's JSON; `agreement` is there when rulings were given."""
        data: dict[str, Any] = {
            "competition": self.competition,
            "version": version("fairway"),
            "seconds": round(self.seconds, 2),
            "pull_requests": list(self.entries),
        }
        if self.agreement is not None:
            data["agreement"] = self.agreement.as_json()
        return data

    def summary(self) -> Summary:
        """Counts for a person."""
        found = Summary(total=len(self.entries), seconds=self.seconds)
        for item in self.entries:
            found.verdicts[item["verdict"]] += 1
            for code, severity in {(f["code"], f["severity"]) for f in item["findings"]}:
                found.codes[code, severity] += 1
        return found


@dataclass(slots=True)
class Summary:
    """Pull requests by verdict, and by code and severity of their findings."""

    total: int
    seconds: float
    verdicts: Counter[str] = field(default_factory=Counter)
    codes: Counter[tuple[str, str]] = field(default_factory=Counter)


def _silent(done: int, total: int) -> None:
    """No progress is shown."""


def run(options: BacktestOptions, progress: Progress = _silent) -> BacktestResult:
    """Triage the pull requests and compare with the rulings. Raises `UnreadableRepository`."""
    started = time.monotonic()
    placed = list(place_all(GitRepository(options.repository), options.pull_requests, options.competition))
    entries: dict[int, Entry] = {}
    with Crew(options.repository, options.competition, options.workers) as crew:
        wanted = _related(placed, options, crew)
        for item in crew.triage(wanted):
            entries[item["number"]] = item
            progress(len(entries), len(wanted))
    ordered = [entries[p.pull_request.number] for p in wanted]
    return BacktestResult(
        competition=options.competition.name,
        seconds=time.monotonic() - started,
        entries=ordered,
        agreement=compare(ordered, options.rulings) if options.rulings else None,
        unknown=sorted(options.numbers - set(entries)),
    )


def _related(placed: Sequence[Placed], options: BacktestOptions, crew: Crew) -> list[Placed]:
    """Those that are wanted, each with its nearest earlier ones and what was ruled invalid before its day."""
    wanted = [p for p in placed if not options.numbers or p.pull_request.number in options.numbers]
    last = max((index for index, p in enumerate(placed) if p in wanted[-1:]), default=-1)
    lineage = Lineage(crew.sheets(placed[: last + 1]))
    return [
        replace(
            p,
            neighbours=lineage.neighbours(p.pull_request),
            refused=refused_before(p.pull_request, options.rulings),
        )
        for p in wanted
    ]
