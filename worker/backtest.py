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
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures import TimeoutError as TaskTimeoutError
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.metadata import version
from itertools import groupby
from multiprocessing import get_context
from typing import Any

from pebble import ProcessExpired, ProcessPool

from rules.competition import Competition
from rules.precedents import Code, code_of, guilt_of
from rules.precedents.code import code_of_text
from rules.reading.cache import Memory
from rules.reading.git import GitRepository
from rules.report.contract import entry
from rules.rule import internal_error
from rules.screening import Triage
from rules.submission import BaseKind, ChangedFile, PullRequest, Scope, Status, Submission
from worker import casebook
from worker.agreement import Agreement, compare
from worker.casebook import Hindsight, Screened
from worker.earlier import Placed, place_all
from worker.tables import RulingRow
from worker.triage import triage_placed

BATCH = 12
SECONDS_FOR_ONE = 60.0
COLLECT_AFTER = 2_000_000  # objects made and not freed since the last look; some 200 MB
MEMORY_LIMIT = 6 << 30  # address space of one process; what it holds is far less
BASELINE_BYTES = 1_000_000

Progress = Callable[[int, int], None]
Entry = dict[str, Any]


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
    wanted = [p for p in placed if not options.numbers or p.pull_request.number in options.numbers]
    ruled = frozenset(ruling.number for ruling in options.rulings if ruling.outcome in casebook.TEACHING)
    taken = [p for p in placed if p.pull_request.number in options.numbers | ruled] if options.numbers else placed
    screened: dict[int, Screened] = {}
    for item in _triage_all(taken, options):
        screened[item.entry["number"]] = item
        progress(len(screened), len(taken))
    hindsight = None
    chosen = [p.pull_request for p in wanted]
    ordered = [screened[pull_request.number].entry for pull_request in chosen]
    if options.rulings:
        baseline = _baseline(repository, [p for p in taken if p.pull_request.number in ruled], options.competition)
        casebook.apply(chosen, screened, options.rulings, baseline)
        hindsight = casebook.hindsight(ordered, options.pull_requests, screened, options.rulings)
    return BacktestResult(
        competition=options.competition.name,
        seconds=time.monotonic() - started,
        entries=ordered,
        agreement=compare(ordered, options.rulings) if options.rulings else None,
        unknown=sorted(options.numbers - set(screened)),
        hindsight=hindsight,
    )


def _baseline(repository: GitRepository, placed: Iterable[Placed], competition: Competition) -> list[Code]:
    """The competition's own script at each state that a ruled pull request began from."""
    name = competition.files.script
    bases = {repository.change(p.pull_request.head_sha).base_sha for p in placed}
    ids = {repository.top_files(base).get(name) for base in bases if base is not None} - {None}
    files = (
        repository.entry(ChangedFile(name, Status.ADDED, 0o100644, content_id)) for content_id in ids if content_id
    )
    found = []
    for file in files:
        with suppress(KeyError, ValueError):
            found.append(code_of_text(name, file.read(BASELINE_BYTES)))
    return found


def _triage_all(wanted: Sequence[Placed], options: BacktestOptions) -> Iterator[Screened]:
    batches = list(_batches(wanted))
    invalid = frozenset(ruling.number for ruling in options.rulings if ruling.outcome == casebook.INVALID)
    with_code = bool(options.rulings)
    if options.workers == 0:
        session = _Session(options.repository, options.competition, invalid, with_code=with_code)
        for batch in batches:
            yield from session.triage(batch)
        return
    with ProcessPool(
        max_workers=options.workers,
        context=get_context("spawn"),
        initializer=_start_process,
        initargs=(options.repository, options.competition, invalid, with_code),
    ) as pool:
        try:
            yield from _supervise(pool, batches)
        except BaseException:
            pool.stop()  # type: ignore[no-untyped-call]  # leaving the block waits for everything that is still in line
            raise


def _batches(wanted: Iterable[Placed]) -> Iterator[list[Placed]]:
    """Groups of pull requests with the same script kept together, in batches of a moderate size."""
    ordered = sorted(wanted, key=lambda p: (p.script_id, p.pull_request.number))
    batch: list[Placed] = []
    for _, group in groupby(ordered, key=lambda p: p.script_id or str(p.pull_request.number)):
        batch += group
        if len(batch) >= BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _supervise(pool: ProcessPool, batches: Sequence[list[Placed]]) -> Iterator[Screened]:
    """Hand out batches; one that kills its process or never ends is handed out again, one pull request at a time."""
    waiting: dict[Future[list[Screened]], list[Placed]] = {}

    def hand_out(batch: list[Placed]) -> None:
        future = pool.schedule(_triage_batch, args=[batch], timeout=SECONDS_FOR_ONE * len(batch))
        waiting[future] = batch

    for batch in batches:
        hand_out(batch)
    while waiting:
        done, _ = wait(waiting, return_when=FIRST_COMPLETED)
        for future in done:
            batch = waiting.pop(future)
            error = _death_of(future)
            if error is None:
                yield from future.result()
            elif len(batch) == 1:
                yield _lost(batch[0], error)
            else:
                for placed in batch:
                    hand_out([placed])


def _death_of(future: Future[list[Screened]]) -> BaseException | None:
    """What ended the process early, if anything did."""
    error = future.exception()
    if error is None or isinstance(error, (ProcessExpired, TaskTimeoutError, MemoryError)):
        return error
    raise error


def _lost(placed: Placed, error: BaseException) -> Screened:
    """An entry for a pull request whose triage ended its process."""
    submission = Submission(placed.pull_request, Scope(folder="", track=None, base=BaseKind.NONE))
    return Screened(entry(Triage(submission, (internal_error("all rules", error),), ()), 0.0))


class _Session:
    """One process's repository and what it has read so far. `invalid`: whose findings will be precedents."""

    def __init__(self, repository: str, competition: Competition, invalid: frozenset[int], *, with_code: bool) -> None:
        self._repository = GitRepository(repository)
        self._competition = competition
        self._memory = Memory()
        self._invalid, self._with_code = invalid, with_code

    def triage(self, batch: Sequence[Placed]) -> Iterator[Screened]:
        """Entries for the batch, and the code of each where precedents are asked for."""
        for placed in batch:
            started = time.process_time()
            triage = triage_placed(self._repository, placed, self._competition, self._memory)
            code = code_of(triage.submission) if self._with_code else Code()
            told = entry(triage, time.process_time() - started)
            guilty = placed.pull_request.number in self._invalid
            yield Screened(told, code.packed(), guilt_of(told["findings"], code) if guilty else ())


_session: _Session | None = None


def _start_process(repository: str, competition: Competition, invalid: frozenset[int], with_code: bool) -> None:
    """Runs once in each process of the pool."""
    global _session
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT, MEMORY_LIMIT))
    # Syntax trees are millions of small objects: looking for cycles among them after every few hundred new ones doubles
    # the time. `_triage_batch` looks when many have come to stay.
    gc.freeze()
    gc.disable()
    _session = _Session(repository, competition, invalid, with_code=with_code)


def _triage_batch(batch: list[Placed]) -> list[Screened]:
    if _session is None:
        raise RuntimeError("the process was not started for a backtest")
    entries = list(_session.triage(batch))
    if gc.get_count()[0] > COLLECT_AFTER:
        gc.collect()
    return entries
