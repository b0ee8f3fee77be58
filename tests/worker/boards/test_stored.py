"""What the boards read of the store, and how little of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session

from rules.competition import builtin
from rules.verdict import Verdict
from tests.worker.boards.cases import candidate
from tests.worker.rows import REPOSITORY, add_repository, add_submission
from worker.boards import stored
from worker.boards.values import board
from worker.store import rulings
from worker.store.models import Outcome, SubmissionRow
from worker.store.session import SessionScope

NEW = {"against": 1, "gained": ["xsa"], "lost": [], "settings": [], "functions": [{"name": "f"}]}


@pytest.fixture
def known(scope: SessionScope) -> SessionScope:
    with scope() as session:
        add_repository(session)
        for number, track, outcome in (
            (1, "record", Outcome.ACCEPTED),
            (2, "non-record", Outcome.ACCEPTED),
            (3, "record", Outcome.REJECTED),
            (4, "record", None),
        ):
            found = add_submission(session, number, Verdict.CLEAR, ())
            entry = dict(candidate(number, 1.0, 1.1, track=track, techniques=["gqa"], new=NEW).entry)
            session.get_one(SubmissionRow, found).entry = {**entry, "findings": ["long"] * 9, "established": ["longer"]}
            if outcome is not None:
                rulings.record(session, found, outcome, ruler="olga", ruler_id=7, origin=str(number))
    return scope


@contextmanager
def watched(session: Session) -> Iterator[list[str]]:
    statements: list[str] = []
    event.listen(session.get_bind(), "before_cursor_execute", lambda *call: statements.append(call[2]))
    yield statements


def test_a_record_candidate_reads_the_scores_of_what_was_accepted_in_the_track(known: SessionScope) -> None:
    with known() as session, watched(session) as statements:
        found = stored.candidates(session, REPOSITORY, accepted=True, track="record", parts=stored.SCORES)
    (one,) = found
    assert (one.number, one.scores, set(one.entry)) == (1, (1.0, 1.1), {"track", "new", "measurements", "runs"})
    asked = [statement for statement in statements if statement.startswith("SELECT")]
    assert len(asked) == 2
    assert not any("submission.report" in one or "submission.snapshot" in one for one in asked)


def test_a_board_reads_no_findings_and_shows_the_same(known: SessionScope) -> None:
    competition = builtin()
    track = next(track for track in competition.tracks if track.name == "record")
    with known() as session:
        found = stored.candidates(session, REPOSITORY)
    assert [(one.number, one.outcome) for one in found] == [(1, "accepted"), (2, "accepted"), (3, "rejected"), (4, "")]
    assert all("findings" not in one.entry and "established" not in one.entry for one in found)
    assert found[0].entry["new"] == {"gained": ["xsa"], "settings": []}
    (row,) = board(found, competition, track).rows
    assert (row.number, row.score, row.runs, len(row.adds)) == (1, 1.05, 2, 1)
