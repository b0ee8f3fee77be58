from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from evaluator.evidence import Evidence, ProbeOutcome, ProbeResult, RunVerdict
from evaluator.request import Rung
from evaluator.runners import Progress, State
from tests.bot.command_line.conftest import Fairway
from tests.evaluator.sandboxes import sandbox
from tests.evaluator.scripts import HONEST, SCORED, data_folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "submission"
    made.mkdir()
    (made / "train_gpt.py").write_text(HONEST + SCORED)
    (made / "submission.json").write_text('{"val_bpb": 1.25}')
    return made


def reproduce(fairway: Fairway, folder: Path, *more: object) -> tuple[int, dict[str, Any], str]:
    sandbox()
    data = data_folder(folder.parent) / "text"
    outcome = fairway("reproduce", folder, "--data", data, "--memory", "0.5", "--json", "-", *more)
    return outcome.code, json.loads(outcome.out) if outcome.out else {}, outcome.err


def test_a_claim_that_is_met_ends_with_zero(fairway: Fairway, folder: Path) -> None:
    code, told, err = reproduce(fairway, folder, "--only", "--seed", "5")
    assert code == 0, err
    (run,) = told["runs"]
    assert run["verdict"] == "reproduced"
    assert run["request"]["claimed"]["val_bpb"] == 1.25
    assert run["request"]["seed"] == 5
    assert "1.2500" in err


def test_a_claim_that_is_not_met_ends_with_one(fairway: Fairway, folder: Path) -> None:
    (folder / "submission.json").write_text('{"val_bpb": 1.1}')
    code, told, _ = reproduce(fairway, folder, "--only")
    assert code == 1
    assert told["runs"][0]["verdict"] == "differs"


def test_the_climb_ends_at_the_first_step_that_fails(fairway: Fairway, folder: Path) -> None:
    (folder / "train_gpt.py").write_text("raise SystemExit('broken')")
    code, told, err = reproduce(fairway, folder, "--rung", "full")
    assert code == 1
    assert [run["request"]["rung"] for run in told["runs"]] == ["smoke"]
    assert "broken" in err


def test_a_full_run_takes_as_many_seeds_as_the_track_asks_for(fairway: Fairway, folder: Path) -> None:
    code, told, _ = reproduce(fairway, folder, "--rung", "full", "--only", "--seed", "1")
    assert code == 0
    assert [run["request"]["seed"] for run in told["runs"]] == [1, 2, 3]


def test_data_that_is_not_there_is_a_fault_of_this_machine(fairway: Fairway, folder: Path, tmp_path: Path) -> None:
    sandbox()
    (tmp_path / "empty").mkdir()
    outcome = fairway("reproduce", folder, "--data", tmp_path / "empty", "--only")
    assert outcome.code == 3
    assert "no shards" in outcome.out


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--probe", "crystal-ball"), "no probe named 'crystal-ball'"),
        (("--command", "python 'open"), "cannot be split into words"),
    ],
)
def test_wrong_usage_is_answered_with_what_is_right(
    fairway: Fairway, folder: Path, tmp_path: Path, options: tuple[str, str], said: str
) -> None:
    outcome = fairway("reproduce", folder, "--data", tmp_path, *options)
    assert outcome.code == 2
    assert said in outcome.err


def test_a_folder_without_a_script_is_answered_by_its_name(fairway: Fairway, tmp_path: Path) -> None:
    sandbox()
    (tmp_path / "empty").mkdir()
    outcome = fairway("reproduce", tmp_path / "empty", "--data", tmp_path)
    assert outcome.code == 2
    assert "holds no train_gpt.py" in outcome.err


def test_without_a_sandbox_nothing_is_run(fairway: Fairway, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAIRWAY_SANDBOX", "hope")
    outcome = fairway("reproduce", folder, "--data", folder)
    assert outcome.code == 2
    assert "there is no working sandbox, and nothing is run without one" in outcome.err


def test_what_a_probe_shows_ends_with_one() -> None:
    from bot.command_line.reproduce import exit_code

    shown = ProbeResult("canary", ProbeOutcome.VIOLATED)
    record = Evidence({}, "local", RunVerdict.REPRODUCED, "", "", "", 1.0, probes=(shown,))
    assert exit_code([record]) == 1


def test_one_line_says_how_far_a_run_is() -> None:
    from bot.command_line.reproduction import line_of

    told = Progress(State.RUNNING, "train", 3, 9, 2.5, 4.2, 12.0, "a line\x1b[2J of theirs")
    assert line_of(Rung.SEED, told).startswith("seed: train · step 3/9 · loss 2.5000 · 4 of 12 s · a line")
    assert "\x1b" not in line_of(Rung.SEED, told)
