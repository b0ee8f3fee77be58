from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rules.verdict import Verdict
from tests.databases import database
from tests.worker.reproduction.scene import Scene, scene
from tests.worker.rows import loaded
from worker.reproduction import policy
from worker.store import jobs
from worker.store.jobs import RUNS_ANNOUNCED_AT_MOST
from worker.store.models import PullRequestRow, RunStatus, Stage, SubmissionRow


def asked_by_policy(here: Scene, submission_id: Any) -> list[tuple[str, str]]:
    with here.scope() as session:
        row = loaded(session, submission_id)
        policy.ask_automatically(session, row, here.machine.context.competition(row.pull_request.repository))
    return [(run.rung, run.requested_by) for run in here.runs()]


def test_a_record_candidate_takes_the_steps_that_the_policy_names_once(tmp_path: Path) -> None:
    with database("sqlite", tmp_path) as url, scene(url, tmp_path, automatic="probe") as here:
        submission_id = here.add()
        expected = [("smoke", "policy"), ("probe", "policy")]
        assert asked_by_policy(here, submission_id) == expected
        assert asked_by_policy(here, submission_id) == expected


@pytest.mark.parametrize("what", ["blocked", "draft", "held", "quiet", "no score", "no record", "not wanted"])
def test_what_is_no_record_candidate_is_not_run_by_itself(tmp_path: Path, what: str) -> None:
    automatic = "none" if what == "not wanted" else "probe"
    with database("sqlite", tmp_path) as url, scene(url, tmp_path, automatic=automatic) as here:
        submission_id = here.add(verdict=Verdict.LIKELY_INVALID if what == "blocked" else Verdict.NEEDS_REVIEW)
        with here.scope() as session:
            row = session.get_one(SubmissionRow, submission_id)
            if what in ("draft", "held", "quiet"):
                setattr(session.get_one(PullRequestRow, row.pull_request_id), what, True)
            if what.startswith("no "):
                score = None if what == "no score" else 1.3
                row.entry = {"track": "record", "measurements": {"val_bpb": score}}
        assert asked_by_policy(here, submission_id) == []


def test_a_wish_waits_for_somebody_who_rules_and_runs_nothing(lone: Scene) -> None:
    submission_id = lone.add()
    assert lone.ask(submission_id, "probe", wished=True)
    assert not lone.ask(submission_id, "probe", wished=True)
    assert [run.status for run in lone.runs()] == [RunStatus.WISHED]
    assert lone.ask(submission_id, "probe")
    assert {run.status for run in lone.runs()} == {RunStatus.REQUESTED}


def test_an_approval_does_not_survive_a_push(lone: Scene) -> None:
    lone.ask(lone.add(), "full")
    new = lone.move(lone.runs()[0].submission_id)
    with lone.scope() as session:
        assert [run.status for run in lone.runs()] == [RunStatus.CANCELLED] * 4
        assert loaded(session, new).reproduced_at is None
    assert lone.machine.asked() & {(Stage.REPRODUCE.value, str(run.id)) for run in lone.runs()} == set()


def test_runs_that_wait_hold_up_nothing_else(here: Scene) -> None:
    with here.scope() as session:
        for number in range(300):
            jobs.request(session, Stage.REPRODUCE, f"waits-{number}")
        jobs.request(session, Stage.FETCH, "71#1")
    with here.scope() as session:
        due = jobs.due(session)
    stages = [one.stage for one in due]
    assert stages.count(Stage.FETCH) == 1
    assert stages.count(Stage.REPRODUCE) == RUNS_ANNOUNCED_AT_MOST
