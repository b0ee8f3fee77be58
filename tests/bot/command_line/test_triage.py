from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.bot.command_line.conftest import FOLDER, TOTAL, Fairway, Local

CONTRACT = ["number", "head_sha", "track", "verdict", "seconds", "findings", "techniques", "parents", "measurements"]


def test_the_report_of_a_pull_request_is_printed_without_colours(fairway: Fairway, local: Local) -> None:
    outcome = fairway("triage", "--git", local.git, "--pr", 106)
    assert outcome.code == 0, outcome.err
    assert outcome.out.startswith("Fairway: incomplete\nPull request 106 at ")
    assert "F01 missing-submission-files" in outcome.out
    assert "\x1b" not in outcome.out
    assert outcome.err == ""


def test_the_report_as_markdown(fairway: Fairway, local: Local) -> None:
    outcome = fairway("triage", "--git", local.git, "--pr", 106, "--markdown")
    assert outcome.out.startswith("## Fairway: incomplete\n")
    assert "- **F01** missing-submission-files at `submission.json`: " in outcome.out


def test_json_on_standard_output_stands_alone(fairway: Fairway, local: Local) -> None:
    outcome = fairway("triage", "--git", local.git, "--pr", 105, "--json", "-")
    entry = json.loads(outcome.out)
    assert list(entry)[: len(CONTRACT)] == CONTRACT
    assert entry["number"] == 105
    assert entry["track"] == "record"
    assert entry["folder"] == f"{FOLDER}105"
    assert entry["parents"] == [{"number": 77, "similarity": None, "cited": True}]
    assert entry["measurements"]["seeds"] == [1, 2, 3]
    assert entry["measurements"]["artifact_bytes"] == TOTAL


def test_json_in_a_file_comes_with_the_report(fairway: Fairway, local: Local, tmp_path: Path) -> None:
    target = tmp_path / "entry.json"
    outcome = fairway("triage", "--git", local.git, "--pr", 106, "--json", target)
    assert outcome.out.startswith("Fairway: incomplete")
    assert json.loads(target.read_text())["verdict"] == "incomplete"


def test_the_table_tells_author_and_time(fairway: Fairway, local: Local) -> None:
    outcome = fairway("triage", "--git", local.git, "--pr", 106, "--pull-requests", local.pull_requests, "--json", "-")
    assert outcome.code == 0, outcome.err
    assert json.loads(outcome.out)["number"] == 106


@pytest.mark.parametrize(("level", "code"), [("incomplete", 1), ("note", 1), ("block", 0)])
def test_the_exit_code_follows_the_asked_level(fairway: Fairway, local: Local, level: str, code: int) -> None:
    assert fairway("triage", "--git", local.git, "--pr", 106, "--fail-on", level).code == code


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--pr", 99), "no pull request 99 (refs/pull/99/head); fetch it with: git fetch"),
        (("--pr", 105, "--competition", "nowhere"), "no competition named 'nowhere' is shipped"),
        (("--pr", 105, "--competition", "/nowhere.toml"), "/nowhere.toml: cannot be read"),
    ],
)
def test_unreadable_input_is_one_line_that_helps(
    fairway: Fairway, local: Local, arguments: tuple[object, ...], says: str
) -> None:
    outcome = fairway("triage", "--git", local.git, *arguments)
    assert outcome.code == 2
    assert outcome.err.startswith("fairway: ")
    assert outcome.err.count("\n") == 1
    assert says in outcome.err


def test_a_folder_that_is_no_repository_is_named(fairway: Fairway, tmp_path: Path) -> None:
    outcome = fairway("triage", "--git", tmp_path, "--pr", 105)
    assert outcome.code == 2
    assert str(tmp_path) in outcome.err


def test_a_table_without_its_columns_is_named_with_its_line(fairway: Fairway, local: Local, tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    table.write_text("number,title\n105,x\n")
    outcome = fairway("triage", "--git", local.git, "--pr", 105, "--pull-requests", table)
    assert outcome.code == 2
    assert f"{table}:1: columns missing: created_at, author, head_sha" in outcome.err
