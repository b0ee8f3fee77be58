"""The record of the day run beside a candidate, in turn, and what the comparison says."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from rules.rule import Severity
from tests.databases import database
from tests.worker.reproduction.scene import MACHINE, OLGA, Scene, scene
from tests.worker.rows import REPOSITORY, loaded
from worker import rulings
from worker.reproduction import beside, comparing, telling
from worker.store import runs
from worker.store.models import FindingRow, Outcome, RunStatus, Stage, SubmissionRow

BAR = """
[[significance]]
since = 2026-01-01
margin = 0.005
unit = "metric"
level = 0.01
"""
RECORD, CANDIDATE = 10, 12


@contextmanager
def competing(kind: str, folder: Path, **more: Any) -> Iterator[Scene]:
    with (
        database(kind, folder) as url,
        scene(url, folder, **{"incumbent": True, "tolerance": 0.01, "more": BAR, **more}) as made,
    ):
        yield made


@pytest.fixture(params=["postgresql", "sqlite"])
def both(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Scene]:
    with competing(request.param, tmp_path) as made:
        yield made


@pytest.fixture
def one(tmp_path: Path) -> Iterator[Scene]:
    with competing("sqlite", tmp_path) as made:
        yield made


def enter(here: Scene, number: int, script: str, score: float, *, track: str = "record") -> UUID:
    """A submission that claims a score."""
    submission_id = here.add(number, script)
    with here.scope() as session:
        row = session.get_one(SubmissionRow, submission_id)
        row.entry = {"track": track, "measurements": {"val_bpb": score}, "findings": [], "runs": []}
    return submission_id


def accept(here: Scene, submission_id: UUID) -> None:
    with here.scope() as session:
        rulings.rule(session, loaded(session, submission_id), Outcome.ACCEPTED, person=OLGA, origin=str(submission_id))


def record(here: Scene, number: int = RECORD, script: str = "record", score: float = 1.1) -> UUID:
    submission_id = enter(here, number, script, score)
    accept(here, submission_id)
    return submission_id


def finding(here: Scene, submission_id: UUID) -> FindingRow:
    [found] = [one for one in here.findings(submission_id) if one.code == "P16"]
    return found


def turns(here: Scene) -> list[tuple[str, int]]:
    """Head and seed of each full execution, in the order in which they began."""
    return [(one[4], one[6]) for one in here.executions() if one[0] == "begin" and one[5] == "full"]


def test_candidate_and_record_take_turns_with_the_same_seeds_on_one_machine(both: Scene) -> None:
    record(both)
    candidate = enter(both, CANDIDATE, "gains", 1.05)
    both.ask(candidate, "full")
    both.go_on(60)
    heads = [f"{CANDIDATE:040x}", f"{RECORD:040x}"]
    begun = turns(both)
    assert [head for head, _ in begun] == heads * 3
    assert [seed for _, seed in begun[::2]] == [seed for _, seed in begun[1::2]]
    assert {run.machine for run in both.runs()} == {MACHINE}
    found = finding(both, candidate)
    assert (found.severity.value, found.fix) == ("note", "")
    assert f"in turn, with the same seeds, on {MACHINE}: 1.05" in found.message
    assert "the gain shows: gain +0.0" in found.message
    assert "one-sided Welch test against a margin of 0.0050: p = " in found.message
    assert "n = 3 against 3" in found.message


def test_the_candidate_pays_and_the_record_gets_no_findings(both: Scene) -> None:
    first = record(both)
    candidate = enter(both, CANDIDATE, "gains", 1.05)
    both.ask(candidate, "full")
    both.go_on(60)
    assert both.findings(first) == []
    assert {run.submission_id for run in both.runs()} == {candidate}
    spent = sum(run.seconds for run in both.runs())
    assert both.budgets()[f"submission {candidate}"] == (0, spent)


def test_a_gain_within_the_margin_is_for_a_person(one: Scene) -> None:
    record(one)
    candidate = enter(one, CANDIDATE, "gains little", 1.098)
    one.ask(candidate, "full")
    one.go_on(60)
    found = finding(one, candidate)
    assert found.severity.value == "review"
    assert "no gain beyond the margin is shown: gain +0.00" in found.message


def test_a_gain_by_a_score_that_differs_from_its_claim_is_for_a_person(one: Scene) -> None:
    record(one)
    candidate = enter(one, CANDIDATE, "gains", 1.05)
    one.ask(candidate, "full")
    while not one.runs("incumbent"):
        one.step()
    with one.scope() as session:
        row = session.get_one(SubmissionRow, candidate)
        row.entry = {**(row.entry or {}), "measurements": {"val_bpb": 1.02}}
    one.go_on(60)
    found = finding(one, candidate)
    assert found.severity.value == "review"
    assert "the gain shows" in found.message


def test_what_was_not_made_on_one_machine_is_for_a_person_whatever_it_shows(one: Scene) -> None:
    record(one)
    candidate = enter(one, CANDIDATE, "gains", 1.05)
    one.ask(candidate, "full")
    one.go_on(60)
    with one.scope() as session:
        row = loaded(session, candidate)
        made = runs.of_submission(session, candidate)
        made[-1].machine = "gpu-2"
        competition = one.machine.context.competition(row.pull_request.repository)
        [found] = comparing.compared(made, competition, row.pull_request.created_at.date())
        session.rollback()
    assert found.severity is Severity.REVIEW
    assert "on different machines (gpu-1, gpu-2)" in found.message


def test_without_the_setting_no_record_is_run(tmp_path: Path) -> None:
    with competing("sqlite", tmp_path, incumbent=False) as here:
        record(here)
        candidate = enter(here, CANDIDATE, "gains", 1.05)
        here.ask(candidate, "full")
        here.go_on(60)
        assert len(turns(here)) == 3
        assert here.findings(candidate) == []


def test_where_no_record_is_known_it_is_said_and_the_candidate_is_run_all_the_same(one: Scene) -> None:
    candidate = enter(one, CANDIDATE, "gains", 1.05)
    one.ask(candidate, "full")
    one.go_on(60)
    assert len(turns(one)) == 3, [(run.status.value, run.reason) for run in one.runs()]
    found = finding(one, candidate)
    assert found.severity.value == "note"
    assert "no accepted submission that was opened before is known here" in found.message


def test_the_record_is_the_best_accepted_one_of_the_track_that_was_opened_before(one: Scene) -> None:
    best = record(one, 5, score=1.09)
    record(one, 6, score=1.12)
    record(one, 20, score=1.01)  # opened later
    enter(one, 7, "record", 1.03)  # not accepted
    accept(one, enter(one, 8, "record", 1.02, track="unlimited"))
    candidate = enter(one, CANDIDATE, "gains", 1.05)
    with one.scope() as session:
        row = loaded(session, candidate)
        found = beside.incumbent_of(session, row, one.machine.context.competition(row.pull_request.repository))
        assert found is not None
        assert (found.id, found.pull_request.repository_id) == (best, REPOSITORY)


def test_a_record_that_does_not_run_here_is_told_and_not_run_again(one: Scene) -> None:
    record(one, script="crashes")
    candidate = enter(one, CANDIDATE, "gains", 1.05)
    one.ask(candidate, "full")
    one.go_on(60)
    assert [head for head, _ in turns(one)].count(f"{RECORD:040x}") == 1
    assert [run.status.value for run in one.runs("incumbent")] == ["finished", "skipped", "skipped"]
    found = finding(one, candidate)
    assert found.severity.value == "note"
    assert "could not be run beside it, so that nothing is compared" in found.message
    assert [run.verdict for run in one.runs("full")] == ["reproduced"] * 3


def test_with_a_candidate_that_fails_no_record_is_run(one: Scene) -> None:
    record(one)
    candidate = enter(one, CANDIDATE, "crashes fully", 1.05)
    one.ask(candidate, "full")
    one.go_on(60)
    assert {head for head, _ in turns(one)} == {f"{CANDIDATE:040x}"}
    assert {run.status for run in one.runs("incumbent")} == {RunStatus.SKIPPED}


def test_what_waits_for_its_turn_says_so(one: Scene) -> None:
    record(one)
    candidate = enter(one, CANDIDATE, "hangs fully", 1.05)
    one.ask(candidate, "full")
    while not one.runs("incumbent"):
        one.step()
    with one.scope() as session:
        row = loaded(session, candidate)
        lines = telling.of_submission(session, candidate, one.machine.context.competition(row.pull_request.repository))
    told = [line for line in lines if "of the record" in line]
    assert len(told) == 3
    assert all("its turn has not come" in line for line in told)
    one.move(candidate)
    one.go_on(60)
    assert {run.status for run in one.runs("incumbent")} == {RunStatus.CANCELLED}


def test_another_machine_sends_the_record_to_the_one_where_the_candidate_ran(one: Scene, tmp_path: Path) -> None:
    record(one)
    candidate = enter(one, CANDIDATE, "gains", 1.05)
    one.ask(candidate, "full")
    while not one.runs("incumbent") or one.runs("full")[0].status is RunStatus.RUNNING:
        one.step()
    other = tmp_path / "other"
    other.mkdir()
    url = one.machine.context.settings.database_url
    first = one.runs("incumbent")[0]
    with scene(url, other, machine="gpu-2", known=True, incumbent=True, tolerance=0.01, more=BAR) as elsewhere:
        elsewhere.look(first)
    assert one.machine.job(Stage.REPRODUCE, str(first.id)).place == MACHINE
    one.go_on(60)
    assert finding(one, candidate).severity.value == "note"
