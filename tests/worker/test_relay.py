"""The relay outlives whatever happens to database and broker."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from tests.processes import wait_until
from tests.worker.bare import Bare, bare
from worker.relay import MOST_SECONDS, Outbox, Relay
from worker.store.models import Stage


@pytest.fixture
def pipeline(tmp_path: Path) -> Iterator[Bare]:
    with bare(f"sqlite:///{tmp_path / 'fairway.db'}", tmp_path, {}) as made:
        yield made


class Line:
    """A doorbell and a database that are there or not."""

    def __init__(self, pipeline: Bare) -> None:
        self.pipeline = pipeline
        self.rung: list[tuple[Stage, UUID]] = []
        self.broker = self.database = True
        self.alive = 0

    def announce(self, stage: Stage, job_id: UUID, _place: str) -> None:
        if not self.broker:
            raise ConnectionRefusedError("nobody there")
        self.rung.append((stage, job_id))

    def scope(self) -> AbstractContextManager[Session]:
        if not self.database:
            raise OperationalError("SELECT 1", {}, ConnectionError("gone\nis the server running?"))
        return self.pipeline.context.scope()

    def live(self) -> None:
        self.alive += 1

    def relay(self) -> Relay:
        return Relay(Outbox(self.scope, self.announce), seconds=0.01, on_round=self.live)


@pytest.fixture
def line(pipeline: Bare) -> Line:
    return Line(pipeline)


def test_what_is_due_is_announced_once(line: Line) -> None:
    job_id = line.pipeline.ask(Stage.FETCH, "5#7")
    relay = line.relay()
    relay.round()
    relay.round()
    assert line.rung == [(Stage.FETCH, job_id)]


def test_of_two_relays_one_announces(line: Line) -> None:
    job_id = line.pipeline.ask(Stage.FETCH, "5#7")
    for relay in (line.relay(), line.relay()):
        relay.round()
    assert line.rung == [(Stage.FETCH, job_id)]


def test_what_the_broker_does_not_take_stays_due(line: Line) -> None:
    job_id = line.pipeline.ask(Stage.FETCH, "5#7")
    relay = line.relay()
    line.broker = False
    relay.round()
    relay.round()
    line.broker = True
    relay.round()
    assert line.rung == [(Stage.FETCH, job_id)]


@pytest.mark.parametrize("away", ["broker", "database"])
def test_a_fault_is_told_when_it_begins_and_when_it_ends(
    line: Line, away: str, caplog: pytest.LogCaptureFixture
) -> None:
    line.pipeline.ask(Stage.FETCH, "5#7")
    relay = line.relay()
    with caplog.at_level(logging.INFO):
        setattr(line, away, False)
        for _ in range(5):
            relay.round()
        assert line.alive == 0
        setattr(line, away, True)
        for _ in range(5):
            relay.round()
    assert line.alive == 5
    told = [record.message for record in caplog.records]
    assert [words.split(",")[0].split(" after")[0] for words in told] == ["the relay stands still", "the relay goes on"]
    assert "\n" not in "".join(told)


def test_while_a_fault_lasts_the_rounds_become_fewer_and_afterwards_they_are_as_many_as_before(line: Line) -> None:
    line.pipeline.ask(Stage.FETCH, "5#7")
    relay = line.relay()
    line.broker = False
    pauses = []
    for _ in range(20):
        relay.round()
        pauses.append(relay.pause)
    assert pauses == sorted(pauses)
    assert pauses[-1] == MOST_SECONDS
    line.broker = True
    relay.round()
    assert relay.pause == 0.01


def test_it_goes_round_until_it_is_told_to_stop(line: Line) -> None:
    stop = threading.Event()
    thread = threading.Thread(target=line.relay().run, args=(stop,), daemon=True)
    thread.start()
    job_id = line.pipeline.ask(Stage.FETCH, "5#7")
    wait_until(lambda: line.rung, "the job is announced")
    stop.set()
    thread.join(20)
    assert not thread.is_alive()
    assert line.rung == [(Stage.FETCH, job_id)]
