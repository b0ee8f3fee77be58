"""A backfill through the real stages: what arrives on the pull requests that it brings in."""

from __future__ import annotations

import pytest

from tests.pipeline import Pipeline
from tests.standin import AUTHOR, StandIn
from worker.store import backfills
from worker.store.backfills import Voice, Wish

FOLDER = "records/track_10min_16mb/2026-04-10_Try{}"


@pytest.fixture(autouse=True)
def opened(github: StandIn) -> None:
    """Three submissions of the same author."""
    for number in range(3):
        github.pull_request({f"{FOLDER.format(number)}/train_gpt.py": b"step(%d)\n" % number})


def bring_in(pipeline: Pipeline, github: StandIn, voice: Voice) -> None:
    wish = Wish(github.repository.id, voice)
    with pipeline.context.scope() as session:
        backfills.ask(session, wish)
    while True:
        pipeline.hurry()
        pipeline.drain(60)
        with pipeline.context.scope() as session:
            if backfills.progress(session, wish).done:
                return


def shown(github: StandIn) -> tuple[int, int, int]:
    """How many checks that are done, comments, and pull requests with labels there are."""
    issues = [pull.issue for pull in github.repository.pulls.values()]
    done = [run for run in github.state.runs.values() if run.status == "completed"]
    return len(done), sum(len(issue.comments) for issue in issues), sum(bool(issue.labels) for issue in issues)


def test_a_quiet_backfill_publishes_checks_only_until_authors_push(pipeline: Pipeline, github: StandIn) -> None:
    bring_in(pipeline, github, Voice.QUIET)
    assert shown(github) == (3, 0, 0)
    pull = github.repository.pulls[1]
    head = github.people.commit(github.repository, AUTHOR, {f"{FOLDER.format(0)}/train_gpt.py": b"step(9)\n"})
    github.people.push(github.repository, pull, head)
    bring_in(pipeline, github, Voice.USUAL)
    assert [len(pull.issue.comments) for pull in github.repository.pulls.values()] == [1, 0, 0]


def test_a_loud_one_afterwards_adds_what_was_not_said(pipeline: Pipeline, github: StandIn) -> None:
    bring_in(pipeline, github, Voice.QUIET)
    bring_in(pipeline, github, Voice.LOUD)
    assert shown(github) == (3, 3, 3)
    assert github.state.log.created["check-run"] == 3


def test_twice_brings_nothing_twice(pipeline: Pipeline, github: StandIn) -> None:
    bring_in(pipeline, github, Voice.USUAL)
    created = dict(github.state.log.created)
    bring_in(pipeline, github, Voice.USUAL)
    assert shown(github) == (3, 3, 3)
    assert dict(github.state.log.created) == created
