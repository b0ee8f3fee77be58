"""Catching up on many pull requests: what is created in an hour stays within the limits and leaves room for others.

GitHub is a twentieth of the real one: 25 creations an hour instead of 500.
Time leaps from one event to the next: the pacer's clock goes forward, and every time in the database back.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, update

from tests.databases import database
from tests.pipeline import Pipeline, running
from tests.standin import stand_in
from worker import subjects
from worker.clients.gateway import Page, PullRequestFacts
from worker.clients.pacer import Kind, LocalPacer, Pace
from worker.pipeline import Context
from worker.stages import backfill
from worker.store import backfills, jobs, repositories
from worker.store.backfills import Voice, Wish
from worker.store.jobs import Lease
from worker.store.models import Job, PullRequestRow, Stage
from worker.store.types import now_plus

OPEN, PER_HOUR = 30, 25
HOUR = 3_600.0
PUSHED = 1_000


@dataclass(slots=True)
class World:
    """A GitHub of lists only; what is to be created for which number, and what was created when, in seconds."""

    pipeline: Pipeline
    now: float = 0.0
    behind: float = 0.0  # seconds by which the database has still to be moved
    creating: deque[tuple[float, int, int]] = field(default_factory=deque)
    created: list[float] = field(default_factory=list)
    published: dict[int, float] = field(default_factory=dict)
    pacer: LocalPacer = field(init=False)

    def __post_init__(self) -> None:
        self.pacer = LocalPacer(Pace(burst=3, per_minute=4, per_hour=PER_HOUR), lambda: self.now)
        gateway: Any = self
        self.pipeline.context = replace(self.pipeline.context, github=gateway, backlog=self.pacer.backlog)

    def open_pull_requests(self, _repo: object, *, page: int) -> Page:
        return Page(tuple(facts(number) for number in range(1, OPEN + 1)) if page == 1 else ())

    def pass_until(self, end: float) -> bool:
        """Let things happen until that time; False when nothing more will."""
        while True:
            at = min(self._next_job(), *(place[0] for place in self.creating), math.inf)
            if at > end:
                self._leap(end - self.now)
                return at < math.inf
            self._leap(at - self.now)
            self._create()
            self._work()

    def _leap(self, seconds: float) -> None:
        self.now += seconds
        self.behind += seconds

    def _next_job(self) -> float:
        """When the next job is due. The database's own clock stands still in this world."""
        with self.pipeline.context.scope() as session:
            due = session.scalar(select(func.min(Job.run_after)).where(Job.pending))
            told = session.scalar(select(now_plus()))
            assert told is not None
        return math.inf if due is None else self.now + max(0.0, (due - told).total_seconds() - self.behind)

    def _work(self) -> None:
        """Bring the database to this time, and do all that is due in it."""
        with self.pipeline.context.scope() as session:
            for job in session.scalars(select(Job).where(Job.pending)):
                job.run_after -= timedelta(seconds=self.behind)
            for row in session.scalars(select(PullRequestRow).where(PullRequestRow.fetched_at.is_not(None))):
                assert row.fetched_at is not None
                row.fetched_at -= timedelta(seconds=self.behind)
            self.behind = 0.0
            due = session.scalars(select(Job.id).where(Job.pending, Job.run_after <= now_plus(0.05))).all()
            session.execute(update(Job).where(Job.id.in_(due)).values(run_after=now_plus(-1)))
        for job_id in due:
            with self.pipeline.context.scope() as session:
                lease = jobs.claim(session, job_id, lease_seconds=60)
            if lease is not None:
                (self._fetch if lease.stage is Stage.FETCH else backfill.run)(self.pipeline.context, lease)

    def _fetch(self, context: Context, lease: Lease) -> None:
        repository_id, number = subjects.pull_request(lease.subject)
        with context.scope() as session:
            values = {"repository_id": repository_id, "number": number, "head_sha": f"{number:040x}"}
            values |= {"created_at": now_plus(), "fetched_at": now_plus()}
            repositories.upsert(session, PullRequestRow, ["repository_id", "number"], values)
            row = repositories.pull_request(session, repository_id, number)
            assert row is not None
            self.creating += [(self.now, number, place) for place in range(1 if row.quiet else 3)]
            jobs.finish(session, lease)
        self._create()

    def _create(self) -> None:
        """Create what is due, or hear from the pacer when to come again."""
        for _ in range(len(self.creating)):
            at, number, place = self.creating.popleft()
            wait = at - self.now if at > self.now else self._reserve(number, place)
            if wait:
                self.creating.append((self.now + wait, number, place))

    def _reserve(self, number: int, place: int) -> float:
        wait = self.pacer.reserve(Kind.CREATE, installation=1, ticket=f"{number} {place}")
        if not wait:
            self.created.append(self.now)
            self.published[number] = self.now
        return wait


def facts(number: int) -> PullRequestFacts:
    at = datetime(2026, 3, 1, tzinfo=UTC)
    return PullRequestFacts(number, f"{number:040x}", "b" * 40, "main", "open", False, False, "Try", "pat", 5, at, 0)


@pytest.fixture(params=["postgresql", "sqlite"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    with (
        stand_in(tmp_path) as github,
        database(request.param, tmp_path) as url,
        running(url, github, tmp_path, creations_per_hour=PER_HOUR) as made,
    ):
        with made.context.scope() as session:
            repositories.see_installation(session, 1, 2, "spindle")
            repositories.see_repository(session, 12, 1, "spindle/heat")
        yield World(made)


def wish(world: World, voice: Voice) -> None:
    with world.pipeline.context.scope() as session:
        backfills.ask(session, Wish(12, voice))


def busiest_hour(times: Sequence[float]) -> int:
    return max(bisect_right(times, time) - bisect_right(times, time - HOUR) for time in times)


def test_an_hour_never_sees_more_than_its_limit_and_what_is_pushed_meanwhile_does_not_wait(world: World) -> None:
    wish(world, Voice.USUAL)
    waits: list[float] = []
    number = PUSHED
    while world.pass_until(world.now + HOUR):  # once an hour somebody opens a pull request
        number, began = number + 1, world.now
        world.pipeline.ask(Stage.FETCH, f"12#{number}")
        world.pass_until(began + 300)
        waits.append(world.published[number] - began)
    assert world.published.keys() == {*range(1, OPEN + 1), *range(PUSHED + 1, number + 1)}
    assert len(world.created) == 3 * len(world.published)
    assert busiest_hour(world.created) <= PER_HOUR
    assert max(waits) < 100
    assert 3 < world.now / HOUR < 7  # in life: 600 pull requests in so many hours


def test_quiet_ones_are_there_three_times_as_soon(world: World) -> None:
    wish(world, Voice.QUIET)
    while world.pass_until(world.now + HOUR):
        pass
    assert len(world.created) == OPEN
    assert busiest_hour(world.created) <= PER_HOUR
    assert world.created[-1] < 1.2 * HOUR
