"""Bringing in the pull requests that were open before us: each once, in order, slowly, whatever happens meanwhile."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from demo.github.values import PullRequest
from tests.databases import database
from tests.pipeline import Pipeline, running
from tests.standin import AUTHOR, StandIn, stand_in
from tests.worker.stages.crashes import work_until_killed
from worker import pipeline as pipelines
from worker import subjects
from worker.clients.gateway import LimitedError, Page
from worker.pipeline import Context
from worker.stages import backfill
from worker.store import backfills, jobs, repositories, submissions
from worker.store.backfills import Asked, Voice, Wish
from worker.store.jobs import Lease
from worker.store.models import Job, PullRequestRow, Repository, Stage
from worker.store.types import now_plus


@pytest.fixture
def github(tmp_path: Path) -> Iterator[StandIn]:
    with stand_in(tmp_path) as made:
        yield made


class Fetched:
    """A stage FETCH that notes what it is asked for, and shows the pull request as fetched and judged."""

    def __init__(self) -> None:
        self.numbers: list[int] = []

    def __call__(self, context: Context, lease: Lease) -> None:
        repository_id, number = subjects.pull_request(lease.subject)
        self.numbers.append(number)
        with context.scope() as session:
            jobs.hold(session, lease)
            row = repositories.pull_request(session, repository_id, number)
            assert row is not None
            row.fetched_at = now_plus()
            submission = submissions.begin(session, row.id, row.head_sha)
            submission.decided_at = now_plus()
            jobs.finish(session, lease)


@pytest.fixture
def fetched() -> Fetched:
    return Fetched()


@pytest.fixture(params=["postgresql", "sqlite"])
def pipeline(request: pytest.FixtureRequest, github: StandIn, tmp_path: Path, fetched: Fetched) -> Iterator[Pipeline]:
    with (
        database(request.param, tmp_path) as url,
        running(url, github, tmp_path, creations_per_hour=100_000) as made,
    ):
        made.know(github)
        made.context = replace(made.context, stages={Stage.BACKFILL: backfill.run, Stage.FETCH: fetched})
        yield made


def open_many(github: StandIn, count: int) -> list[PullRequest]:
    """Pull requests that share one commit: only the list is of interest here."""
    head = github.people.commit(github.repository, AUTHOR, {"entries/new/train.py": b"step(1)\n"})
    return [github.people.open_pull_request(github.repository, AUTHOR, head, f"Try {n}") for n in range(count)]


def ask(pipeline: Pipeline, github: StandIn, voice: Voice = Voice.USUAL, since: date | None = None) -> Asked:
    with pipeline.context.scope() as session:
        return backfills.ask(session, Wish(github.repository.id, voice, since))


def drain(pipeline: Pipeline) -> None:
    """Work until nothing is left; time leaps to where the next job is due."""
    for _ in range(1_000):
        pipeline.drain(60)
        if not leap(pipeline):
            return
    raise AssertionError("there is always something left")


def leap(pipeline: Pipeline) -> bool:
    """Let the next job be due; False where there is none."""
    with pipeline.context.scope() as session:
        waiting = session.scalars(select(Job).where(Job.pending, Job.quarantined_at.is_(None))).all()
        missing = min((job.run_after - datetime.now(UTC) for job in waiting), default=timedelta())
        for job in waiting:
            job.run_after -= missing
    return bool(waiting)


def rows(pipeline: Pipeline) -> dict[int, PullRequestRow]:
    with pipeline.context.scope() as session:
        return {row.number: row for row in session.scalars(select(PullRequestRow))}


def test_every_open_pull_request_is_fetched_once_in_order(
    pipeline: Pipeline, github: StandIn, fetched: Fetched
) -> None:
    opened = open_many(github, 12)
    github.people.close(github.repository, opened[3])
    ask(pipeline, github)
    drain(pipeline)
    assert fetched.numbers == [pull.number for pull in opened if pull is not opened[3]]
    with pipeline.context.scope() as session:
        assert session.get_one(Repository, github.repository.id).backfill_cursor is None


def test_a_second_backfill_fetches_only_what_changed(pipeline: Pipeline, github: StandIn, fetched: Fetched) -> None:
    opened = open_many(github, 6)
    ask(pipeline, github)
    drain(pipeline)
    fetched.numbers.clear()
    other = github.people.commit(github.repository, AUTHOR, {"entries/new/train.py": b"step(2)\n"})
    github.people.push(github.repository, opened[1], other)
    github.people.set_draft(github.repository, opened[2], draft=True)
    github.people.close(github.repository, opened[4])
    (late,) = open_many(github, 1)
    ask(pipeline, github)
    drain(pipeline)
    assert fetched.numbers == [opened[1].number, opened[2].number, opened[4].number, late.number]


def test_with_250_on_three_pages_that_shift_meanwhile_each_is_fetched_exactly_once(
    pipeline: Pipeline, github: StandIn, fetched: Fetched
) -> None:
    """Whenever a page is read, some that were listed before it are closed, so that later ones move to earlier pages."""
    opened = open_many(github, 250)
    closing = iter([opened[n] for n in (5, 50, 99, 0, 100, 101, 150, 98, 199, 1, 2, 3)])
    gateway = pipeline.context.github

    class Restless:
        def __getattr__(self, name: str) -> Any:
            return getattr(gateway, name)

        def open_pull_requests(self, *given: Any, **named: Any) -> Page:
            page = gateway.open_pull_requests(*given, **named)
            for pull in (next(closing, None), next(closing, None)):
                if pull is not None:
                    github.people.close(github.repository, pull)
            return page

    pipeline.context = replace(pipeline.context, github=Restless())
    ask(pipeline, github)
    drain(pipeline)
    times = Counter(fetched.numbers)
    assert max(times.values()) == 1
    still_open = {pull.number for pull in opened if pull.issue.state == "open"}
    assert len(still_open) == 238
    assert still_open <= times.keys()
    assert fetched.numbers == sorted(fetched.numbers)


def test_a_worker_may_die_after_any_step(pipeline: Pipeline, github: StandIn, fetched: Fetched) -> None:
    opened = open_many(github, 230)
    ask(pipeline, github)
    job, deaths = pipeline.job(Stage.BACKFILL), 0
    while work_until_killed(pipeline, job, deaths):
        deaths += 1
        with pipeline.context.scope() as session:  # each death is the first of its job
            session.execute(update(Job).values(attempts=0))
    assert deaths > 10
    feed = pipeline.job(Stage.BACKFILL, backfills.feeding(github.repository.id))
    deaths = 0
    while work_until_killed(pipeline, feed, deaths):
        deaths += 1
        with pipeline.context.scope() as session:
            session.execute(update(Job).values(attempts=0))
    assert deaths > 1
    drain(pipeline)
    assert fetched.numbers == [pull.number for pull in opened]


def test_at_most_a_few_are_under_way_at_a_time(pipeline: Pipeline, github: StandIn) -> None:
    open_many(github, backfill.AT_ONCE + 5)
    pipeline.context = replace(pipeline.context, stages={Stage.BACKFILL: backfill.run, Stage.FETCH: _stuck})
    ask(pipeline, github)
    for _ in range(4):
        pipeline.hurry()
        pipeline.drain()
        with pipeline.context.scope() as session:
            assert backfills.fetching(session, github.repository.id) == backfill.AT_ONCE


def test_it_holds_back_while_creations_wait_in_line(pipeline: Pipeline, github: StandIn, fetched: Fetched) -> None:
    open_many(github, 3)
    usual = pipeline.context
    pipeline.context = replace(usual, backlog=lambda _: 600.0)
    ask(pipeline, github)
    for _ in range(3):
        pipeline.hurry()
        pipeline.drain()
    assert fetched.numbers == []
    feed = pipeline.job(Stage.BACKFILL, backfills.feeding(github.repository.id))
    assert feed.pending
    pipeline.context = usual
    drain(pipeline)
    assert len(fetched.numbers) == 3


def test_what_is_pushed_meanwhile_goes_before_it(pipeline: Pipeline, github: StandIn, fetched: Fetched) -> None:
    opened = open_many(github, 5)
    ask(pipeline, github)
    with pipeline.context.scope() as session:
        listing = session.scalars(select(Job)).one()
    for job in (listing.id, None):
        feed = job or pipeline.job(Stage.BACKFILL, backfills.feeding(github.repository.id)).id
        with pipeline.context.scope() as session:
            lease = jobs.claim(session, feed, lease_seconds=60)
        assert lease is not None
        backfill.run(pipeline.context, lease)
    pipeline.ask(Stage.FETCH, f"{github.repository.id}#{opened[0].number}")  # asked for already: keeps its place
    pipeline.ask(Stage.FETCH, f"{github.repository.id}#99")
    with pipeline.context.scope() as session:
        waiting = select(Job.subject).where(Job.stage == Stage.FETCH).order_by(Job.run_after)
        order = [subjects.pull_request(subject)[1] for subject in session.scalars(waiting)]
    assert order == [opened[0].number, 99, *(pull.number for pull in opened[1:])]


def _stuck(context: Context, lease: Lease) -> None:
    raise LimitedError(60, "not now")


@pytest.mark.parametrize(
    ("wish", "subject"),
    [
        (Wish(12), "12"),
        (Wish(12, Voice.QUIET), "12!quiet"),
        (Wish(12, since=date(2026, 4, 1)), "12!since=2026-04-01"),
        (Wish(12, Voice.LOUD, date(2026, 4, 1)), "12!loud!since=2026-04-01"),
    ],
)
def test_a_wish_is_kept_in_the_subject(wish: Wish, subject: str) -> None:
    assert wish.subject == subject
    assert Wish.of(subject) == wish


def test_quiet_ones_stay_quiet_until_somebody_asks_for_comments(
    pipeline: Pipeline, github: StandIn, fetched: Fetched
) -> None:
    opened = open_many(github, 3)
    ask(pipeline, github, Voice.QUIET)
    drain(pipeline)
    assert [row.quiet for row in rows(pipeline).values()] == [True] * 3
    fetched.numbers.clear()
    ask(pipeline, github)
    drain(pipeline)
    assert fetched.numbers == []
    assert [row.quiet for row in rows(pipeline).values()] == [True] * 3
    ask(pipeline, github, Voice.LOUD)
    drain(pipeline)
    assert fetched.numbers == [pull.number for pull in opened]
    assert [row.quiet for row in rows(pipeline).values()] == [False] * 3


def test_what_was_fetched_before_does_not_become_quiet(pipeline: Pipeline, github: StandIn) -> None:
    open_many(github, 2)
    ask(pipeline, github)
    drain(pipeline)
    open_many(github, 1)
    ask(pipeline, github, Voice.QUIET)
    drain(pipeline)
    assert [rows(pipeline)[number].quiet for number in (1, 2, 3)] == [False, False, True]


def test_only_what_was_created_since_a_day(pipeline: Pipeline, github: StandIn, fetched: Fetched) -> None:
    opened = open_many(github, 4)
    for day, pull in enumerate(opened, 30):
        pull.issue.created_at = datetime(2026, 3, 1, 23, 59, 59, tzinfo=UTC) + timedelta(days=day)
    ask(pipeline, github, since=date(2026, 4, 2))
    drain(pipeline)
    assert fetched.numbers == [pull.number for pull in opened[2:]]


def test_a_particular_wish_replaces_what_is_under_way_and_a_plain_one_joins_it(
    pipeline: Pipeline, github: StandIn
) -> None:
    open_many(github, 2)
    assert ask(pipeline, github) is Asked.BEGUN
    assert ask(pipeline, github) is Asked.JOINED
    assert ask(pipeline, github, Voice.QUIET) is Asked.REPLACED
    assert ask(pipeline, github) is Asked.JOINED
    assert ask(pipeline, github, Voice.QUIET) is Asked.JOINED
    drain(pipeline)
    assert [row.quiet for row in rows(pipeline).values()] == [True, True]
    assert ask(pipeline, github) is Asked.BEGUN


def test_the_installations_own_backfill_gives_way_to_a_particular_one(pipeline: Pipeline, github: StandIn) -> None:
    open_many(github, 2)
    ask(pipeline, github, Voice.QUIET)
    pipeline.ask(Stage.BACKFILL, str(github.repository.id))
    pipelines.work(pipeline.context, pipeline.job(Stage.BACKFILL, str(github.repository.id)).id)
    assert rows(pipeline) == {}
    drain(pipeline)
    assert [row.quiet for row in rows(pipeline).values()] == [True, True]


def test_a_repository_that_is_not_ours_any_more_ends_it(pipeline: Pipeline, github: StandIn, fetched: Fetched) -> None:
    open_many(github, 2)
    ask(pipeline, github)
    with pipeline.context.scope() as session:
        repositories.forget_repository(session, github.repository.id)
    drain(pipeline)
    assert fetched.numbers == []
    assert not pipeline.job(Stage.BACKFILL).pending


def test_progress_counts_what_is_judged(pipeline: Pipeline, github: StandIn) -> None:
    open_many(github, 3)
    wish = Wish(github.repository.id)
    ask(pipeline, github)
    with pipeline.context.scope() as session:
        found = backfills.progress(session, wish)
        assert (found.listing, found.total, found.done) == (True, 0, False)
    pipeline.drain()
    with pipeline.context.scope() as session:
        found = backfills.progress(session, wish)
        assert (found.listing, found.feeding, found.total, found.judged, found.done) == (False, True, 3, 1, False)
    drain(pipeline)
    with pipeline.context.scope() as session:
        found = backfills.progress(session, wish)
        assert (found.feeding, found.judged, found.done, found.fault) == (False, 3, True, None)
