from __future__ import annotations

from uuid import UUID, uuid4

import pytest

from rules.verdict import Verdict
from tests.worker.rows import OPENED, REPOSITORY, add_repository, add_submission, move
from worker.store import jobs, queue, rulings
from worker.store.models import Job, Outcome, PullRequestRow, Repository, Stage, SubmissionRow
from worker.store.session import SessionScope


@pytest.fixture
def known(scope: SessionScope) -> SessionScope:
    with scope() as session:
        add_repository(session)
    return scope


def waiting(scope: SessionScope, **how: int) -> list[int]:
    with scope() as session:
        return [submission.pull_request.number for submission in queue.waiting(session, **how)]


def rule(scope: SessionScope, submission_id: UUID, outcome: Outcome, codes: tuple[str, ...] = ()) -> None:
    with scope() as session:
        rulings.record(
            session, submission_id, outcome, codes=codes, ruler="olga", ruler_id=7, origin=f"test {outcome} {codes}"
        )


def test_the_worst_comes_first_then_who_asked_for_a_person_then_the_oldest(known: SessionScope) -> None:
    with known() as session:
        add_submission(session, 1, Verdict.CLEAR)
        add_submission(session, 2, Verdict.INCOMPLETE)
        add_submission(session, 5, Verdict.NEEDS_REVIEW)
        add_submission(session, 4, Verdict.NEEDS_REVIEW)
        asked = add_submission(session, 6, Verdict.NEEDS_REVIEW)
        add_submission(session, 7, Verdict.LIKELY_INVALID)
        session.get_one(SubmissionRow, asked).human_requested_at = OPENED
    assert waiting(known) == [7, 6, 4, 5, 2, 1]
    assert waiting(known, limit=2) == [7, 6]
    with known() as session:
        assert queue.count_waiting(session) == 6


def test_what_is_no_submission_comes_last(known: SessionScope) -> None:
    with known() as session:
        add_submission(session, 1, Verdict.LIKELY_INVALID, folder="")
        add_submission(session, 2, Verdict.CLEAR)
    assert waiting(known) == [2, 1]


def test_only_open_ones_that_are_ready_and_judged_wait(known: SessionScope) -> None:
    with known() as session:
        add_submission(session, 1, state="closed")
        add_submission(session, 2, draft=True)
        add_submission(session, 3, None)
        add_submission(session, 4)
    assert waiting(known) == [4]


def test_who_asked_for_a_person_waits_before_it_is_judged_and_as_a_draft(known: SessionScope) -> None:
    with known() as session:
        for submission_id in (add_submission(session, 1, None), add_submission(session, 2, draft=True)):
            session.get_one(SubmissionRow, submission_id).human_requested_at = OPENED
    assert waiting(known) == [1, 2]


@pytest.mark.parametrize("outcome", [Outcome.ACCEPTED, Outcome.REJECTED, Outcome.NEEDS_CHANGES])
def test_what_was_ruled_waits_no_more_until_a_new_head_comes(known: SessionScope, outcome: Outcome) -> None:
    with known() as session:
        submission_id = add_submission(session, 1)
    rule(known, submission_id, outcome)
    assert waiting(known) == []
    with known() as session:
        new = session.get_one(SubmissionRow, move(session, submission_id))
        new.verdict, new.decided_at = Verdict.CLEAR, OPENED
    assert waiting(known) == [1]


def test_a_waiver_decides_nothing(known: SessionScope) -> None:
    with known() as session:
        submission_id = add_submission(session, 1)
    rule(known, submission_id, Outcome.WAIVED, ("F04",))
    assert waiting(known) == [1]


def test_what_is_on_hold_stays_in_the_queue_even_after_an_earlier_decision(known: SessionScope) -> None:
    with known() as session:
        submission_id = add_submission(session, 1)
    rule(known, submission_id, Outcome.ACCEPTED)
    rule(known, submission_id, Outcome.HELD)
    with known() as session:
        session.query(PullRequestRow).update({"held": True})
    assert waiting(known) == [1]


def test_each_repository_has_its_own_queue(known: SessionScope) -> None:
    with known() as session:
        add_repository(session, 72, "thimble/other")
        add_submission(session, 1)
        add_submission(session, 2, repository_id=72)
    assert waiting(known) == [1, 2]
    assert waiting(known, repository_id=72) == [2]
    with known() as session:
        assert queue.count_waiting(session, repository_id=REPOSITORY) == 1


def test_work_that_was_set_aside_is_placed_as_far_as_its_subject_tells(known: SessionScope) -> None:
    with known() as session:
        submission_id = add_submission(session, 12)
        row_id = session.get_one(SubmissionRow, submission_id).pull_request_id
        guid = f"{REPOSITORY}{uuid4()}"[:36]
        for stage, subject in (
            (Stage.FETCH, f"{REPOSITORY}#7"),
            (Stage.SCREEN, str(submission_id)),
            (Stage.PUBLISH, str(row_id)),
            (Stage.COMMAND, f"{REPOSITORY}:99"),
            (Stage.COMMAND, f"{REPOSITORY}#8!rerun"),
            (Stage.CONFIGURE, "72"),
            (Stage.RECEIVE, guid),
            (Stage.SCREEN, str(uuid4())),
        ):
            jobs.request(session, stage, subject)
        session.query(Job).update({"quarantined_at": OPENED, "last_error": "x"})
        jobs.request(session, Stage.BACKFILL, str(REPOSITORY))
    with known() as session:
        found = queue.set_aside(session)
        placed = sorted((one.job.stage.value, one.repository_id or 0, one.number or 0) for one in found)
    assert placed == [
        ("command", REPOSITORY, 0),
        ("command", REPOSITORY, 8),
        ("configure", 0, 0),
        ("fetch", REPOSITORY, 7),
        ("publish", REPOSITORY, 12),
        ("receive", 0, 0),
        ("screen", 0, 0),
        ("screen", REPOSITORY, 12),
    ]
    with known() as session:
        of_another = queue.set_aside(session, repository_id=99)
        assert {one.job.stage for one in of_another} == {Stage.CONFIGURE, Stage.RECEIVE, Stage.SCREEN}


def test_repositories_with_an_unusable_configuration_are_told(known: SessionScope) -> None:
    with known() as session:
        session.get_one(Repository, REPOSITORY).configuration_fault = "line 3: unknown key"
        add_repository(session, 72, "thimble/other")
    with known() as session:
        assert [one.id for one in queue.faulty(session)] == [REPOSITORY]
        assert queue.faulty(session, repository_id=72) == []
