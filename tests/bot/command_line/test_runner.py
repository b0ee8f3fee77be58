from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select, update

from evaluator.sandbox import doctor
from evaluator.sandbox.doctor import Report, Tried
from tests.bot.command_line.conftest import Fairway
from tests.standin import keys
from worker import process
from worker.reproduction import fitness
from worker.store import runs
from worker.store.models import Machine, PullRequestRow, SubmissionRow
from worker.store.runs import Asker
from worker.store.session import SessionScope
from worker.store.types import now_plus

HELD = Tried("network", "Reach anything beyond loopback.", True, "denied", 0.1)
FAILED = Tried("disk", "Fill the work folder.", False, "the cap was passed", 0.2)


def _report(monkeypatch: pytest.MonkeyPatch, report: Report) -> None:
    monkeypatch.setattr(doctor, "examine", lambda make, told: [told(tried) for tried in report.attacks] and report)


def test_a_sandbox_that_holds_ends_with_zero(fairway: Fairway, monkeypatch: pytest.MonkeyPatch) -> None:
    _report(monkeypatch, Report("bubblewrap", (HELD,)))
    outcome = fairway("runner", "doctor", "--json", "-")
    assert outcome.code == 0
    assert json.loads(outcome.out)["holds"] is True
    assert "denied  network" in outcome.err


def test_a_sandbox_that_does_not_hold_ends_with_two(fairway: Fairway, monkeypatch: pytest.MonkeyPatch) -> None:
    _report(monkeypatch, Report("bubblewrap", (HELD, FAILED)))
    outcome = fairway("runner", "doctor")
    assert outcome.code == 2
    assert "FAILED  disk" in outcome.out
    assert "does not hold: 1 got through" in outcome.out


def test_what_is_missing_is_said(fairway: Fairway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAIRWAY_SANDBOX", "hope")
    outcome = fairway("runner", "doctor")
    assert outcome.code == 2
    assert "missing: FAIRWAY_SANDBOX: there is no mechanism 'hope'" in outcome.out


COMMANDS = [("runner", "serve"), ("worker", "--queue", "gpu")]


@pytest.fixture
def deployed(known: SessionScope, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> SessionScope:
    """A deployment with a run that waits for this machine."""
    competition = tmp_path / "competition.toml"
    competition.write_text('extends = "parameter-golf"\n[reproduction]\nrunner = "local"\n', "utf-8")
    for name, value in {
        "FAIRWAY_BROKER_URL": "redis://127.0.0.1:1/0",
        "FAIRWAY_APP_ID": "1",
        "FAIRWAY_PRIVATE_KEY": keys().private.decode(),
        "FAIRWAY_RUNNER": "local",
        "FAIRWAY_MACHINE": "gpu-1",
        "FAIRWAY_COMPETITION": str(competition),
    }.items():
        monkeypatch.setenv(name, value)
    with known() as session:
        row = session.scalars(select(SubmissionRow).join(PullRequestRow).where(PullRequestRow.number == 12)).one()
        runs.ask(session, row, "smoke", Asker("olga", 7))
    return known


def never(*_: object, **__: object) -> int:
    raise AssertionError("a worker began")


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_where_the_sandbox_does_not_hold_no_run_is_taken_and_the_queue_says_why(
    deployed: SessionScope, fairway: Fairway, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    monkeypatch.setattr(process, "run_worker", never)
    _report(monkeypatch, Report("bubblewrap", (HELD, FAILED)))
    outcome = fairway(*command)
    assert outcome.code == 2
    assert "FAILED  disk" in outcome.err
    assert ("denied  network" in outcome.err) is (command[0] == "runner")
    assert "no submission is run here: disk (the cap was passed)" in outcome.err
    [said] = json.loads(fairway("queue", "--json", "-").out)["runs"]
    assert "no machine can run it: gpu-1: the sandbox of this machine does not hold" in said
    assert "disk (the cap was passed)" in said


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_what_the_sandbox_lacks_is_said_in_the_queue_even_long_after(
    deployed: SessionScope, fairway: Fairway, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    monkeypatch.setattr(process, "run_worker", never)
    monkeypatch.setenv("FAIRWAY_SANDBOX", "hope")
    outcome = fairway(*command)
    assert outcome.code == 2
    assert "missing: FAIRWAY_SANDBOX: there is no mechanism 'hope'" in outcome.err
    with deployed() as session:
        session.execute(update(Machine).values(seen_at=now_plus(-86_400)))
    assert "gpu-1 said: the sandbox of this machine does not hold" in " ".join(fairway("queue").out.split())


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_machine_whose_sandbox_holds_begins_to_work(
    deployed: SessionScope, fairway: Fairway, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    _report(monkeypatch, Report("bubblewrap", (HELD,)))
    monkeypatch.setattr(process, "run_worker", lambda *_, **__: 0)
    assert fairway(*command).code == 0


def test_who_makes_runs_elsewhere_or_none_at_all_is_not_tested(
    deployed: SessionScope, fairway: Fairway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "examine", never)
    monkeypatch.setattr(process, "run_worker", lambda *_, **__: 0)
    assert fairway("worker").code == 0
    monkeypatch.setenv("FAIRWAY_RUNNER", "kubernetes")
    assert fairway("worker", "--queue", "gpu").code == 0


def test_a_long_list_of_failures_is_cut_for_the_queue() -> None:
    many = tuple(replace(FAILED, name=f"attack-{number}", detail="x" * 500) for number in range(9))
    said = fitness.refusal(Report("bubblewrap", many)) or ""
    assert said.endswith("; 6 more")
    assert len(said) < 350
