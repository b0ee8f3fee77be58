"""What is wished for of a backfill: quiet or loud, since when; and of two wishes, which counts."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from tests.pipeline import Pipeline
from tests.standin import StandIn
from tests.worker.stages.backfilling import Fetched, ask, drain, open_many, rows
from worker import pipeline as pipelines
from worker.store import backfills, repositories
from worker.store.backfills import Asked, Voice, Wish
from worker.store.models import Stage


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
    backfilling: Pipeline, github: StandIn, fetched: Fetched
) -> None:
    opened = open_many(github, 3)
    ask(backfilling, github, Voice.QUIET)
    drain(backfilling)
    assert [row.quiet for row in rows(backfilling).values()] == [True] * 3
    fetched.numbers.clear()
    ask(backfilling, github)
    drain(backfilling)
    assert fetched.numbers == []
    assert [row.quiet for row in rows(backfilling).values()] == [True] * 3
    ask(backfilling, github, Voice.LOUD)
    drain(backfilling)
    assert fetched.numbers == [pull.number for pull in opened]
    assert [row.quiet for row in rows(backfilling).values()] == [False] * 3


def test_what_was_fetched_before_does_not_become_quiet(backfilling: Pipeline, github: StandIn) -> None:
    open_many(github, 2)
    ask(backfilling, github)
    drain(backfilling)
    open_many(github, 1)
    ask(backfilling, github, Voice.QUIET)
    drain(backfilling)
    assert [rows(backfilling)[number].quiet for number in (1, 2, 3)] == [False, False, True]


def test_only_what_was_created_since_a_day(backfilling: Pipeline, github: StandIn, fetched: Fetched) -> None:
    opened = open_many(github, 4)
    for day, pull in enumerate(opened, 30):
        pull.issue.created_at = datetime(2026, 3, 1, 23, 59, 59, tzinfo=UTC) + timedelta(days=day)
    ask(backfilling, github, since=date(2026, 4, 2))
    drain(backfilling)
    assert fetched.numbers == [pull.number for pull in opened[2:]]


def test_a_particular_wish_replaces_what_is_under_way_and_a_plain_one_joins_it(
    backfilling: Pipeline, github: StandIn
) -> None:
    open_many(github, 2)
    assert ask(backfilling, github) is Asked.BEGUN
    assert ask(backfilling, github) is Asked.JOINED
    assert ask(backfilling, github, Voice.QUIET) is Asked.REPLACED
    assert ask(backfilling, github) is Asked.JOINED
    assert ask(backfilling, github, Voice.QUIET) is Asked.JOINED
    drain(backfilling)
    assert [row.quiet for row in rows(backfilling).values()] == [True, True]
    assert ask(backfilling, github) is Asked.BEGUN


def test_the_installations_own_backfill_gives_way_to_a_particular_one(backfilling: Pipeline, github: StandIn) -> None:
    open_many(github, 2)
    ask(backfilling, github, Voice.QUIET)
    backfilling.ask(Stage.BACKFILL, str(github.repository.id))
    pipelines.work(backfilling.context, backfilling.job(Stage.BACKFILL, str(github.repository.id)).id)
    assert rows(backfilling) == {}
    drain(backfilling)
    assert [row.quiet for row in rows(backfilling).values()] == [True, True]


def test_a_repository_that_is_not_ours_any_more_ends_it(
    backfilling: Pipeline, github: StandIn, fetched: Fetched
) -> None:
    open_many(github, 2)
    ask(backfilling, github)
    with backfilling.context.scope() as session:
        repositories.forget_repository(session, github.repository.id)
    drain(backfilling)
    assert fetched.numbers == []
    assert not backfilling.job(Stage.BACKFILL).pending


def test_progress_counts_what_is_judged(backfilling: Pipeline, github: StandIn) -> None:
    open_many(github, 3)
    wish = Wish(github.repository.id)
    ask(backfilling, github)
    with backfilling.context.scope() as session:
        found = backfills.progress(session, wish)
        assert (found.listing, found.total, found.done) == (True, 0, False)
    backfilling.drain()
    with backfilling.context.scope() as session:
        found = backfills.progress(session, wish)
        assert (found.listing, found.feeding, found.total, found.judged, found.done) == (False, True, 3, 1, False)
    drain(backfilling)
    with backfilling.context.scope() as session:
        found = backfills.progress(session, wish)
        assert (found.feeding, found.judged, found.done, found.fault) == (False, 3, True, None)
