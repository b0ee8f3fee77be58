"""Deliveries that were lost come again, each once; old ones are forgotten. Over HTTP, both ways."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from demo.github import Target, Weather
from demo.github.faults import Fault, dropped, primary_limit, secondary_limit, server_error
from tests.bot.web.site import PATH, SECRET, Served, served
from tests.databases import database
from tests.pipeline import Pipeline, running
from tests.standin import StandIn, stand_in
from worker import deliveries
from worker.clients.gateway import FailedDelivery
from worker.store import jobs, repositories
from worker.store.models import AuditEvent, Delivery, DeliveryStatus, Job, Stage
from worker.store.types import now_plus


@pytest.fixture
def github(tmp_path: Path) -> Iterator[StandIn]:
    with stand_in(tmp_path) as made:
        yield made
        made.state.hooks.close()


@pytest.fixture(params=["postgresql", "sqlite"])
def pipeline(request: pytest.FixtureRequest, github: StandIn, tmp_path: Path) -> Iterator[Pipeline]:
    with database(request.param, tmp_path) as url, running(url, github, tmp_path) as made:
        yield made


@pytest.fixture
def site(pipeline: Pipeline, tmp_path: Path) -> Iterator[Served]:
    with served(pipeline.context.settings.database_url, tmp_path) as made:
        yield made


def connect(github: StandIn, site: Served) -> None:
    github.state.hooks.connect(Target(site.url + PATH, SECRET.encode(), github.state.app.id))


def guids(pipeline: Pipeline) -> list[str]:
    with pipeline.context.scope() as session:
        return sorted(session.scalars(select(Delivery.guid)))


def lose(github: StandIn, count: int) -> list[str]:
    """Deliveries that do not arrive; their GUIDs."""
    hooks = github.state.hooks
    hooks.weather = Weather(lose=1.0)
    known = set(hooks.records)
    for _ in range(count):
        github.people.ping()
    hooks.weather = Weather()
    return [record.guid for number, record in hooks.records.items() if number not in known]


def redelivered(github: StandIn) -> list[str]:
    return [record.guid for record in github.state.hooks.records.values() if record.redelivery]


def test_exactly_what_was_lost_is_delivered_again(pipeline: Pipeline, github: StandIn, site: Served) -> None:
    hooks = github.state.hooks
    hooks.weather = Weather(lose=0.5)
    for number in range(20):
        github.pull_request({"entries/new/train.py": b"step(%d)\n" % number})
    hooks.weather = Weather()
    lost = [record.guid for record in hooks.records.values() if record.failed]
    everything = sorted({record.guid for record in hooks.records.values()})
    connect(github, site)
    hooks.flush()
    assert 0 < len(lost) < len(everything)
    assert guids(pipeline) == sorted(set(everything) - set(lost))
    assert deliveries.recover(pipeline.context) == len(lost)
    hooks.flush()
    assert guids(pipeline) == everything
    assert redelivered(github) == lost
    assert deliveries.recover(pipeline.context) == 0


def test_what_arrived_although_github_thinks_it_did_not_stays_alone(
    pipeline: Pipeline, github: StandIn, site: Served
) -> None:
    first, second = lose(github, 2)
    with pipeline.context.scope() as session:
        session.add(Delivery(guid=first, event="ping", body=b"{}"))
    connect(github, site)
    assert deliveries.recover(pipeline.context) == 1
    github.state.hooks.flush()
    assert redelivered(github) == [second]


def test_one_that_is_lost_again_comes_the_next_time(pipeline: Pipeline, github: StandIn, site: Served) -> None:
    lost = lose(github, 3)
    github.state.hooks.weather = Weather(lose=1.0)
    assert deliveries.recover(pipeline.context) == 3
    github.state.hooks.weather = Weather()
    assert deliveries.recover(pipeline.context) == 3
    connect(github, site)
    github.state.hooks.flush()
    assert guids(pipeline) == sorted({*lost, *(record.guid for record in github.state.hooks.records.values())})


@pytest.mark.parametrize(
    "fault", [server_error(), dropped(), primary_limit(), secondary_limit()], ids=lambda fault: fault.kind.value
)
def test_a_fault_ends_it_quietly_and_the_next_hour_brings_the_rest(
    pipeline: Pipeline, github: StandIn, site: Served, fault: Fault
) -> None:
    lost = lose(github, 4)
    connect(github, site)
    assert deliveries.recover(replace(pipeline.context, github=_Failing(pipeline, 2, github, fault))) == 2
    github.state.hooks.flush()
    assert redelivered(github) == lost[:2]
    with running(
        pipeline.context.settings.database_url, github, Path(pipeline.context.settings.content_folder)
    ) as later:
        assert deliveries.recover(later.context) == 2
    github.state.hooks.flush()
    assert redelivered(github) == lost


def test_a_fault_of_the_list_ends_it_quietly(pipeline: Pipeline, github: StandIn) -> None:
    lose(github, 2)
    github.state.faults.plan(server_error(), path="/app/hook/deliveries")
    assert deliveries.recover(pipeline.context) == 0


def test_one_that_github_does_not_have_any_more_keeps_no_other_from_coming(
    pipeline: Pipeline, github: StandIn, site: Served
) -> None:
    lost = lose(github, 3)
    first = next(number for number, record in github.state.hooks.records.items() if record.guid == lost[0])
    github.state.faults.plan(server_error(404), method="POST", path=f"/app/hook/deliveries/{first}/attempts")
    connect(github, site)
    assert deliveries.recover(pipeline.context) == 2
    github.state.hooks.flush()
    assert redelivered(github) == lost[1:]


class _Failing:
    """The gateway, for which a fault is planned once it was asked for some redeliveries."""

    def __init__(self, pipeline: Pipeline, after: int, github: StandIn, fault: Fault) -> None:
        self._gateway, self._left, self._github, self._fault = pipeline.context.github, after, github, fault

    def __getattr__(self, name: str) -> Any:
        return getattr(self._gateway, name)

    def redeliver(self, delivery_id: int) -> None:
        if self._left == 0:
            self._github.state.faults.plan(self._fault, method="POST", path="/app/hook/deliveries/*")
        self._left -= 1
        self._gateway.redeliver(delivery_id)


class _Many:
    """A gateway after a long outage."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.redelivered: list[int] = []

    def failed_deliveries(self, *, since: datetime) -> Iterator[FailedDelivery]:
        assert datetime.now(UTC) - since > timedelta(days=2, hours=23)
        for number in range(self.count, 0, -1):
            yield FailedDelivery(number, f"guid-{number}", datetime.now(UTC))

    def redeliver(self, delivery_id: int) -> None:
        self.redelivered.append(delivery_id)


def test_after_an_outage_a_bounded_number_comes_again_and_repositories_are_looked_at_themselves(
    pipeline: Pipeline, github: StandIn
) -> None:
    pipeline.know(github)
    with pipeline.context.scope() as session:
        repositories.see_repository(session, 77, github.installation.id, "spindle/gone")
        repositories.forget_repository(session, 77)
    gateway: Any = _Many(1_200)
    assert deliveries.recover(replace(pipeline.context, github=gateway)) == deliveries.MOST_REDELIVERED
    assert gateway.redelivered == list(range(1, deliveries.MOST_REDELIVERED + 1))
    with pipeline.context.scope() as session:
        asked = {(job.stage, job.subject) for job in session.scalars(select(Job))}
        assert session.scalars(select(AuditEvent.action)).all() == ["catching-up"]
    assert asked == {(stage, str(github.repository.id)) for stage in (Stage.CONFIGURE, Stage.BACKFILL)}


def test_a_few_lost_deliveries_start_no_catching_up(pipeline: Pipeline, github: StandIn) -> None:
    pipeline.know(github)
    gateway: Any = _Many(deliveries.MANY - 1)
    assert deliveries.recover(replace(pipeline.context, github=gateway)) == deliveries.MANY - 1
    with pipeline.context.scope() as session:
        assert session.scalar(select(func.count()).select_from(Job)) == 0


def test_old_deliveries_that_were_dealt_with_are_forgotten_with_their_jobs(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliveries, "AT_ONCE", 4)
    old, young = now_plus(-31 * 86_400), now_plus(-29 * 86_400)
    with pipeline.context.scope() as session:
        for status in DeliveryStatus:
            for age, received_at in (("old", old), ("young", young)):
                for number in range(3):
                    guid = f"{status.value}-{age}-{number}"
                    session.add(Delivery(guid=guid, event="ping", body=b"{}", status=status, received_at=received_at))
                    jobs.request(session, Stage.RECEIVE, guid)
    assert deliveries.purge(pipeline.context) == 6
    kept = [guid for guid in guids(pipeline) if "old" in guid]
    assert kept == [f"{status}-old-{number}" for status in ("failed", "received") for number in range(3)]
    with pipeline.context.scope() as session:
        subjects = sorted(session.scalars(select(Job.subject)))
    assert subjects == guids(pipeline)
    assert deliveries.purge(pipeline.context) == 0
