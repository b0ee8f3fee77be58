from __future__ import annotations

import threading
from uuid import UUID

import pytest
from sqlalchemy import select

from tests.worker.rows import NAME, add_pull_request, add_repository, add_submission, loaded, move
from worker import rulings
from worker.precedents import Effect
from worker.rulings import HeadMovedError, Person, Ruled, RulingError
from worker.store import rulings as stored
from worker.store import runs, submissions
from worker.store.models import AuditEvent, Job, Outcome, PullRequestRow, RunStatus, Stage, SubmissionRow
from worker.store.session import SessionScope

OLGA = Person("olga", 7, "comment")
PETRA = Person("petra", 8, "comment")


@pytest.fixture
def submission_id(scope: SessionScope) -> UUID:
    with scope() as session:
        add_repository(session)
        return add_submission(session, 12, codes=("F04", "E05"))


def rule(scope: SessionScope, submission_id: UUID, outcome: Outcome, *, by: Person = OLGA, **how: object) -> Ruled:
    given = {"origin": "test", **how}
    with scope() as session:
        return rulings.rule(session, loaded(session, submission_id), outcome, person=by, **given)  # type: ignore[arg-type]


def jobs_of(scope: SessionScope) -> set[tuple[Stage, str]]:
    with scope() as session:
        return {(job.stage, job.subject) for job in session.scalars(select(Job))}


def is_held(scope: SessionScope) -> bool:
    with scope() as session:
        return session.scalars(select(PullRequestRow.held)).one()


def audited(scope: SessionScope) -> list[AuditEvent]:
    with scope() as session:
        return list(session.scalars(select(AuditEvent).order_by(AuditEvent.at)))


def test_a_ruling_is_kept_and_decided_and_published_anew(scope: SessionScope, submission_id: UUID) -> None:
    ruled = rule(scope, submission_id, Outcome.REJECTED, codes=["f04", "F04"], reason=" two \n settings ")
    assert ruled == Ruled(Outcome.REJECTED, ("F04",), "a" * 40, new=True, effect=Effect(statements=0))
    with scope() as session:
        standing = stored.standing(stored.of_submission(session, submission_id))
    assert standing is not None
    assert (standing.codes, standing.reason, standing.ruler, standing.ruler_id) == (["F04"], "two settings", "olga", 7)
    assert jobs_of(scope) == {(Stage.DECIDE, str(submission_id))}


def test_the_audit_says_who_ruled_what_on_which_commit_and_by_which_way(
    scope: SessionScope, submission_id: UUID
) -> None:
    rule(scope, submission_id, Outcome.REJECTED, codes=["F04"], reason="two settings", origin="comment:5:x")
    (event,) = audited(scope)
    assert (event.actor, event.action) == ("olga", "ruled rejected")
    assert event.subject == f"{NAME}#12@{'a' * 40}"
    assert event.detail == {
        "user_id": 7,
        "way": "comment",
        "codes": ["F04"],
        "reason": "two settings",
        "origin": "comment:5:x",
    }


def test_the_same_act_told_twice_is_one_ruling(scope: SessionScope, submission_id: UUID) -> None:
    assert rule(scope, submission_id, Outcome.ACCEPTED).new
    assert not rule(scope, submission_id, Outcome.ACCEPTED).new
    with scope() as session:
        assert len(stored.of_submission(session, submission_id)) == 1
    assert len(audited(scope)) == 1


def test_hold_holds_and_the_next_ruling_lifts_it(scope: SessionScope, submission_id: UUID) -> None:
    rule(scope, submission_id, Outcome.HELD, origin="1")
    assert is_held(scope)
    rule(scope, submission_id, Outcome.WAIVED, codes=["F04"], reason="agreed with the author", origin="2")
    assert is_held(scope)
    rule(scope, submission_id, Outcome.NEEDS_CHANGES, origin="3")
    assert not is_held(scope)


def test_a_waiver_of_what_nothing_found_says_so(scope: SessionScope, submission_id: UUID) -> None:
    ruled = rule(scope, submission_id, Outcome.WAIVED, codes=["F04", "A03"], reason="known")
    assert ruled.absent == ("A03",)
    with scope() as session:
        assert set(stored.waived(stored.of_submission(session, submission_id))) == {"F04", "A03"}


@pytest.mark.parametrize("outcome", [Outcome.REJECTED, Outcome.WAIVED])
@pytest.mark.parametrize(
    ("codes", "reason", "says"),
    [
        ([], "because", "name at least one rule"),
        (["F04"], " \n", "say why"),
        (["F4"], "because", "there is no rule `F4`; did you mean .*`F04`"),
        (["Q99"], "because", "`fairway rules` lists them"),
        ([f"F{n:02}" for n in range(1, 16)] + [f"E{n:02}" for n in range(1, 7)], "all", "more than the 20"),
        (["F04"], "x" * 2_001, "at most 2000"),
    ],
)
def test_what_cannot_be_ruled_is_refused_with_advice(
    scope: SessionScope, submission_id: UUID, outcome: Outcome, codes: list[str], reason: str, says: str
) -> None:
    with pytest.raises(RulingError, match=says):
        rule(scope, submission_id, outcome, codes=codes, reason=reason)
    assert audited(scope) == []
    assert jobs_of(scope) == set()


def test_codes_of_rules_that_are_not_written_yet_may_be_ruled_by() -> None:
    assert rulings.known_codes(["a01", "X01"]) == ("A01", "X01")


def test_the_head_that_was_looked_at_cannot_be_ruled_on_once_it_moved(scope: SessionScope, submission_id: UUID) -> None:
    with scope() as session:
        old = loaded(session, submission_id)
    with scope() as session:
        new = move(session, submission_id)
    with pytest.raises(HeadMovedError, match=f"from `{'a' * 10}` to `{'b' * 10}`"), scope() as session:
        rulings.rule(session, old, Outcome.ACCEPTED, person=OLGA, origin="test")
    with pytest.raises(HeadMovedError), scope() as session:
        rulings.request_reproduction(session, old, "full", OLGA)
    with pytest.raises(HeadMovedError), scope() as session:
        rulings.request_human(session, old, OLGA)
    with scope() as session:
        assert stored.of_submission(session, new) == []
        assert runs.of_submission(session, submission_id) == []
    assert audited(scope) == []


def test_an_older_ruling_does_not_count_for_a_new_head(scope: SessionScope, submission_id: UUID) -> None:
    rule(scope, submission_id, Outcome.ACCEPTED)
    with scope() as session:
        new = move(session, submission_id)
    with scope() as session:
        assert stored.standing(stored.of_submission(session, new)) is None


def test_a_submission_that_was_never_judged_is_published_without_a_verdict(scope: SessionScope) -> None:
    with scope() as session:
        add_repository(session)
        submission_id = add_submission(session, 12, None)
        row_id = str(session.get_one(SubmissionRow, submission_id).pull_request_id)
    rule(scope, submission_id, Outcome.HELD)
    assert jobs_of(scope) == {(Stage.PUBLISH, row_id)}


def test_of_two_who_rule_at_once_the_later_one_stands_and_holds_or_lifts(
    scope: SessionScope, submission_id: UUID
) -> None:
    acts = [(OLGA, Outcome.HELD), (PETRA, Outcome.ACCEPTED)] * 4
    started = threading.Barrier(len(acts))
    faults: list[BaseException] = []

    def act(index: int) -> None:
        by, outcome = acts[index]
        started.wait()
        try:
            rule(scope, submission_id, outcome, by=by, origin=str(index))
        except BaseException as error:
            faults.append(error)

    threads = [threading.Thread(target=act, args=(index,)) for index in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    with scope() as session:
        found = stored.of_submission(session, submission_id)
        standing = stored.standing(found)
    assert len(found) == len(acts) == len(audited(scope))
    assert standing is not None
    assert is_held(scope) is (standing.outcome is Outcome.HELD)


def test_of_many_rulings_in_one_moment_the_order_is_kept(scope: SessionScope, submission_id: UUID) -> None:
    outcomes = [Outcome.HELD, Outcome.ACCEPTED, Outcome.NEEDS_CHANGES] * 10
    with scope() as session:
        for index, outcome in enumerate(outcomes):
            rulings.rule(session, loaded(session, submission_id), outcome, person=OLGA, origin=str(index))
    with scope() as session:
        assert [one.outcome for one in stored.of_submission(session, submission_id)] == outcomes


def test_a_run_is_asked_for_once_of_each_kind(scope: SessionScope, submission_id: UUID) -> None:
    with scope() as session:
        asked = [
            rulings.request_reproduction(session, loaded(session, submission_id), kind, OLGA)
            for kind in ("smoke", "full", "smoke")
        ]
    assert [(one.kind, one.new) for one in asked] == [("smoke", True), ("full", True), ("smoke", False)]
    assert {one.status for one in asked} == {RunStatus.REQUESTED}
    assert [event.detail["kind"] for event in audited(scope)] == ["smoke", "full"]
    with pytest.raises(RulingError, match="no run of the kind `quick`"), scope() as session:
        rulings.request_reproduction(session, loaded(session, submission_id), "quick", OLGA)


def test_a_person_is_asked_for_once(scope: SessionScope, submission_id: UUID) -> None:
    for expected in (True, False):
        with scope() as session:
            found = submissions.load(session, submission_id)
            assert found is not None
            assert rulings.request_human(session, found, PETRA) is expected
    with scope() as session:
        assert session.get_one(SubmissionRow, submission_id).human_requested_at is not None
    assert [event.actor for event in audited(scope)] == ["petra"]
    assert jobs_of(scope) == {(Stage.DECIDE, str(submission_id))}


def test_a_login_under_which_another_account_ruled_has_changed_hands(scope: SessionScope, submission_id: UUID) -> None:
    rule(scope, submission_id, Outcome.ACCEPTED, origin="1")
    rule(scope, submission_id, Outcome.ACCEPTED, by=Person("petra", 0, "command line"), origin="2")
    with scope() as session:
        add_repository(session, 72, "thimble/other")
        add_pull_request(session, 1, repository_id=72)
        for repository_id, login, user_id, expected in (
            (71, "Olga", 7, False),
            (71, "OLGA", 9, True),
            (71, "petra", 8, False),
            (72, "olga", 9, False),
        ):
            assert stored.ruled_as_somebody_else(session, repository_id, login, user_id) is expected
