"""`fairway worker` and `fairway beat` as processes, with a Redis that is wiped and children that are killed.

The work is to receive deliveries. A delivery that somebody else has locked keeps a worker in the middle of its stage.
"""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from kombu import Connection, Exchange, Producer
from sqlalchemy import func, select, update

from migrations.apply import upgrade
from tests.databases import postgresql
from tests.processes import Broker, Running, broker, free_port, ran, started, wait_until
from tests.standin import keys
from tests.worker import rows
from worker.app import QUEUE
from worker.store import jobs
from worker.store.models import Delivery, DeliveryStatus, Job, Stage
from worker.store.session import SessionScope, make_engine, session_scope

LEASE_SECONDS = "1.5"


@dataclass(frozen=True, slots=True)
class Deployment:
    """A database, a broker, and the settings that name them."""

    scope: SessionScope
    redis: Broker
    variables: dict[str, str]
    folder: Path

    def deliver(self, count: int = 1) -> list[str]:
        """Store deliveries as the receiver does; their GUIDs."""
        guids = [str(uuid4()) for _ in range(count)]
        with self.scope() as session:
            for guid in guids:
                session.add(Delivery(guid=guid, event="ping", body=b'{"zen": "Keep it simple.", "hook_id": 1}'))
                jobs.request(session, Stage.RECEIVE, guid)
        return guids

    def undone(self) -> int:
        """How many jobs are not done."""
        with self.scope() as session:
            return session.scalar(select(func.count()).where(Job.pending)) or 0

    def job(self, guid: str) -> Job:
        """The job of a delivery."""
        with self.scope() as session:
            return session.scalars(select(Job).where(Job.subject == guid)).one()

    def done(self, guid: str) -> bool:
        """Whether a delivery was received."""
        with self.scope() as session:
            return session.get_one(Delivery, guid).status is DeliveryStatus.DONE

    @contextmanager
    def locked(self, guid: str) -> Iterator[None]:
        """Whoever works on this delivery waits meanwhile."""
        with self.scope() as session:
            session.execute(update(Delivery).where(Delivery.guid == guid).values(reason=None))
            yield

    @contextmanager
    def worker(self, **more: str) -> Iterator[Running]:
        """A worker with one child that listens."""
        arguments = ["worker", "--concurrency", "1"]
        with started(arguments, self.variables | more, self.folder) as made:
            self.wait_for_pulse("worker", made)
            yield made

    @contextmanager
    def beat(self) -> Iterator[Running]:
        """A beat that rings."""
        with started(["beat"], self.variables, self.folder) as made:
            self.wait_for_pulse("beat", made)
            yield made

    def wait_for_pulse(self, command: str, running: Running) -> None:
        """Until it is seen to live."""
        names = {"worker": "worker-fairway", "beat": "beat"}
        pulse = self.folder / f"fairway-{os.getuid()}" / f"{names[command]}.pulse"
        wait_until(lambda: pulse.exists() or running.process.poll() is not None, f"{command} lives")
        assert pulse.exists(), running.said


@pytest.fixture
def deployment(tmp_path: Path) -> Iterator[Deployment]:
    with postgresql() as url, broker(tmp_path) as redis:
        engine = make_engine(url)
        upgrade(engine)
        variables = {
            "FAIRWAY_DATABASE_URL": url,
            "FAIRWAY_BROKER_URL": redis.url,
            "FAIRWAY_APP_ID": "1",
            "FAIRWAY_PRIVATE_KEY": keys().private.decode(),
            "FAIRWAY_GITHUB_API_URL": f"http://127.0.0.1:{free_port()}",
            "FAIRWAY_LEASE_SECONDS": LEASE_SECONDS,
        }
        yield Deployment(session_scope(engine), redis, variables, tmp_path)
        engine.dispose()


def taken(deployment: Deployment, guid: str, times: int) -> bool:
    return deployment.job(guid).fence >= times


def test_jobs_are_done_and_a_message_of_pickle_is_not_even_read(deployment: Deployment, tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    with deployment.worker() as worker, deployment.beat() as beat:
        send_pickle(deployment.redis.url, canary)
        deployment.deliver(30)
        wait_until(lambda: not deployment.undone(), "all are received")
        for command in ("worker", "beat"):
            assert ran([command, "--check"], deployment.variables, deployment.folder).returncode == 0
        assert beat.end() == 0
        assert worker.end() == 0
    assert not canary.exists()
    for command in ("worker", "beat"):
        assert ran([command, "--check"], deployment.variables, deployment.folder).returncode == 1


class Bomb:
    """What it does when it is unpickled."""

    def __init__(self, canary: Path) -> None:
        self.canary = canary

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.canary),)


def send_pickle(url: str, canary: Path) -> None:
    with Connection(url) as connection:
        producer = Producer(connection.default_channel, Exchange(""), serializer="pickle")
        headers = {"task": "sweep", "id": str(uuid4())}
        producer.publish(((Bomb(canary),), {}, {}), routing_key=QUEUE, headers=headers)


def test_a_child_that_is_killed_in_its_work_is_replaced_and_the_job_is_done_by_the_next(deployment: Deployment) -> None:
    with deployment.worker() as worker, deployment.beat():
        [guid] = deployment.deliver()
        with deployment.locked(guid):
            wait_until(lambda: taken(deployment, guid, 1), "a worker has it")
            assert deployment.job(guid).attempts == 1
            [child] = worker.children()
            os.kill(child, signal.SIGKILL)
            wait_until(lambda: worker.children() not in ([], [child]), "another child is there")
        wait_until(lambda: not deployment.undone(), "the delivery is received")
        assert deployment.done(guid)
        assert deployment.job(guid).fence == 2
        assert worker.end() == 0


def test_a_child_that_hangs_is_killed_and_after_three_attempts_the_job_is_set_aside(deployment: Deployment) -> None:
    with silent_server() as url:
        limits = {"FAIRWAY_STAGE_SECONDS": "1.2", "FAIRWAY_GITHUB_API_URL": url}
        with deployment.worker(**limits), deployment.beat():
            poison = f"{rows.REPOSITORY}#7"
            with deployment.scope() as session:
                rows.add_repository(session)
                jobs.request(session, Stage.FETCH, poison)
            wait_until(lambda: deployment.job(poison).quarantined_at, "it is set aside")
            [other] = deployment.deliver()
            wait_until(lambda: deployment.done(other), "another delivery is received")
    assert deployment.job(poison).fence == 3


@contextmanager
def silent_server() -> Iterator[str]:
    """Somebody who takes every connection and never answers."""
    with closing(socket.create_server(("127.0.0.1", 0), backlog=64)) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


def test_a_worker_that_is_told_to_end_finishes_its_job_first(deployment: Deployment) -> None:
    with deployment.worker() as worker, deployment.beat():
        [guid] = deployment.deliver()
        with deployment.locked(guid):
            wait_until(lambda: taken(deployment, guid, 1), "a worker has it")
            worker.process.send_signal(signal.SIGTERM)
            worker.wait_for("Warm shutdown")
            assert worker.process.poll() is None
        assert worker.process.wait(60) == 0
        assert deployment.done(guid)
        assert deployment.job(guid).fence == 1


def test_a_wiped_redis_loses_nothing(deployment: Deployment) -> None:
    with deployment.beat():
        deployment.deliver(20)
        wait_until(lambda: deployment.redis.client.llen(QUEUE) >= 20, "all are announced")
        deployment.redis.client.flushall()
        with deployment.worker():
            wait_until(lambda: not deployment.undone(), "all are received")


def test_a_redis_that_was_away_is_found_again(deployment: Deployment) -> None:
    with deployment.worker() as worker, deployment.beat() as beat:
        deployment.redis.stop()
        deployment.deliver(3)
        beat.wait_for("the relay stands still")
        worker.wait_for("Connection to broker lost")
        assert ran(["worker", "--check"], deployment.variables, deployment.folder).returncode == 1
        deployment.redis.start()
        wait_until(lambda: not deployment.undone(), "all are received")
        assert "the relay goes on" in beat.said
