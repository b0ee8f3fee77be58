"""Bringing in the pull requests that were open before us: each once, in order, slowly, whatever happens meanwhile."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

from sqlalchemy import select, update

from tests.pipeline import Pipeline
from tests.standin import AUTHOR, StandIn
from tests.worker.stages.backfilling import Fetched, ask, drain, open_many
from tests.worker.stages.crashes import work_until_killed
from worker import subjects
from worker.clients.gateway import LimitedError, Page
from worker.pipeline import Context
from worker.stages import backfill
from worker.store import backfills, jobs
from worker.store.jobs import Lease
from worker.store.models import Job, Repository, Stage


def test_every_open_pull_request_is_fetched_once_in_order(
    backfilling: Pipeline, github: StandIn, fetched: Fetched
) -> None:
    opened = open_many(github, 12)
    github.people.close(github.repository, opened[3])
    ask(backfilling, github)
    drain(backfilling)
    assert fetched.numbers == [pull.number for pull in opened if pull is not opened[3]]
    with backfilling.context.scope() as session:
        assert session.get_one(Repository, github.repository.id).backfill_cursor is None


def test_a_second_backfill_fetches_only_what_changed(backfilling: Pipeline, github: StandIn, fetched: Fetched) -> None:
    opened = open_many(github, 6)
    ask(backfilling, github)
    drain(backfilling)
    fetched.numbers.clear()
    other = github.people.commit(github.repository, AUTHOR, {"entries/new/train.py": b"step(2)\n"})
    github.people.push(github.repository, opened[1], other)
    github.people.set_draft(github.repository, opened[2], draft=True)
    github.people.close(github.repository, opened[4])
    (late,) = open_many(github, 1)
    ask(backfilling, github)
    drain(backfilling)
    assert fetched.numbers == [opened[1].number, opened[2].number, opened[4].number, late.number]


def test_with_250_on_three_pages_that_shift_meanwhile_each_is_fetched_exactly_once(
    backfilling: Pipeline, github: StandIn, fetched: Fetched
) -> None:
    """Whenever a page is read, some that were listed before it are closed, so that later ones move to earlier pages."""
    opened = open_many(github, 250)
    closing = iter([opened[n] for n in (5, 50, 99, 0, 100, 101, 150, 98, 199, 1, 2, 3)])
    gateway = backfilling.context.github

    class Restless:
        def __getattr__(self, name: str) -> Any:
            return getattr(gateway, name)

        def open_pull_requests(self, *given: Any, **named: Any) -> Page:
            page = gateway.open_pull_requests(*given, **named)
            for pull in (next(closing, None), next(closing, None)):
                if pull is not None:
                    github.people.close(github.repository, pull)
            return page

    backfilling.context = replace(backfilling.context, github=Restless())
    ask(backfilling, github)
    drain(backfilling)
    times = Counter(fetched.numbers)
    assert max(times.values()) == 1
    still_open = {pull.number for pull in opened if pull.issue.state == "open"}
    assert len(still_open) == 238
    assert still_open <= times.keys()
    assert fetched.numbers == sorted(fetched.numbers)


def test_a_worker_may_die_after_any_step(backfilling: Pipeline, github: StandIn, fetched: Fetched) -> None:
    opened = open_many(github, 230)
    ask(backfilling, github)
    job, deaths = backfilling.job(Stage.BACKFILL), 0
    while work_until_killed(backfilling, job, deaths):
        deaths += 1
        with backfilling.context.scope() as session:  # each death is the first of its job
            session.execute(update(Job).values(attempts=0))
    assert deaths > 10
    feed = backfilling.job(Stage.BACKFILL, backfills.feeding(github.repository.id))
    deaths = 0
    while work_until_killed(backfilling, feed, deaths):
        deaths += 1
        with backfilling.context.scope() as session:
            session.execute(update(Job).values(attempts=0))
    assert deaths > 1
    drain(backfilling)
    assert fetched.numbers == [pull.number for pull in opened]


def test_at_most_a_few_are_under_way_at_a_time(backfilling: Pipeline, github: StandIn) -> None:
    open_many(github, backfill.AT_ONCE + 5)
    backfilling.context = replace(backfilling.context, stages={Stage.BACKFILL: backfill.run, Stage.FETCH: _stuck})
    ask(backfilling, github)
    for _ in range(4):
        backfilling.hurry()
        backfilling.drain()
        with backfilling.context.scope() as session:
            assert backfills.fetching(session, github.repository.id) == backfill.AT_ONCE


def test_it_holds_back_while_creations_wait_in_line(backfilling: Pipeline, github: StandIn, fetched: Fetched) -> None:
    open_many(github, 3)
    usual = backfilling.context
    backfilling.context = replace(usual, backlog=lambda _: 600.0)
    ask(backfilling, github)
    for _ in range(3):
        backfilling.hurry()
        backfilling.drain()
    assert fetched.numbers == []
    feed = backfilling.job(Stage.BACKFILL, backfills.feeding(github.repository.id))
    assert feed.pending
    backfilling.context = usual
    drain(backfilling)
    assert len(fetched.numbers) == 3


def test_what_is_pushed_meanwhile_goes_before_it(backfilling: Pipeline, github: StandIn, fetched: Fetched) -> None:
    opened = open_many(github, 5)
    ask(backfilling, github)
    with backfilling.context.scope() as session:
        listing = session.scalars(select(Job)).one()
    for job in (listing.id, None):
        feed = job or backfilling.job(Stage.BACKFILL, backfills.feeding(github.repository.id)).id
        with backfilling.context.scope() as session:
            lease = jobs.claim(session, feed, lease_seconds=60)
        assert lease is not None
        backfill.run(backfilling.context, lease)
    backfilling.ask(Stage.FETCH, f"{github.repository.id}#{opened[0].number}")  # asked for already: keeps its place
    backfilling.ask(Stage.FETCH, f"{github.repository.id}#99")
    with backfilling.context.scope() as session:
        waiting = select(Job.subject).where(Job.stage == Stage.FETCH).order_by(Job.run_after)
        order = [subjects.pull_request(subject)[1] for subject in session.scalars(waiting)]
    assert order == [opened[0].number, 99, *(pull.number for pull in opened[1:])]


def _stuck(context: Context, lease: Lease) -> None:
    raise LimitedError(60, "not now")
