"""Triage many pull requests of a local repository, as they came, on several processes.

Pull requests that ship the same script go to the same process one after the other, so that what is identical is read
once. A process that dies or hangs costs only the pull request that killed it, which is then reported as a fault of
ours: nothing is lost and nothing is passed over in silence.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from typing import Any

from rules.competition import Competition
from rules.precedents import Code
from rules.precedents.code import code_of_text
from rules.reading.git import GitRepository
from rules.submission import PullRequest
from worker import casebook
from worker.agreement import Agreement, compare
from worker.casebook import Hindsight, Screened
from worker.crew import Crew, Entry
from worker.earlier import Placed, place_all
from worker.lineage import Lineage, refused_before
from worker.tables import RulingRow

BASELINE_BYTES = 1_000_000

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
    hindsight: Hindsight | None = None

    def as_json(self) -> dict[str, Any]:
        """The contract's JSON; `agreement` and `precedents` are there when rulings were given."""
        data: dict[str, Any] = {
            "competition": self.competition,
            "version": version("fairway"),
            "seconds": round(self.seconds, 2),
            "pull_requests": list(self.entries),
        }
        if self.agreement is not None:
            data["agreement"] = self.agreement.as_json()
        if self.hindsight is not None:
            data["precedents"] = self.hindsight.as_json()
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
    """Triage the pull requests and compare with the rulings. Raises `UnreadableRepository`.

    With rulings those that were ruled on are screened too, asked for or not: later ones are compared with them.
    """
    started = time.monotonic()
    repository = GitRepository(options.repository)
    placed = list(place_all(repository, options.pull_requests, options.competition))
    taught = [p for p in placed if p.pull_request.number in _teachers(options)]
    screened: dict[int, Screened] = {}
    with Crew(
        options.repository,
        options.competition,
        options.workers,
        guilty=frozenset(r.number for r in options.rulings if r.outcome == casebook.INVALID),
        with_code=bool(options.rulings),
    ) as crew:
        taken, related = _related(placed, options, crew)
        for item in crew.triage(taken, related):
            screened[item.entry["number"]] = item
            progress(len(screened), len(taken))
    chosen = [p.pull_request for p in taken if not options.numbers or p.pull_request.number in options.numbers]
    ordered = [screened[pull_request.number].entry for pull_request in chosen]
    hindsight = None
    if options.rulings:
        casebook.apply(chosen, screened, options.rulings, _baseline(repository, taught, options.competition))
        hindsight = casebook.hindsight(ordered, options.pull_requests, screened, options.rulings)
    return BacktestResult(
        competition=options.competition.name,
        seconds=time.monotonic() - started,
        entries=ordered,
        agreement=compare(ordered, options.rulings) if options.rulings else None,
        unknown=sorted(options.numbers - set(screened)),
        hindsight=hindsight,
    )


def _teachers(options: BacktestOptions) -> frozenset[int]:
    """The pull requests whose rulings teach something."""
    return frozenset(ruling.number for ruling in options.rulings if ruling.outcome in casebook.TEACHING)


def _baseline(repository: GitRepository, placed: Sequence[Placed], competition: Competition) -> list[Code]:
    """The competition's own script at each state that a ruled pull request began from."""
    name = competition.files.baseline_name
    bases = {repository.change(p.pull_request.head_sha).base_sha for p in placed}
    tops = (repository.top_files(base).items() for base in bases)
    found = []
    for content_id in sorted({content_id for top in tops for content_id, path in top if path == name}):
        with suppress(KeyError, ValueError):
            found.append(code_of_text(name, repository.blob(content_id, BASELINE_BYTES)))
    return found


def _related(
    placed: Sequence[Placed], options: BacktestOptions, crew: Crew
) -> tuple[list[Placed], Callable[[Placed], Placed]]:
    """Those that are wanted, and what gives one its nearest earlier ones and what was ruled invalid before its day."""
    numbers = options.numbers | _teachers(options) if options.numbers else options.numbers
    wanted = [p for p in placed if not numbers or p.pull_request.number in numbers]
    last = max((index for index, p in enumerate(placed) if p in wanted[-1:]), default=-1)
    lineage = Lineage(crew.sheets(placed[: last + 1]))

    def related(one: Placed) -> Placed:
        return replace(
            one,
            neighbours=lineage.neighbours(one.pull_request),
            refused=refused_before(one.pull_request, options.rulings),
            plain=lineage.plain(one.pull_request),
        )

    return wanted, related
