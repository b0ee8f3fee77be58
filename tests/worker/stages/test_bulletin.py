"""The bulletin: one issue that is edited in place, seldom, and only when something changed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from demo.github.faults import dropped, server_error
from demo.github.values import Issue
from tests.pipeline import Pipeline
from tests.standin import StandIn
from tests.worker.boards.cases import candidate
from tests.worker.stages.configuring import GOOD, Push, audited, issues, known
from worker.bulletin import MARK, TITLE
from worker.store import happenings, repositories, rulings, submissions
from worker.store.happenings import Kind
from worker.store.models import Job, Outcome, PullRequestRow, Repository, Stage

WITH_BULLETIN = GOOD + b"[publishing]\nbulletin = true\n"


@pytest.fixture
def told(pipeline: Pipeline, push: Push) -> Pipeline:
    push(WITH_BULLETIN)
    return pipeline


def happen(pipeline: Pipeline, github: StandIn, key: str, **detail: Any) -> None:
    with pipeline.context.scope() as session:
        given = {"outcome": "rejected", "codes": ["A01"], "reason": "two passes", **detail}
        happenings.note(session, github.repository.id, Kind.RULING, key, number=7, **given)
    pipeline.drain()


def later(pipeline: Pipeline, github: StandIn) -> None:
    """Ten minutes pass."""
    with pipeline.context.scope() as session:
        row = session.get_one(Repository, github.repository.id)
        if row.bulletin_at is not None:
            row.bulletin_at -= timedelta(minutes=10)
    pipeline.hurry()
    pipeline.drain()


def accept(pipeline: Pipeline, github: StandIn, number: int, score: float, **more: Any) -> None:
    """An accepted submission, as the stages and a person leave it."""
    with pipeline.context.scope() as session:
        row = PullRequestRow(
            repository_id=github.repository.id,
            number=number,
            author="pat",
            title=f"Entry {number}",
            head_sha=f"{number:040x}",
            created_at=datetime(2026, 4, 1, tzinfo=UTC) + timedelta(hours=number),
        )
        session.add(row)
        session.flush()
        submission = submissions.begin(session, row.id, row.head_sha)
        submission.entry = dict(candidate(number, score, **more).entry)
        rulings.record(session, submission.id, Outcome.ACCEPTED, ruler="olga", ruler_id=7, origin=f"{number}")


def bulletin(github: StandIn) -> Issue:
    (issue,) = issues(github)
    return issue


def body(github: StandIn) -> str:
    text = bulletin(github).body
    assert text is not None
    return text


def test_it_is_off_unless_it_is_asked_for(pipeline: Pipeline, github: StandIn, push: Push) -> None:
    push(GOOD)
    happen(pipeline, github, "1")
    assert issues(github) == []
    with pipeline.context.scope() as session:
        assert session.query(Job).filter_by(stage=Stage.BULLETIN).count() == 0


def test_it_is_one_issue_that_says_what_happened(told: Pipeline, github: StandIn) -> None:
    assert (bulletin(github).title, bulletin(github).by_app) == (TITLE, True)
    assert body(github).startswith(MARK)
    happen(told, github, "1")
    later(told, github)
    assert "`#7` was ruled invalid (A01: two passes)." in body(github)
    assert known(told, github).bulletin_issue == bulletin(github).number
    assert audited(told).count("bulletin-published") == 2


def test_it_is_edited_at_most_once_in_ten_minutes(told: Pipeline, github: StandIn) -> None:
    for key in "123":
        happen(told, github, key)
        told.hurry()
        told.drain()
    assert github.state.log.count("PATCH", "*/issues/*") == 0
    later(told, github)
    assert github.state.log.count("PATCH", "*/issues/*") == 1


def test_nothing_is_written_where_nothing_changed(told: Pipeline, github: StandIn) -> None:
    later(told, github)
    later(told, github)
    assert github.state.log.count("PATCH", "*/issues/*") == 0
    assert github.state.log.count("POST", "*/issues") == 1
    assert told.job(Stage.BULLETIN).pending  # it looks again in an hour


def test_it_shows_who_leads_and_explains_what_the_leader_uses(told: Pipeline, github: StandIn) -> None:
    accept(told, github, 5, 1.2, techniques=["muon"])
    accept(told, github, 6, 1.1, techniques=["xsa"], agents=["Codex"])
    happen(told, github, "1")
    later(told, github)
    text = body(github)
    assert text.index("| `Entry 6` | 1.1000 |") < text.index("| `Entry 5` | 1.2000 |")
    assert "**XSA.** XSA, exclusive self-attention:" in text
    assert "**Muon.**" not in text
    assert "| 2026-03-30 | 2 | 1 (50%) | `Codex` 1 |" in text


def test_words_of_people_cannot_act_in_it(told: Pipeline, github: StandIn) -> None:
    happen(told, github, "1", reason="ask @everyone, see <img src=x> and [x](http://evil.example)")
    later(told, github)
    assert "`@everyone`" in body(github)
    assert "`<img`" in body(github)
    assert "`[x](http://evil.example)).`" in body(github)


def test_an_issue_that_a_person_closed_stays_closed(told: Pipeline, github: StandIn) -> None:
    bulletin(github).closed_at = github.state.now()
    happen(told, github, "1")
    later(told, github)
    assert bulletin(github).state == "closed"
    assert "two passes" in body(github)


@pytest.mark.parametrize("fault", [dropped(after=True), server_error(after=True), dropped(), server_error()])
def test_an_answer_that_is_lost_leads_to_no_second_issue(
    pipeline: Pipeline, github: StandIn, push: Push, fault: Any
) -> None:
    github.state.faults.plan(fault, method="POST", path="*/issues")
    push(WITH_BULLETIN)
    pipeline.hurry()
    pipeline.drain()
    assert known(pipeline, github).bulletin_issue == bulletin(github).number


def test_a_repository_without_issues_has_no_bulletin_and_nothing_fails(
    pipeline: Pipeline, github: StandIn, push: Push
) -> None:
    github.state.faults.plan(server_error(410), method="POST", path="*/issues", times=None)
    push(WITH_BULLETIN)
    assert known(pipeline, github).bulletin_issue is None
    assert pipeline.job(Stage.BULLETIN).quarantined_at is None


def test_a_repository_that_is_gone_needs_none(told: Pipeline, github: StandIn) -> None:
    with told.context.scope() as session:
        repositories.forget_repository(session, github.repository.id)
    happen(told, github, "1")
    later(told, github)
    assert "two passes" not in body(github)
