from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session

from rules.lineage.signature import Script, Signature, signature_of_tokens
from tests.worker.rows import OPENED, REPOSITORY, add_repository, add_submission, loaded, move
from worker.store import lineage, rulings
from worker.store.lineage import Near
from worker.store.models import Outcome, ScriptSignature, SubmissionRow
from worker.store.session import SessionScope


@pytest.fixture
def known(scope: SessionScope) -> SessionScope:
    with scope() as session:
        add_repository(session)
    return scope


def signed(*changed: int) -> tuple[Signature, Script]:
    tokens = [f"value_{i} = {-i if i in changed else i}" for i in range(60)]
    signature = signature_of_tokens(tokens)
    assert signature is not None
    return signature, Script.of(tokens)


def shipped(session: Session, number: int, *changed: int, author: str = "ann") -> UUID:
    submission_id = add_submission(session, number, author=author)
    lineage.keep(session, loaded(session, submission_id), *signed(*changed))
    return submission_id


def near(session: Session, submission_id: UUID, *changed: int, named: tuple[int, ...] = ()) -> Near:
    return lineage.near(session, loaded(session, submission_id), *signed(*changed), named, frozenset())


def test_the_nearest_earlier_ones_come_with_their_likeness_and_the_likest_is_the_parent(known: SessionScope) -> None:
    with known() as session:
        shipped(session, 1, 1, 2, 3)
        likest = shipped(session, 2, 1)
        shipped(session, 9)
        asked = add_submission(session, 5, author="zoe")
        found = near(session, asked)
        assert [n.number for n in found.neighbours] == [2, 1]
        assert found.neighbours[0].likeness.similarity == pytest.approx(59 / 60)
        assert found.parent == likest


def test_what_is_kept_twice_is_kept_once(known: SessionScope) -> None:
    with known() as session:
        submission_id = shipped(session, 1)
        lineage.keep(session, loaded(session, submission_id), *signed(7))
        assert session.query(ScriptSignature).count() == 1


def test_a_later_head_counts_from_when_it_came(known: SessionScope) -> None:
    with known() as session:
        first = shipped(session, 1, *range(30))
        row = session.get_one(SubmissionRow, move(session, first))
        row.created_at = OPENED + timedelta(days=900)
        session.flush()
        lineage.keep(session, loaded(session, row.id), *signed())
        asked = add_submission(session, 5, author="zoe")
        found = near(session, asked)
        assert [n.number for n in found.neighbours] == [1]
        assert found.neighbours[0].likeness.similarity < 0.6
        assert found.parent == first


def test_of_copies_the_one_that_others_named_before_goes_first(known: SessionScope) -> None:
    with known() as session:
        shipped(session, 1)
        shipped(session, 2, author="bea")
        naming = add_submission(session, 3, author="cleo")
        lineage.keep(session, loaded(session, naming), *signed(*range(60)), [2])
        lineage.keep(session, loaded(session, add_submission(session, 4, author="ann")), *signed(*range(60)), [1])
        asked = add_submission(session, 5, author="zoe")
        assert [n.number for n in near(session, asked).neighbours][:2] == [2, 1]


def test_a_named_parent_is_compared_with_where_it_is_not_near(known: SessionScope) -> None:
    with known() as session:
        shipped(session, 1, *range(60))
        asked = add_submission(session, 5, author="zoe")
        assert near(session, asked).neighbours == ()
        assert [n.number for n in near(session, asked, named=(1, 44)).neighbours] == [1]


def test_only_the_same_repository_counts(known: SessionScope) -> None:
    with known() as session:
        shipped(session, 1)
        add_repository(session, REPOSITORY + 1, "thimble/other")
        asked = add_submission(session, 5, repository_id=REPOSITORY + 1)
        assert near(session, asked).neighbours == ()


def test_what_was_refused_before_the_moment_is_known_with_its_categories(known: SessionScope) -> None:
    with known() as session:
        refused, restored = shipped(session, 1), shipped(session, 2)
        for submission_id, outcomes in (
            (refused, [Outcome.REJECTED]),
            (restored, [Outcome.REJECTED, Outcome.ACCEPTED]),
        ):
            for outcome in outcomes:
                rulings.record(
                    session, submission_id, outcome, codes=("A01",), ruler="olga", ruler_id=7, origin=f"test {outcome}"
                )
        later = OPENED + timedelta(days=900)
        found = lineage.refused_before(session, REPOSITORY, later)
        assert [(r.number, r.reasons) for r in found] == [(1, ("ngram-cache",))]
        assert lineage.refused_before(session, REPOSITORY, OPENED) == ()


def test_a_question_costs_four_statements_however_many_are_named(known: SessionScope) -> None:
    with known() as session:
        for number in range(1, 6):
            shipped(session, number, *range(number))
        shipped(session, 6, *range(60))
        asked = add_submission(session, 9, author="zoe")
        row = loaded(session, asked)
        statements: list[str] = []
        event.listen(session.get_bind(), "before_cursor_execute", lambda *call: statements.append(call[2]))
        found = lineage.near(session, row, *signed(), tuple(range(1, 9)), frozenset())
    assert len(found.neighbours) == 6
    assert len(statements) <= 4, "\n".join(statements)
    assert sum("lines" in statement for statement in statements) == 1


def test_what_is_kept_again_is_no_news(known: SessionScope) -> None:
    with known() as session:
        row = loaded(session, add_submission(session, 1))
        assert lineage.keep(session, row, *signed(), [4])
        assert not lineage.keep(session, row, *signed(), [4])
        assert lineage.keep(session, row, *signed(), [5])
        assert lineage.keep(session, row, *signed(7), [5])
