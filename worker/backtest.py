"""Triage many pull requests of a local repository, as they came, on several processes.

Pull requests that ship the same script go to the same process one after the other, so that what is identical is read
once. A process that dies or hangs costs only the pull request that killed it, which is then reported as a fault of
ours: nothing is lost and nothing is passed over in silence.
"""

from __future__ import annotations

import gc
import resource
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from itertools import chain
from multiprocessing import get_context
from typing import Any, TypeVar

from pebble import ProcessPool

from rules.competition import Competition
from rules.precedents import Code, code_of, guilt_of
from rules.precedents.code import code_of_text
from rules.reading.cache import Memory
from rules.reading.git import GitRepository
from rules.report.contract import entry
from rules.rule import internal_error
from rules.screening import Triage
from rules.submission import BaseKind, PullRequest, Scope, Submission
from worker import casebook
from worker.agreement import Agreement, compare
from worker.batches import batches_of, supervise
from worker.casebook import Hindsight, Screened
from worker.earlier import Placed, place_all
from worker.lineage import Lineage, refused_before
from worker.sheets import Sheet, SheetReader
from worker.tables import RulingRow
from worker.triage import triage_placed

COLLECT_AFTER = 2_000_000  # objects made and not freed since the last look; some 200 MB
MEMORY_LIMIT = 6 << 30  # address space of one process; what it holds is far less
BASELINE_BYTES = 1_000_000

Progress = Callable[[int, int], None]
Entry = dict[str, Any]
T = TypeVar("T")


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
    with _Crew(options) as crew:
        taken = _related(placed, options, crew)
        for item in crew.triage(taken):
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


def _related(placed: Sequence[Placed], options: BacktestOptions, crew: _Crew) -> list[Placed]:
    """Those that are wanted, each with its nearest earlier ones and what was ruled invalid before its day."""
    numbers = options.numbers | _teachers(options) if options.numbers else options.numbers
    wanted = [p for p in placed if not numbers or p.pull_request.number in numbers]
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


class _Crew:
    """The processes of one backtest, or this process alone."""

    def __init__(self, options: BacktestOptions) -> None:
        self._options = options
        self._pool: ProcessPool | None = None
        self._session: _Session | None = None

    def __enter__(self) -> _Crew:
        options = self._options
        if options.workers == 0:
            self._session = _Session(*self._arguments())
            return self
        self._pool = ProcessPool(
            max_workers=options.workers,
            context=get_context("spawn"),
            initializer=_start_process,
            initargs=self._arguments(),
        )
        return self

    def _arguments(self) -> tuple[str, Competition, frozenset[int], bool]:
        invalid = frozenset(r.number for r in self._options.rulings if r.outcome == casebook.INVALID)
        return self._options.repository, self._options.competition, invalid, bool(self._options.rulings)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self._pool is not None:
            if kind is None:
                self._pool.close()  # type: ignore[no-untyped-call]
            else:
                self._pool.stop()  # type: ignore[no-untyped-call]  # or what is still in line would be waited for
            self._pool.join()

    def sheets(self, placed: Sequence[Placed]) -> Iterator[Sheet]:
        """The sheet of each, in any order."""
        return self._work(placed, _Session.sheet, _sheet_batch, lambda p, _: Sheet(p.pull_request))

    def triage(self, placed: Sequence[Placed]) -> Iterator[Screened]:
        """The entry of each, in any order."""
        return self._work(placed, _Session.triage, _triage_batch, _lost)

    def _work(
        self,
        placed: Sequence[Placed],
        here: Callable[[_Session, Placed], T],
        there: Callable[[list[Placed]], list[T]],
        lost: Callable[[Placed, BaseException], T],
    ) -> Iterator[T]:
        batches = list(batches_of(placed))
        if self._session is not None:
            for item in chain.from_iterable(batches):
                yield here(self._session, item)
        elif self._pool is not None:
            yield from supervise(self._pool, there, batches, lost)


def _lost(placed: Placed, error: BaseException) -> Screened:
    """An entry for a pull request whose triage ended its process."""
    submission = Submission(placed.pull_request, Scope(folder="", track=None, base=BaseKind.NONE))
    return Screened(entry(Triage(submission, (internal_error("all rules", error),), ()), 0.0))


class _Session:
    """One process's repository and what it has read so far. `invalid`: whose findings become precedents."""

    def __init__(self, repository: str, competition: Competition, invalid: frozenset[int], with_code: bool) -> None:
        self._repository = GitRepository(repository)
        self._competition = competition
        self._memory = Memory()
        self._invalid, self._with_code = invalid, with_code
        self._sheets = SheetReader(self._repository, competition)

    def triage(self, placed: Placed) -> Screened:
        """The entry of one, and its code where precedents are asked for."""
        started = time.process_time()
        triage = triage_placed(self._repository, placed, self._competition, self._memory)
        code = code_of(triage.submission) if self._with_code else Code()
        told = entry(triage, time.process_time() - started)
        guilty = placed.pull_request.number in self._invalid
        return Screened(told, code.packed(), guilt_of(told["findings"], code) if guilty else ())

    def sheet(self, placed: Placed) -> Sheet:
        """The sheet of one."""
        return self._sheets.read(placed)


_session: _Session | None = None


def _start_process(repository: str, competition: Competition, invalid: frozenset[int], with_code: bool) -> None:
    """Runs once in each process of the pool."""
    global _session
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT, MEMORY_LIMIT))
    # Syntax trees are millions of small objects: looking for cycles among them after every few hundred new ones doubles
    # the time. `_triage_batch` looks when many have come to stay.
    gc.freeze()
    gc.disable()
    _session = _Session(repository, competition, invalid, with_code)


def _sheet_batch(batch: list[Placed]) -> list[Sheet]:
    return _tidily([_of_process().sheet(placed) for placed in batch])


def _triage_batch(batch: list[Placed]) -> list[Screened]:
    return _tidily([_of_process().triage(placed) for placed in batch])


def _of_process() -> _Session:
    if _session is None:
        raise RuntimeError("the process was not started for a backtest")
    return _session


def _tidily(results: list[T]) -> list[T]:
    """The results, after a look for cycles where many objects have come to stay."""
    if gc.get_count()[0] > COLLECT_AFTER:
        gc.collect()
    return results
