"""The shared pacer when Redis goes away, comes back or forgets, and what a deployment chooses."""

from __future__ import annotations

import logging
import os
import signal
import time

import pytest

from tests.worker.clients.conftest import RedisServer
from tests.worker.clients.test_ledger import Clock
from worker.clients.pacer import Kind, LocalPacer, Pace, SharedPacer, make_pacer, pace_of
from worker.settings import Settings

PACE = Pace(burst=8)


def create(pacer: SharedPacer | LocalPacer, ticket: str = "a", installation: int = 1) -> float:
    return pacer.reserve(Kind.CREATE, installation=installation, ticket=ticket)


def test_workers_share_one_pace(redis_server: RedisServer) -> None:
    clock = Clock()
    first, second = (SharedPacer(redis_server.client, PACE, clock, clock) for _ in range(2))
    assert [create(one, str(n)) for n in range(4) for one in (first, second)] == [0] * 8
    assert create(first, "late") == pytest.approx(1)
    assert create(second, "later") == pytest.approx(2)


def test_a_limit_told_to_one_worker_holds_for_all(redis_server: RedisServer) -> None:
    clock = Clock()
    first, second = (SharedPacer(redis_server.client, PACE, clock, clock) for _ in range(2))
    first.forbid(1, 60)
    assert second.reserve(Kind.READ, installation=1) == pytest.approx(60)
    assert second.reserve(Kind.READ, installation=2) == 0


def test_without_a_clock_that_of_redis_counts(redis_server: RedisServer) -> None:
    pacer = SharedPacer(redis_server.client, Pace(burst=1))
    assert create(pacer, "a") == 0
    assert 0 < create(pacer, "b") <= 1
    assert 0 < pacer.backlog(1) <= 2


def test_without_redis_the_process_goes_on_at_half_the_pace(
    redis_server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Clock()
    pacer = SharedPacer(redis_server.client, PACE, clock, clock)
    redis_server.stop()
    with caplog.at_level(logging.WARNING):
        assert [create(pacer, str(n)) for n in range(4)] == [0] * 4
        assert create(pacer, "late") == pytest.approx(2)
    assert [record.message for record in caplog.records] == [
        "Redis is away (ConnectionError): this process keeps half the pace by itself"
    ]


def test_redis_hears_afterwards_what_went_without_it(
    redis_server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Clock()
    pacer = SharedPacer(redis_server.client, PACE, clock, clock)
    redis_server.stop()
    assert [create(pacer, str(n)) for n in range(4)] == [0] * 4
    redis_server.start()
    clock.now += 6
    with caplog.at_level(logging.WARNING):
        assert pacer.reserve(Kind.READ, installation=1) == 0
    assert "Redis is back" in caplog.text
    other = SharedPacer(redis_server.client, Pace(per_hour=5), clock, clock)
    assert create(other, "fifth") == 0
    assert create(other, "sixth") == pytest.approx(3_605 - 6)


def test_process_that_loses_redis_knows_what_it_did_before(redis_server: RedisServer) -> None:
    clock = Clock()
    pacer = SharedPacer(redis_server.client, Pace(per_hour=4), clock, clock)
    assert [create(pacer, str(n)) for n in range(2)] == [0, 0]
    redis_server.stop()
    assert create(pacer, "third") == pytest.approx(3_605)


def test_wiped_redis_and_lost_scripts_are_no_failure(redis_server: RedisServer) -> None:
    clock = Clock()
    pacer = SharedPacer(redis_server.client, PACE, clock, clock)
    assert create(pacer) == 0
    redis_server.client.flushall()
    redis_server.client.script_flush()
    assert create(pacer) == 0


def test_frozen_redis_holds_nobody_up_for_long(redis_server: RedisServer) -> None:
    pacer = SharedPacer(redis_server.client, PACE)
    assert redis_server.process is not None
    os.kill(redis_server.process.pid, signal.SIGSTOP)
    started = time.monotonic()
    try:
        assert [create(pacer, str(n)) for n in range(3)] == [0] * 3
    finally:
        os.kill(redis_server.process.pid, signal.SIGCONT)
    assert time.monotonic() - started < 2


def test_keys_are_of_one_slot_and_do_not_stay(redis_server: RedisServer) -> None:
    pacer = SharedPacer(redis_server.client, Pace(burst=1))
    pacer.forbid(3, 0.001)
    time.sleep(0.01)
    create(pacer, "a", 3)
    create(pacer, "b", 3)
    keys = sorted(key.decode() for key in redis_server.client.scan_iter())
    assert keys == [f"fairway:pace:{{3}}:{name}" for name in ("booked", "count", "forbidden", "points", "went")]
    assert all(0 < redis_server.client.ttl(key) <= 7_200 for key in keys)


def test_embedded_deployment_paces_in_process() -> None:
    assert isinstance(make_pacer(Settings(broker_url="memory://")), LocalPacer)


def test_deployment_with_redis_paces_through_it(redis_server: RedisServer) -> None:
    pacer = make_pacer(Settings(broker_url=f"unix://{redis_server.path}"))
    assert isinstance(pacer, SharedPacer)
    assert create(pacer) == 0
    assert redis_server.client.exists("fairway:pace:{1}:went")
    pacer.close()


def test_the_pace_is_githubs_own_unless_the_settings_name_other_limits() -> None:
    assert pace_of(Settings()) == Pace()
    wide = pace_of(Settings(creations_per_minute=8_000, creations_per_hour=50_000, points_per_minute=90_000))
    assert wide == Pace(spacing=0.01, burst=6_000, per_minute=8_000, per_hour=50_000, points=85_000)
    narrow = pace_of(Settings(creations_per_minute=8))
    assert (narrow.spacing, narrow.burst, narrow.per_minute) == (1.0, 6, 8)
