"""What goes through the broker, and what a task does with it."""

from __future__ import annotations

import json
import logging
import threading
from base64 import b64decode
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from tests.processes import Broker, broker
from tests.worker.bare import Bare, bare
from worker import app as doorbell
from worker.app import GPU_QUEUE, QUEUE, Doorbell, DoorbellError, make_app
from worker.beat import Beat
from worker.pipeline import Context
from worker.settings import Settings
from worker.store import jobs
from worker.store.jobs import Lease
from worker.store.models import Stage
from worker.tasks import register

PATIENCE_SECONDS = 20.0  # without limits a frozen Redis holds a sender for three quarters of a minute


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Broker]:
    with broker(tmp_path) as made:
        yield made


def finish(context: Context, lease: Lease) -> None:
    with context.scope() as session:
        jobs.finish(session, lease)


@pytest.fixture
def pipeline(tmp_path: Path) -> Iterator[Bare]:
    with bare(f"sqlite:///{tmp_path / 'fairway.db'}", tmp_path, {Stage.FETCH: finish}) as made:
        yield made


class Bell(Doorbell):
    """Notes what is rung for; refuses while it is broken."""

    def __init__(self) -> None:
        self.rung: list[str] = []
        self.broken = False

    def ring(self, name: str, *arguments: str, expires: float | None = None, place: str = "") -> None:
        if self.broken:
            raise DoorbellError("nobody there")
        self.rung.append(name)


def messages(redis: Broker, queue: str) -> list[dict[str, Any]]:
    return [json.loads(text) for text in redis.client.lrange(queue, 0, -1)]


def outcome_of(bell: Doorbell) -> OSError | None:
    """What becomes of a ring. Fails where it does not end."""
    ends: list[OSError | None] = []

    def ring() -> None:
        try:
            bell.announce(Stage.FETCH, uuid4())
        except OSError as error:
            ends.append(error)
        else:
            ends.append(None)

    thread = threading.Thread(target=ring, daemon=True)
    thread.start()
    thread.join(PATIENCE_SECONDS)
    assert ends, "the doorbell holds whoever rings it"
    return ends[0]


def test_a_message_carries_the_name_of_the_stage_and_the_id_of_the_job_as_json_and_nothing_else(redis: Broker) -> None:
    job_id = uuid4()
    Doorbell(make_app(Settings(broker_url=redis.url))).announce(Stage.SCREEN, job_id)
    [message] = messages(redis, QUEUE)
    assert message["headers"]["task"] == "screen"
    assert message["content-type"] == "application/json"
    arguments, named, _ = json.loads(b64decode(message["body"]))
    assert (arguments, named) == ([str(job_id)], {})


def test_reproduction_rings_at_machines_with_a_gpu_and_everything_else_at_any(redis: Broker) -> None:
    bell = Doorbell(make_app(Settings(broker_url=redis.url)))
    for stage in Stage:
        bell.announce(stage, uuid4())
    assert [message["headers"]["task"] for message in messages(redis, GPU_QUEUE)] == ["reproduce"]
    assert len(messages(redis, QUEUE)) == len(Stage) - 1


def test_a_wiped_redis_takes_the_next_message(redis: Broker) -> None:
    bell = Doorbell(make_app(Settings(broker_url=redis.url)))
    bell.announce(Stage.FETCH, uuid4())
    redis.client.flushall()
    bell.announce(Stage.FETCH, uuid4())
    assert len(messages(redis, QUEUE)) == 1


def test_while_nobody_listens_the_queue_does_not_grow_without_end(
    redis: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doorbell, "MOST_WAITING", 5)
    monkeypatch.setattr(doorbell, "LOOK_SECONDS", 0.0)
    bell = Doorbell(make_app(Settings(broker_url=redis.url)))
    for _ in range(20):
        bell.announce(Stage.FETCH, uuid4())
    bell.announce(Stage.REPRODUCE, uuid4())
    assert (len(messages(redis, QUEUE)), len(messages(redis, GPU_QUEUE))) == (5, 1)
    redis.client.ltrim(QUEUE, 0, 1)
    bell.announce(Stage.FETCH, uuid4())
    assert len(messages(redis, QUEUE)) == 3


def test_a_frozen_a_refusing_and_a_restarted_redis_hold_nobody_up(redis: Broker) -> None:
    bell = Doorbell(make_app(Settings(broker_url=redis.url)))
    assert outcome_of(bell) is None
    redis.freeze()
    assert isinstance(outcome_of(bell), DoorbellError)
    redis.thaw()
    assert outcome_of(bell) is None
    redis.stop()
    assert isinstance(outcome_of(bell), DoorbellError)
    redis.start()
    assert outcome_of(bell) is None


def test_a_task_works_on_the_job_that_it_names(pipeline: Bare) -> None:
    app = make_app(pipeline.context.settings)
    register(app, lambda: pipeline.context)
    job_id = pipeline.ask(Stage.FETCH, "5#7")
    app.tasks["fetch"](str(job_id))
    app.tasks["fetch"](str(job_id))
    job = pipeline.job(Stage.FETCH, "5#7")
    assert (job.pending, job.fence) == (False, 1)


def test_every_stage_has_a_task_beside_those_that_come_by_themselves(pipeline: Bare) -> None:
    app = make_app(pipeline.context.settings)
    register(app, lambda: pipeline.context)
    own = {name for name in app.tasks if not name.startswith("celery.")}
    assert own == {stage.value for stage in Stage} | {"sweep", "recover", "purge"}


def test_the_sweep_announces_what_stands_still(pipeline: Bare) -> None:
    app = make_app(pipeline.context.settings)
    register(app, lambda: pipeline.context)
    job_id = pipeline.ask(Stage.FETCH, "5#7")
    app.tasks["sweep"]()
    assert pipeline.rung == [(Stage.FETCH, job_id)]


def test_while_the_database_is_away_a_message_is_worth_one_line(
    pipeline: Bare, caplog: pytest.LogCaptureFixture
) -> None:
    def away() -> AbstractContextManager[Session]:
        raise OperationalError("SELECT 1", {}, ConnectionError("connection refused\nis the server running?"))

    app = make_app(pipeline.context.settings)
    register(app, lambda: replace(pipeline.context, scope=away))
    with caplog.at_level(logging.WARNING):
        app.tasks["fetch"](str(UUID(int=1)))
        app.tasks["sweep"]()
    assert [record.exc_info for record in caplog.records] == [None, None]
    assert all("the database does not answer" in record.message for record in caplog.records)


def test_at_a_start_everything_is_due_and_then_each_in_its_time() -> None:
    bell = Bell()
    beat = Beat(make_app(Settings(sweep_seconds=0.01)), bell)
    for _ in range(10):
        beat.round()
    assert sorted(bell.rung[:3]) == ["purge", "recover", "sweep"]
    assert set(bell.rung[3:]) <= {"sweep"}


def test_what_the_broker_did_not_take_is_rung_when_it_is_back(caplog: pytest.LogCaptureFixture) -> None:
    bell = Bell()
    beat = Beat(make_app(Settings(sweep_seconds=600)), bell)
    bell.broken = True
    with caplog.at_level(logging.WARNING):
        for _ in range(10):
            beat.round()
        assert bell.rung == []
        bell.broken = False
        for _ in range(10):
            beat.round()
    assert sorted(bell.rung) == ["purge", "recover", "sweep"]
    assert [record.message for record in caplog.records] == [
        "periodic tasks wait: nobody there",
        "periodic tasks go on",
    ]
