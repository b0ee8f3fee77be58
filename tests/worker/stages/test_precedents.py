"""From a ruling to the check of a later pull request, over HTTP against the stand-in."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select

from rules.rule import Source
from tests.pipeline import Pipeline
from tests.rules.harness import cases
from tests.standin import StandIn
from worker import rulings
from worker.rulings import Person
from worker.store import submissions
from worker.store.models import BaselineCode, Happening, Outcome, Stage, SubmissionRow

OLGA = Person("olga", 7, "comment")
SCRIPT = next(case for case in cases("A01") if case.expect).data["files"]["train_gpt.py"]
LATER = SCRIPT.replace("PRIME, MASK = 36313, 4095", "PRIME, MASK = 11, 4095  # ours")
MENDED = LATER.replace(" ^ (tokens[where] * 31)", "")
FOLDER = "records/track_10min_16mb/2026-04-0{}_Sample"


def opened(pipeline: Pipeline, github: StandIn, place: int, script: str) -> UUID:
    """A pull request that brings the script, later than what was ruled so far, and its submission once it is judged."""
    pull = github.pull_request({f"{FOLDER.format(place)}/train_gpt.py": script.encode()}, title=f"Entry {place}")
    pull.issue.created_at = github.state.now() + timedelta(seconds=5 * place)
    pipeline.ask(Stage.FETCH, f"{github.repository.id}#{pull.number}").drain()
    with pipeline.context.scope() as session:
        return session.scalars(select(SubmissionRow.id).where(SubmissionRow.head_sha == pull.head_sha)).one()


def rule(pipeline: Pipeline, submission_id: UUID, outcome: Outcome, *codes: str) -> None:
    with pipeline.context.scope() as session:
        row = submissions.load(session, submission_id)
        assert row is not None
        reason = "the key holds the answer" if codes else ""
        rulings.rule(session, row, outcome, codes=codes, reason=reason, person=OLGA, origin=f"{outcome}")
    pipeline.hurry()
    pipeline.drain()


def inherited(pipeline: Pipeline, submission_id: UUID) -> list[str]:
    with pipeline.context.scope() as session:
        row = submissions.load(session, submission_id)
        assert row is not None
        assert row.report is not None
        found = [finding for finding in row.findings if finding.source is Source.PRECEDENT]
        assert all("the key holds the answer" in row.report for _ in found)
        return [f"{finding.code} {finding.severity} {finding.message}" for finding in found]


@pytest.fixture
def first(pipeline: Pipeline, github: StandIn) -> UUID:
    """A pull request that was ruled invalid."""
    submission_id = opened(pipeline, github, 0, SCRIPT)
    rule(pipeline, submission_id, Outcome.REJECTED, "A01")
    return submission_id


def test_who_keeps_the_guilty_lines_is_told_of_the_ruling_and_who_mends_them_is_not(
    pipeline: Pipeline, github: StandIn, first: UUID
) -> None:
    (told,) = inherited(pipeline, opened(pipeline, github, 1, LATER))
    assert told.startswith("A01 block Keeps the ")
    assert "#1 was ruled invalid" in told
    assert inherited(pipeline, opened(pipeline, github, 2, MENDED)) == []
    assert inherited(pipeline, first) == []


def test_a_ruling_that_is_changed_frees_those_that_inherited_it(
    pipeline: Pipeline, github: StandIn, first: UUID
) -> None:
    later = opened(pipeline, github, 1, LATER)
    assert inherited(pipeline, later) != []
    rule(pipeline, first, Outcome.ACCEPTED)
    assert inherited(pipeline, later) == []


def test_a_screening_that_is_done_twice_tells_once(pipeline: Pipeline, github: StandIn, first: UUID) -> None:
    later = opened(pipeline, github, 1, LATER)
    told = inherited(pipeline, later)
    pipeline.ask(Stage.SCREEN, str(later)).drain()
    assert inherited(pipeline, later) == told
    with pipeline.context.scope() as session:
        kinds = [one.kind for one in session.scalars(select(Happening))]
    assert kinds.count("family-of-copies") == 1


def test_the_competitions_own_script_is_read_once_for_each_state_of_it(pipeline: Pipeline, github: StandIn) -> None:
    github.people.push_branch(github.repository, "olga", {"train_gpt.py": b"print('baseline')\n"})
    for place in (1, 2):
        opened(pipeline, github, place, LATER)
    with pipeline.context.scope() as session:
        assert len(session.scalars(select(BaselineCode)).all()) == 1
