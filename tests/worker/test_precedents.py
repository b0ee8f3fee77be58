from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from rules.precedents import Code, PrecedentIndex, code_of, guilt_of
from tests.rules.harness import submission_of
from tests.rules.precedents.test_precedents import MENDED, SCRIPT, finding
from tests.worker.rows import REPOSITORY, add_repository, add_submission, loaded
from worker import precedents, rulings
from worker.precedents import NOTHING, Effect
from worker.rulings import Person, Ruled
from worker.store import precedents as stored
from worker.store.models import (
    AuditEvent,
    Happening,
    Job,
    Outcome,
    PullRequestRow,
    Stage,
    SubmissionCode,
    SubmissionRow,
)
from worker.store.session import SessionScope
from worker.store.types import now_plus

OLGA = Person("olga", 7, "comment")


def code(script: str) -> Code:
    return code_of(submission_of({"files": {"train_gpt.py": script}}))


@pytest.fixture
def ids(scope: SessionScope) -> dict[int, UUID]:
    """Three submissions: 12 and 13 hold the same guilty line, 14 mended it."""
    with scope() as session:
        add_repository(session)
        found = {}
        for number, script in ((12, SCRIPT), (13, SCRIPT + "print(13)\n"), (14, MENDED)):
            found[number] = add_submission(session, number, codes=("A01",))
            guilt = [one.as_json() for one in guilt_of([finding(5)], code(script))]
            stored.keep_code(session, found[number], code(script).packed(), guilt)
        return found


def rule(scope: SessionScope, submission_id: UUID, outcome: Outcome, *codes: str, origin: str = "1") -> Ruled:
    with scope() as session:
        return rulings.rule(
            session,
            loaded(session, submission_id),
            outcome,
            codes=codes,
            reason="the key holds the answer" if codes else "",
            person=OLGA,
            origin=origin,
        )


def foresee(scope: SessionScope, submission_id: UUID, outcome: Outcome, *codes: str) -> Effect:
    with scope() as session:
        return precedents.foresee(session, loaded(session, submission_id), outcome, codes, alike=True)


def open_later(scope: SessionScope, submission_id: UUID) -> None:
    """As if its pull request had been opened after everything that was ruled so far."""
    with scope() as session:
        row = session.get_one(SubmissionRow, submission_id)
        session.get_one(PullRequestRow, row.pull_request_id).created_at = session.scalars(select(now_plus(5))).one()


def inheriting(scope: SessionScope, submission_id: UUID) -> list[int]:
    """Screen the submission by the precedents that stand, as the stage does; numbers of those it keeps to."""
    with scope() as session:
        row = loaded(session, submission_id)
        known = [stored.value_of(one) for one in stored.standing(session, REPOSITORY)]
        kept = session.get_one(SubmissionCode, submission_id)
        found = list(PrecedentIndex(known).matches(Code.unpacked(kept.code), row.pull_request.created_at))
        stored.inherit(session, submission_id, [match.precedent.ruling for match in found])
        return [match.precedent.number for match in found]


def screens(scope: SessionScope) -> set[str]:
    with scope() as session:
        return set(session.scalars(select(Job.subject).where(Job.stage == Stage.SCREEN)))


def told(scope: SessionScope) -> Sequence[tuple[str, Any]]:
    with scope() as session:
        return [(one.kind, one.number) for one in session.scalars(select(Happening).order_by(Happening.at))]


def test_a_rejection_is_a_precedent_for_those_that_are_opened_later(scope: SessionScope, ids: dict[int, UUID]) -> None:
    ruled = rule(scope, ids[12], Outcome.REJECTED, "A01")
    assert ruled.effect == Effect(statements=1)
    assert inheriting(scope, ids[13]) == []
    for number in (13, 14):
        open_later(scope, ids[number])
    assert inheriting(scope, ids[13]) == [12]
    assert inheriting(scope, ids[14]) == []
    assert set(told(scope)) == {("precedent", 12), ("ruling", 12)}


def test_a_ruling_names_findings_by_code_or_by_category(scope: SessionScope, ids: dict[int, UUID]) -> None:
    assert foresee(scope, ids[12], Outcome.REJECTED, "A02").statements == 1  # of the category of A01
    assert foresee(scope, ids[12], Outcome.REJECTED, "F04").statements == 0
    assert foresee(scope, ids[12], Outcome.NEEDS_CHANGES) == NOTHING


def test_what_a_ruling_would_do_is_told_and_not_done(scope: SessionScope, ids: dict[int, UUID]) -> None:
    assert foresee(scope, ids[12], Outcome.REJECTED, "A01") == Effect(statements=1, alike=(13,))
    assert told(scope) == []
    with scope() as session:
        assert stored.standing(session, REPOSITORY) == []


def test_another_outcome_ends_the_precedent_and_has_the_heirs_screened_again(
    scope: SessionScope, ids: dict[int, UUID]
) -> None:
    rule(scope, ids[12], Outcome.REJECTED, "A01")
    open_later(scope, ids[13])
    assert inheriting(scope, ids[13]) == [12]
    assert foresee(scope, ids[12], Outcome.ACCEPTED) == Effect(ends=True, again=(13,))
    assert screens(scope) == set()
    assert rule(scope, ids[12], Outcome.ACCEPTED, origin="2").effect == Effect(ends=True, again=(13,))
    assert screens(scope) == {str(ids[13])}
    assert inheriting(scope, ids[13]) == []
    with scope() as session:
        actions = session.scalars(select(AuditEvent).where(AuditEvent.action == "precedents-followed")).all()
        assert [event.detail["screened_again"] for event in actions if event.detail["ends_precedent"]] == [[13]]


def test_lines_of_an_accepted_submission_are_no_evidence_until_it_is_not_accepted_any_more(
    scope: SessionScope, ids: dict[int, UUID]
) -> None:
    rule(scope, ids[12], Outcome.REJECTED, "A01")
    open_later(scope, ids[13])
    assert inheriting(scope, ids[13]) == [12]
    with scope() as session:
        other = add_submission(session, 15, codes=())
        stored.keep_code(session, other, code(SCRIPT).packed(), [])
    assert rule(scope, other, Outcome.ACCEPTED).effect.again == (13,)
    assert inheriting(scope, ids[13]) == []
    assert rule(scope, other, Outcome.NEEDS_CHANGES, origin="2").effect.again == (13,)
    assert inheriting(scope, ids[13]) == [12]


def test_a_hold_leaves_the_precedent(scope: SessionScope, ids: dict[int, UUID]) -> None:
    rule(scope, ids[12], Outcome.REJECTED, "A01")
    assert rule(scope, ids[12], Outcome.HELD, origin="2").effect == NOTHING
    open_later(scope, ids[13])
    assert inheriting(scope, ids[13]) == [12]


def test_a_second_rejection_with_other_words_holds_since_the_first(scope: SessionScope, ids: dict[int, UUID]) -> None:
    rule(scope, ids[12], Outcome.REJECTED, "A01")
    with scope() as session:
        first = stored.standing(session, REPOSITORY)[0]
    rule(scope, ids[12], Outcome.REJECTED, "A01", "A02", origin="2")
    with scope() as session:
        (second,) = stored.standing(session, REPOSITORY)
    assert (second.codes, second.ruled_at) == (["A01", "A02"], first.ruled_at)
    assert second.id != first.id


def test_the_baseline_is_no_evidence(scope: SessionScope, ids: dict[int, UUID]) -> None:
    rule(scope, ids[12], Outcome.REJECTED, "A01")
    with scope() as session:
        assert stored.keep_baseline(session, REPOSITORY, "c" * 40, code(SCRIPT))
        precedents.clear(session, REPOSITORY, code(SCRIPT))
        assert not stored.keep_baseline(session, REPOSITORY, "c" * 40, code(SCRIPT))
    open_later(scope, ids[13])
    assert inheriting(scope, ids[13]) == []
    assert foresee(scope, ids[13], Outcome.REJECTED, "A01").statements == 0


def test_a_rejection_without_evidence_is_no_precedent(scope: SessionScope) -> None:
    with scope() as session:
        add_repository(session)
        submission_id = add_submission(session, 12)
    assert rule(scope, submission_id, Outcome.REJECTED, "F04").effect == Effect(statements=0)
    with scope() as session:
        assert stored.standing(session, REPOSITORY) == []


def test_a_closed_pull_request_is_not_screened_again(scope: SessionScope, ids: dict[int, UUID]) -> None:
    rule(scope, ids[12], Outcome.REJECTED, "A01")
    open_later(scope, ids[13])
    inheriting(scope, ids[13])
    with scope() as session:
        row = session.get_one(SubmissionRow, ids[13])
        session.get_one(PullRequestRow, row.pull_request_id).state = "closed"
    assert rule(scope, ids[12], Outcome.ACCEPTED, origin="2").effect == Effect(ends=True)
