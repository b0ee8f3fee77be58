from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DatabaseError, IntegrityError

from evaluator.evidence import evidence_of
from evaluator.runners import State
from tests.databases import database
from tests.processes import wait_until
from tests.worker.reproduction.scene import MACHINE, Scene, scene
from worker.reproduction import waiting
from worker.reproduction.records import parsed
from worker.store import runs
from worker.store.attempts import MAX_ATTEMPTS
from worker.store.models import EvidenceRow, Machine, RunStatus, Stage


def test_a_run_ends_with_evidence_and_its_machine_and_budget_are_free(here: Scene) -> None:
    submission_id = here.add()
    assert here.ask(submission_id)
    here.go_on()
    run = here.run()
    assert (run.status, run.verdict, run.passed, run.occupies) == (RunStatus.FINISHED, "reproduced", True, None)
    assert run.released_at is not None
    with here.scope() as session:
        [row] = session.scalars(select(EvidenceRow))
        evidence = evidence_of(parsed(row.record))
    assert (row.digest, evidence.request["seed"]) == (run.evidence_digest, run.seed)
    assert {reserved for reserved, _ in here.budgets().values()} == {0}
    assert {spent for _, spent in here.budgets().values()} == {run.seconds}
    assert run.mills == pytest.approx(evidence.seconds, abs=1)
    assert (Stage.DECIDE.value, str(submission_id)) in here.machine.asked()
    assert not (here.folder / "runs" / str(run.id)).exists()


def test_asking_for_all_asks_for_what_is_missing_below_in_order(here: Scene) -> None:
    here.ask(here.add(), "full")
    assert [run.rung for run in here.runs()] == ["smoke", "probe", "seed", "full"]
    here.go_on()
    begun = [one[5] for one in here.executions() if one[0] == "begin"]
    assert begun == ["smoke", "probe", "seed", "full", "full", "full"]
    seeds = [run.seed for run in here.runs("full")]
    assert len(set(seeds)) == 3
    assert all(0 <= seed < runs.MOST_SEED for seed in seeds)


@pytest.mark.parametrize(
    ("script", "verdict", "code"),
    [("crashes", "failed", "P12"), ("differs", "reproduced", None), ("leaks", None, "P01")],
)
def test_what_a_submission_does_is_a_result_that_is_never_tried_again(
    lone: Scene, script: str, verdict: str | None, code: str | None
) -> None:
    submission_id = lone.add(script=script)
    lone.ask(submission_id, "probe")
    lone.go_on()
    assert max(run.attempt for run in lone.runs()) == 1
    assert [finding.code for finding in lone.findings(submission_id)] == ([code] if code else [])
    if script == "crashes":
        assert lone.told()[-1] == ("probe", "skipped", None)
        assert "smoke run before it did not pass" in lone.run("probe").reason


def test_a_score_that_differs_in_a_full_run_is_a_finding_and_stops_the_ladder(lone: Scene) -> None:
    submission_id = lone.add(script="differs")
    lone.ask(submission_id, "full")
    lone.go_on()
    [finding] = lone.findings(submission_id)
    assert (finding.code, finding.severity.value) == ("P11", "review")
    assert "1.2000 bits per byte" in finding.message
    assert lone.run("full").status is RunStatus.SKIPPED


def test_what_takes_too_long_is_ended_and_weighs_as_the_competition_says(tmp_path: Path) -> None:
    with database("sqlite", tmp_path) as url, scene(url, tmp_path, smoke_seconds=0.3) as here:
        submission_id = here.add(script="hangs")
        here.ask(submission_id)
        here.go_on()
        assert here.told() == [("smoke", "finished", "over-time")]
        assert [(one.code, one.severity.value) for one in here.findings(submission_id)] == [("P13", "block")]


def test_progress_is_kept_in_the_row_while_it_runs(lone: Scene) -> None:
    lone.ask(lone.add(script="slow"))
    lone.look(lone.run())

    def told() -> object:
        lone.look(lone.run())
        return lone.run().progress.get("step")

    wait_until(told, "a step shows")
    progress = lone.run().progress
    assert (progress["steps"], progress["expected_seconds"]) == (3, 30.0)
    assert progress["loss"] == pytest.approx(3.0 / progress["step"], abs=0.001)
    lone.go_on()


def test_a_supervisor_that_dies_is_a_fault_of_ours_and_tried_again_with_the_same_seed(here: Scene) -> None:
    here.ask(here.add(script="slow"))
    here.look(here.run())
    began = here.folder / "runs" / str(here.run().id) / "began"
    wait_until(lambda: began.exists() and began.read_text(), "it runs")
    os.kill(int(began.read_text()), signal.SIGKILL)
    here.go_on()
    first, second = here.runs()
    assert [run.status for run in (first, second)] == [RunStatus.LOST, RunStatus.FINISHED]
    assert (first.seed, first.attempt, second.attempt) == (second.seed, 1, 2)
    assert here.findings(first.submission_id) == []
    assert {reserved for reserved, _ in here.budgets().values()} == {0}


def test_after_three_attempts_a_fault_of_ours_is_said_and_what_lies_above_is_not_run(lone: Scene) -> None:
    submission_id = lone.add(script="slow")
    lone.ask(submission_id, "probe")
    for _ in range(MAX_ATTEMPTS):
        lone.look(lone.run())
        taken = lone.run()
        lone.reap()
        lone.look(taken)
    assert [run.status for run in lone.runs("smoke")] == [RunStatus.LOST] * 3
    assert "could not be made" in lone.run("probe").reason
    lone.go_on()
    assert [run.occupies for run in lone.runs()] == [None] * 4
    assert lone.findings(submission_id) == []


def test_what_nobody_watches_is_given_up_and_its_machine_is_free_only_when_nothing_is_left_there(here: Scene) -> None:
    here.ask(here.add(script="hangs"))
    here.look(here.run())
    lost = here.run()
    assert here.reap(3600.0) == 0
    assert here.reap() == 1
    with here.scope() as session:
        assert runs.is_occupied(session, MACHINE)
    assert {reserved for reserved, _ in here.budgets().values()} == {0}
    second = here.run()
    here.look(second)
    assert here.run().waits_for == waiting.BUSY
    here.look(next(run for run in here.runs() if run.id == lost.id))
    assert here.runner.progress(str(lost.id)).state is State.LOST
    with here.scope() as session:
        assert not runs.is_occupied(session, MACHINE)


def test_a_newer_commit_ends_what_runs_and_what_waits(here: Scene) -> None:
    submission_id = here.add(script="hangs")
    here.ask(submission_id, "full")
    here.look(here.run("smoke"))
    here.move(submission_id)
    assert {run.status for run in here.runs() if run.rung != "smoke"} == {RunStatus.CANCELLED}
    here.go_on()
    run = here.run("smoke")
    assert (run.status, run.reason, run.occupies) == (RunStatus.CANCELLED, runs.SUPERSEDED, None)
    assert not (here.folder / "runs" / str(run.id)).exists()
    assert {reserved for reserved, _ in here.budgets().values()} == {0}


def test_one_machine_has_one_run_whatever_anybody_does(here: Scene) -> None:
    here.ask(here.add(12, "slow"))
    here.ask(here.add(13, "slow"))
    first, second = here.runs()
    here.look(first)
    here.look(second)
    assert here.run().waits_for == waiting.BUSY
    with pytest.raises(IntegrityError), here.scope() as session:
        runs.change(session, second.id, occupies=MACHINE)
    here.go_on()
    here.look(here.runs()[1])
    here.go_on()
    assert [run.status for run in here.runs()] == [RunStatus.FINISHED] * 2


def test_who_takes_a_run_and_dies_before_it_started_leaves_it_to_the_next(
    here: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    here.ask(here.add())

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(type(here.runner), "start", killed)
        with pytest.raises(KeyboardInterrupt):
            here.look(here.run())
    run = here.run()
    assert (run.status, run.handle, run.occupies) == (RunStatus.RUNNING, None, MACHINE)
    with here.scope() as session:
        session.execute(text("UPDATE job SET leased_until = NULL, attempts = 0 WHERE stage = 'reproduce'"))
    here.go_on()
    assert here.run().status is RunStatus.FINISHED
    assert [one[0] for one in here.executions()] == ["begin", "end"]


def test_a_runner_that_takes_nothing_is_said_and_costs_nothing(here: Scene) -> None:
    broken = here.folder / "runs" / "broken"
    broken.parent.mkdir()
    broken.write_text("no sandbox works here: user namespaces are off")
    here.ask(here.add())
    here.look(here.run())
    run = here.run()
    assert (run.status, run.occupies, run.reserved_seconds) == (RunStatus.REQUESTED, None, 0)
    assert "user namespaces are off" in (run.waits_for or "")
    assert set(here.budgets().values()) == {(0, 0)}
    with here.scope() as session:
        machine = session.get_one(Machine, MACHINE)
    assert "user namespaces are off" in (machine.fault or "")
    broken.unlink()
    here.look(run)
    here.go_on()
    assert here.run().status is RunStatus.FINISHED
    with here.scope() as session:
        assert session.get_one(Machine, MACHINE).fault is None


def test_over_budget_it_waits_and_says_which_account_is_short(tmp_path: Path) -> None:
    budget = {"minutes_per_author": 2.0}
    with database("sqlite", tmp_path) as url, scene(url, tmp_path, budget=budget, gpus=8) as here:
        here.ask(here.add())
        here.look(here.run())
        assert (
            here.run().waits_for
            == "it waits for budget: it may take 28 GPU minutes and the author has 2 GPU minutes left"
        )
        assert set(here.budgets().values()) <= {(0, 0)}
        assert here.executions() == []


def test_another_machine_sends_a_look_to_the_one_that_holds_the_process(lone: Scene, tmp_path: Path) -> None:
    lone.ask(lone.add(script="slow"))
    lone.look(lone.run())
    url = lone.machine.context.settings.database_url
    other = tmp_path / "other"
    other.mkdir()
    with scene(url, other, machine="gpu-2", known=True) as elsewhere:
        elsewhere.look(lone.run())
    job = lone.machine.job(Stage.REPRODUCE, str(lone.run().id))
    assert (job.place, job.attempts) == (MACHINE, 0)
    lone.go_on()
    assert lone.run().status is RunStatus.FINISHED


@pytest.mark.parametrize("change", ["UPDATE evidence SET record = 'x'", "DELETE FROM evidence"])
def test_evidence_can_be_neither_changed_nor_deleted(here: Scene, change: str) -> None:
    with here.scope() as session:
        runs.keep_evidence(session, "d" * 64, "{}")
        runs.keep_evidence(session, "d" * 64, "{}")
    with pytest.raises(DatabaseError, match="append-only"), here.scope() as session:
        session.execute(text(change))
