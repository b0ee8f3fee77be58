from __future__ import annotations

import json
from pathlib import Path

import pytest

from demo.folder import write_folder
from demo.repository import COMPETITION
from demo.samples import load_samples
from rules.competition import load
from tests.bot.command_line.conftest import Fairway, Local

SAMPLES = {sample.name: sample for sample in load_samples()}


def written(name: str, root: Path) -> Path:
    """A sample of the demo as a folder on disk."""
    return write_folder(SAMPLES[name], load(COMPETITION), root)


def test_the_page_tells_settings_order_and_headline(fairway: Fairway, tmp_path: Path) -> None:
    outcome = fairway("explain", "--folder", written("window-ttt", tmp_path), "--competition", COMPETITION)
    assert outcome.code == 0, outcome.err
    assert "score-first: a chunk is scored at train.py:" in outcome.out
    assert "learns from validation tokens" in outcome.out
    assert "final_int8_zlib_ttt_exact" in outcome.out
    assert "\x1b" not in outcome.out
    scored = outcome.out.index("adds to the claimed score")
    assert scored < outcome.out.index("learns from validation tokens") < outcome.out.index("prints the claimed score")


def test_a_setting_is_told_with_where_its_value_is_from(fairway: Fairway, tmp_path: Path) -> None:
    outcome = fairway(
        "explain", "--folder", written("window-ttt", tmp_path), "--competition", COMPETITION, "--json", "-"
    )
    settings = {setting["name"].lower(): setting for setting in json.loads(outcome.out)["settings"]}
    assert settings["ttt_epochs"]["value"] == "2"
    assert settings["ttt_epochs"]["origin"] == "log"
    assert settings["ttt_epochs"]["path"].endswith(".log")


def test_events_are_a_tree_in_the_json(fairway: Fairway, tmp_path: Path) -> None:
    outcome = fairway("explain", "--folder", written("baseline", tmp_path), "--competition", COMPETITION, "--json", "-")
    entry = json.loads(outcome.out)
    assert list(entry) == [
        *("number", "head_sha", "folder", "program", "settings", "events", "established", "headline", "not_followed")
    ]
    main = entry["events"][0]
    assert (main["text"], main["name"]) == ("calls", "main")
    assert [event["name"] for event in main["events"]] == ["train", "ship", "headline"]
    assert entry["not_followed"] == []


def test_a_pull_request_of_a_repository(fairway: Fairway, local: Local) -> None:
    outcome = fairway("explain", "--git", local.git, "--pr", 105)
    assert outcome.code == 0, outcome.err
    assert outcome.out.startswith("Program\n  train_gpt.py\n")


def test_a_pull_request_without_a_script(fairway: Fairway, local: Local) -> None:
    outcome = fairway("explain", "--git", local.git, "--pr", 106)
    assert outcome.code == 0, outcome.err
    assert "no script was found" in outcome.out


@pytest.mark.parametrize("arguments", [(), ("--pr", "105")])
def test_half_of_what_is_asked_for_is_refused(fairway: Fairway, arguments: tuple[str, ...]) -> None:
    outcome = fairway("explain", *arguments)
    assert outcome.code == 2
    assert "give --git REPO and --pr N, or --folder FOLDER" in outcome.err
