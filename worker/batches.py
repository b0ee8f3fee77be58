"""Work on batches of pull requests in several processes: one that dies or hangs costs only what killed it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures import TimeoutError as TaskTimeoutError
from itertools import groupby
from typing import TypeVar

from pebble import ProcessExpired, ProcessPool

from worker.earlier import Placed

T = TypeVar("T")

BATCH = 12
SECONDS_FOR_ONE = 60.0


def batches_of(wanted: Iterable[Placed]) -> Iterator[list[Placed]]:
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


def supervise(
    pool: ProcessPool,
    work: Callable[[list[Placed]], list[T]],
    batches: Iterable[list[Placed]],
    lost: Callable[[Placed, BaseException], T],
) -> Iterator[T]:
    """Hand out batches; one that kills its process or never ends is handed out again, one pull request at a time.

    What `lost` makes of a pull request that ended its process stands in the place of its result.
    """
    waiting: dict[Future[list[T]], list[Placed]] = {}

    def hand_out(batch: list[Placed]) -> None:
        waiting[pool.schedule(work, args=[batch], timeout=SECONDS_FOR_ONE * len(batch))] = batch

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
                yield lost(batch[0], error)
            else:
                for placed in batch:
                    hand_out([placed])


def _death_of(future: Future[list[T]]) -> BaseException | None:
    """What ended the process early, if anything did."""
    error = future.exception()
    if error is None or isinstance(error, (ProcessExpired, TaskTimeoutError, MemoryError)):
        return error
    raise error
