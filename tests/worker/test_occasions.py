from __future__ import annotations

from uuid import UUID

import pytest
from sqlalchemy import select

from rules.competition import builtin
from rules.verdict import Verdict
from tests.worker.boards.cases import candidate
from tests.worker.rows import add_repository, add_submission, loaded
from worker import occasions
from worker.store import rulings
from worker.store.models import Happening, Outcome, SubmissionRow
from worker.store.session import SessionScope


@pytest.fixture
def known(scope: SessionScope) -> SessionScope:
    with scope() as session:
        add_repository(session)
    return scope


def submit(scope: SessionScope, number: int, score: float, verdict: Verdict = Verdict.CLEAR, **more: str) -> UUID:
    with scope() as session:
        found = add_submission(session, number, verdict, ())
        session.get_one(SubmissionRow, found).entry = dict(candidate(number, score, **more).entry)  # type: ignore[arg-type]
        return found


def decide(scope: SessionScope, submission_id: UUID, outcome: Outcome | None = None, origin: str = "1") -> None:
    with scope() as session:
        if outcome is not None:
            rulings.record(session, submission_id, outcome, ruler="olga", ruler_id=7, origin=origin)
        occasions.look(session, loaded(session, submission_id), builtin(), ruled=outcome is not None)


def told(scope: SessionScope, kind: str) -> list[Happening]:
    with scope() as session:
        return list(session.scalars(select(Happening).where(Happening.kind == kind).order_by(Happening.at)))


def test_a_score_better_than_everything_accepted_is_a_candidate_once(known: SessionScope) -> None:
    decide(known, submit(known, 12, 0.9), Outcome.ACCEPTED)
    better, worse = submit(known, 13, 0.8), submit(known, 14, 0.95)
    for submission_id in (better, better, worse):
        decide(known, submission_id)
    (found,) = told(known, "record-candidate")
    assert (found.number, found.detail) == (13, {"score": 0.8, "incumbent": 0.9})


def test_a_candidate_is_held_against_what_was_opened_before_it(known: SessionScope) -> None:
    decide(known, submit(known, 12, 0.9), Outcome.ACCEPTED)
    decide(known, submit(known, 20, 0.7), Outcome.ACCEPTED, origin="2")
    for submission_id in (submit(known, 13, 0.8), submit(known, 21, 0.8)):
        decide(known, submission_id)
    (found,) = told(known, "record-candidate")
    assert (found.number, found.detail) == (13, {"score": 0.8, "incumbent": 0.9})


def test_without_an_accepted_one_the_competitions_own_frontier_counts(known: SessionScope) -> None:
    first = builtin().frontier[0].score
    for number, score in ((12, first + 0.01), (13, first - 0.3)):
        decide(known, submit(known, number, score))
    assert [one.number for one in told(known, "record-candidate")] == [13]


@pytest.mark.parametrize(("verdict", "track"), [(Verdict.LIKELY_INVALID, "record"), (Verdict.CLEAR, "non-record")])
def test_what_is_likely_invalid_or_of_another_track_is_none(known: SessionScope, verdict: Verdict, track: str) -> None:
    decide(known, submit(known, 12, 0.5, verdict, track=track))
    assert told(known, "record-candidate") == []


def test_the_frontier_moves_with_an_acceptance_and_back_when_it_is_taken_out(known: SessionScope) -> None:
    first, second = submit(known, 12, 0.9), submit(known, 13, 0.8)
    decide(known, first, Outcome.ACCEPTED)
    decide(known, second, Outcome.ACCEPTED)
    decide(known, second, Outcome.REJECTED, "2")
    decide(known, second, Outcome.REJECTED, "3")
    found = told(known, "frontier-moved")
    assert [(one.detail["before"], one.detail["frontier"]) for one in found] == [
        ([], [12]),
        ([12], [12, 13]),
        ([12, 13], [12]),
    ]
