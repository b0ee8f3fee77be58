"""Batches of pull requests in several processes."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable

import pytest
from pebble import ProcessPool

from rules.submission import PullRequest
from worker import batches
from worker.crew import forking
from worker.earlier import Placed

DEADLY = 5


def _placed(number: int) -> Placed:
    return Placed(PullRequest(number, ""), frozenset(), (), "")


def _killed(batch: list[Placed]) -> list[int]:
    if any(one.pull_request.number == DEADLY for one in batch):
        os.kill(os.getpid(), signal.SIGKILL)
    return [one.pull_request.number for one in batch]


def _hung(batch: list[Placed]) -> list[int]:
    if any(one.pull_request.number == DEADLY for one in batch):
        time.sleep(60)
    return [one.pull_request.number for one in batch]


@pytest.mark.parametrize("work", [_killed, _hung])
def test_what_ends_its_process_costs_itself_alone(
    work: Callable[[list[Placed]], list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "SECONDS_FOR_ONE", 1.0)
    given = [[_placed(number) for number in range(first, first + 3)] for first in (0, 3, 6)]
    with ProcessPool(max_workers=2, context=forking()) as pool:
        found = sorted(batches.supervise(pool, work, given, lambda one, _: -one.pull_request.number))
    assert found == [-DEADLY, 0, 1, 2, 3, 4, 6, 7, 8]
