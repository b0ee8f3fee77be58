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
from dataclasses import dataclass, field
from importlib.metadata import version
from itertools import groupby
from multiprocessing import get_context
from typing import Any

from pebble import ProcessExpired, ProcessPool

from rules.competition import Competition
from rules.reading.cache import Memory
from rules.reading.git import GitRepository
from rules.report.contract import entry
from rules.rule import internal_error
from rules.screening import Triage
from rules.submission import BaseKind, PullRequest, Scope, Submission
from worker.agreement import Agreement, compare
from worker.earlier import Placed, place_all
from worker.tables import RulingRow
from worker.triage import triage_placed

BATCH = 12
SECONDS_FOR_ONE = 60.0
COLLECT_AFTER = 2_000_000  # objects made and not freed since the last look; some 200 MB
MEMORY_LIMIT = 6 << 30  # address space of one process; what it holds is far less

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
    wanted = [p for p in placed if not options.numbers or p.pull_request.number in options.numbers]
    entries: dict[int, Entry] = {}
    for item in _triage_all(wanted, options):
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


def _triage_all(wanted: Sequence[Placed], options: BacktestOptions) -> Iterator[Entry]:
    batches = list(_batches(wanted))
    if options.workers == 0:
        session = _Session(options.repository, options.competition)
        for batch in batches:
            yield from session.triage(batch)
        return
    with ProcessPool(
        max_workers=options.workers,
        context=get_context("spawn"),
        initializer=_start_process,
        initargs=(options.repository, options.competition),
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


def _supervise(pool: ProcessPool, batches: Sequence[list[Placed]]) -> Iterator[Entry]:
    """Hand out batches; one that kills its process or never ends is handed out again, one pull request at a time."""
    waiting: dict[Future[list[Entry]], list[Placed]] = {}

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


def _death_of(future: Future[list[Entry]]) -> BaseException | None:
    """What ended the process early, if anything did."""
    error = future.exception()
    if error is None or isinstance(error, (ProcessExpired, TaskTimeoutError, MemoryError)):
        return error
    raise error


def _lost(placed: Placed, error: BaseException) -> Entry:
    """An entry for a pull request whose triage ended its process."""
    submission = Submission(placed.pull_request, Scope(folder="", track=None, base=BaseKind.NONE))
    return entry(Triage(submission, (internal_error("all rules", error),), ()), 0.0)


class _Session:
    """One process's repository and what it has read so far."""

    def __init__(self, repository: str, competition: Competition) -> None:
        self._repository = GitRepository(repository)
        self._competition = competition
        self._memory = Memory()

    def triage(self, batch: Sequence[Placed]) -> Iterator[Entry]:
        """Entries for the batch."""
        for placed in batch:
            started = time.process_time()
            triage = triage_placed(self._repository, placed, self._competition, self._memory)
            yield entry(triage, time.process_time() - started)


_session: _Session | None = None


def _start_process(repository: str, competition: Competition) -> None:
    """Runs once in each process of the pool."""
    global _session
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT, MEMORY_LIMIT))
    # Syntax trees are millions of small objects: looking for cycles among them after every few hundred new ones doubles
    # the time. `_triage_batch` looks when many have come to stay.
    gc.freeze()
    gc.disable()
    _session = _Session(repository, competition)


def _triage_batch(batch: list[Placed]) -> list[Entry]:
    if _session is None:
        raise RuntimeError("the process was not started for a backtest")
    entries = list(_session.triage(batch))
    if gc.get_count()[0] > COLLECT_AFTER:
        gc.collect()
    return entries
