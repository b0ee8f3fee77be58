"""What Prometheus is told, and that it is told something when the database says nothing."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import update

from bot.web import metrics
from bot.web.metrics import Waiting, text_of
from tests.bot.web.site import Site
from worker.store import jobs
from worker.store.backlog import Backlog
from worker.store.models import Job, Stage
from worker.store.types import now_plus


def samples(text: str) -> dict[str, float]:
    lines = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, _, value in lines if name.startswith("fairway_")}


def numbers(site: Site) -> dict[str, float]:
    answer = site.client.get("/metrics")
    assert answer.status_code == 200
    return samples(answer.text)


def fill(site: Site) -> None:
    """One job of each kind, and one that is done."""
    with site.scope() as session:
        for subject in ("due", "running", "parked", "quarantined", "done"):
            jobs.request(session, Stage.FETCH, subject)
        jobs.request(session, Stage.SCREEN, "due", delay_seconds=-90)
    changes: dict[str, dict[str, Any]] = {
        "running": {"leased_until": now_plus(60), "run_after": now_plus(-500)},
        "parked": {"run_after": now_plus(60)},
        "quarantined": {"quarantined_at": now_plus()},
        "done": {"pending": False},
    }
    with site.scope() as session:
        for subject, values in changes.items():
            session.execute(update(Job).where(Job.subject == subject).values(**values))


def test_unfinished_jobs_are_counted_by_stage_and_state(site: Site) -> None:
    fill(site)
    told = numbers(site)
    assert {name: value for name, value in told.items() if name.startswith("fairway_jobs")} == {
        'fairway_jobs{stage="fetch",state="due"}': 1,
        'fairway_jobs{stage="fetch",state="running"}': 1,
        'fairway_jobs{stage="fetch",state="parked"}': 1,
        'fairway_jobs{stage="fetch",state="quarantined"}': 1,
        'fairway_jobs{stage="screen",state="due"}': 1,
    }
    assert told["fairway_database_up"] == 1
    assert 90 <= told["fairway_oldest_due_seconds"] < 400


def test_deliveries_are_counted_by_what_became_of_them(site: Site) -> None:
    before = numbers(site).get('fairway_deliveries_total{outcome="stored"}', 0)
    site.post()
    assert numbers(site)['fairway_deliveries_total{outcome="stored"}'] == before + 1


def test_with_nothing_to_do_nothing_waits(site: Site) -> None:
    assert numbers(site)["fairway_oldest_due_seconds"] == 0


def test_a_database_that_fails_is_a_number_too(site: Site) -> None:
    with site.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE job")
    told = numbers(site)
    assert told["fairway_database_up"] == 0
    assert not any(name.startswith(("fairway_jobs", "fairway_oldest")) for name in told)


@pytest.fixture
def hanging(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    monkeypatch.setattr(metrics, "READ_SECONDS", 0.05)
    answer = threading.Event()
    yield answer
    answer.set()


def test_a_database_that_hangs_is_asked_once_and_holds_no_scrape_up(hanging: threading.Event) -> None:
    asked = []

    def read() -> Backlog:
        asked.append(1)
        hanging.wait(60)
        return Backlog({(Stage.FETCH, "due"): 3}, 4.0)

    async def scrapes() -> list[Backlog | None]:
        waiting = Waiting(read)
        found = [await waiting.read() for _ in range(3)]
        hanging.set()
        while (last := await waiting.read()) is None:
            await asyncio.sleep(0.01)
        return [*found, last]

    *early, last = asyncio.run(scrapes())
    assert early == [None, None, None]
    assert len(asked) == 2
    assert samples(text_of(last).decode())['fairway_jobs{stage="fetch",state="due"}'] == 3
