from __future__ import annotations

import json
from pathlib import Path

from tests.bot.command_line.conftest import Fairway


def test_a_clear_folder_ends_with_zero(fairway: Fairway, folder: Path) -> None:
    outcome = fairway("check", folder, "--json", "-")
    entry = json.loads(outcome.out)
    assert entry["verdict"] == "clear", entry["findings"]
    assert outcome.code == 0
    assert entry["number"] == 0
    assert entry["head_sha"] == ""


def test_a_folder_that_lacks_something_ends_with_one(fairway: Fairway, folder: Path) -> None:
    (folder / "submission.json").unlink()
    outcome = fairway("check", folder)
    assert outcome.code == 1
    assert outcome.out.startswith("Fairway: incomplete\nFolder, track record, records/track_10min_16mb/")
    assert "F01 missing-submission-files at submission.json" in outcome.out


def test_a_higher_level_lets_it_pass(fairway: Fairway, folder: Path) -> None:
    (folder / "submission.json").unlink()
    assert fairway("check", folder, "--fail-on", "review").code == 0


def test_the_track_may_be_named(fairway: Fairway, folder: Path) -> None:
    assert json.loads(fairway("check", folder, "--track", "non-record", "--json", "-").out)["track"] == "non-record"


def test_an_unknown_track_is_answered_with_the_known_ones(fairway: Fairway, folder: Path) -> None:
    outcome = fairway("check", folder, "--track", "nowhere")
    assert outcome.code == 2
    assert "it has record, non-record" in outcome.err


def test_nothing_in_the_folder_is_run(fairway: Fairway, folder: Path, tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    (folder / "train_gpt.py").write_text(f"open({str(canary)!r}, 'w')\n")
    (folder / "sitecustomize.py").write_text(f"open({str(canary)!r}, 'w')\n")
    fairway("check", folder)
    assert not canary.exists()
