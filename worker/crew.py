"""The processes that read and triage for a backtest, or this process alone."""

from __future__ import annotations

import gc
import resource
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from multiprocessing import get_context
from multiprocessing.context import BaseContext
from typing import Any, TypeVar

from pebble import ProcessPool

from rules import catalog
from rules.analysis.flow.walk import released
from rules.competition import Competition
from rules.precedents import Code, code_of, guilt_of
from rules.reading.cache import Memory
from rules.reading.git import GitRepository
from rules.report.contract import entry
from rules.rule import internal_error
from rules.screening import Triage
from rules.submission import BaseKind, Scope, Submission
from rules.techniques import detectors
from worker.batches import batches_of, supervise
from worker.casebook import Screened
from worker.earlier import Placed
from worker.sheets import Sheet, SheetReader
from worker.triage import triage_placed

COLLECT_AFTER = 500_000  # objects made and not freed since the last look; some 50 MB
BATCHES_AT_MOST = 40  # after which a process is replaced, since what it holds only grows
MEMORY_LIMIT = 6 << 30  # address space of one process; what it holds is far less

Entry = dict[str, Any]
T = TypeVar("T")


class Crew:
    """Some processes on one repository. `workers` 0: this process.

    `with_code`: keep the code of each for comparisons with precedents; `guilty`: whose findings become precedents.
    """

    def __init__(
        self,
        repository: str,
        competition: Competition,
        workers: int,
        *,
        guilty: frozenset[int] = frozenset(),
        with_code: bool = False,
    ) -> None:
        self._of = repository, competition, guilty, with_code
        self._workers = workers
        self._pool: ProcessPool | None = None
        self._session: _Session | None = None

    def __enter__(self) -> Crew:
        if self._workers == 0:
            self._session = _Session(*self._of)
            return self
        self._pool = ProcessPool(
            max_workers=self._workers,
            max_tasks=BATCHES_AT_MOST,
            context=forking(),
            initializer=_start_process,
            initargs=self._of,
        )
        return self

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

    def triage(self, placed: Sequence[Placed], complete: Callable[[Placed], Placed]) -> Iterator[Screened]:
        """The entry of each, and its code where that is asked for, in any order.

        `complete` puts in what is known of others, here, while the processes work on those that have it.
        """
        return self._work(placed, _Session.triage, _triage_batch, _lost, complete)

    def _work(
        self,
        placed: Sequence[Placed],
        here: Callable[[_Session, Placed], T],
        there: Callable[[list[Placed]], list[T]],
        lost: Callable[[Placed, BaseException], T],
        complete: Callable[[Placed], Placed] = lambda p: p,
    ) -> Iterator[T]:
        batches = (list(map(complete, batch)) for batch in batches_of(placed))
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
    """One process's repository and what it has read so far."""

    def __init__(self, repository: str, competition: Competition, guilty: frozenset[int], with_code: bool) -> None:
        self._repository = GitRepository(repository)
        self._competition = competition
        self._memory = Memory()
        self._guilty, self._with_code = guilty, with_code
        self._sheets = SheetReader(self._repository, competition)

    def triage(self, placed: Placed) -> Screened:
        """The entry of one."""
        started = time.process_time()
        with released():
            triage = triage_placed(self._repository, placed, self._competition, self._memory)
            code = code_of(triage.submission) if self._with_code else Code()
            told = entry(triage, time.process_time() - started)
        guilty = placed.pull_request.number in self._guilty
        return Screened(told, code.packed(), guilt_of(told["findings"], code) if guilty else ())

    def sheet(self, placed: Placed) -> Sheet:
        """The sheet of one."""
        return self._sheets.read(placed)


def forking() -> BaseContext:
    """For processes that are forked from one which has imported all this and done no more: they start at once."""
    context = get_context("forkserver")
    found = [*(rule.check for rule in catalog.entries()), *(technique.detect for technique in detectors())]
    context.set_forkserver_preload([__name__, *(one.__module__ for one in found)])
    return context


_session: _Session | None = None


def _start_process(repository: str, competition: Competition, guilty: frozenset[int], with_code: bool) -> None:
    """Runs once in each process of the pool."""
    global _session
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT, MEMORY_LIMIT))
    # Syntax trees are millions of small objects: looking for cycles among them after every few hundred new ones doubles
    # the time. `_triage_batch` looks when many have come to stay.
    gc.freeze()
    gc.disable()
    _session = _Session(repository, competition, guilty, with_code)


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
