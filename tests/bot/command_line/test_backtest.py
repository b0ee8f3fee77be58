from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.bot.command_line.conftest import Fairway, Local


def common(local: Local, *more: object) -> tuple[object, ...]:
    return ("backtest", "--git", local.git, "--pull-requests", local.pull_requests, "--workers", 0, *more)


def test_all_pull_requests_are_written_in_order_and_summed_up(fairway: Fairway, local: Local, tmp_path: Path) -> None:
    target = tmp_path / "out.json"
    outcome = fairway(*common(local, "--json", target))
    assert outcome.code == 0, outcome.err
    written = json.loads(target.read_text())
    assert list(written) == ["competition", "version", "seconds", "pull_requests"]
    assert [entry["number"] for entry in written["pull_requests"]] == [105, 106]
    assert "incomplete                  1  50.0%" in outcome.out
    assert "F01 missing-submission-files" in outcome.out
    assert outcome.out.splitlines()[-1].startswith("2 pull requests in ")
    assert outcome.err == ""


def test_json_on_standard_output_sends_the_summary_to_standard_error(fairway: Fairway, local: Local) -> None:
    outcome = fairway(*common(local, "--json", "-"))
    assert [entry["number"] for entry in json.loads(outcome.out)["pull_requests"]] == [105, 106]
    assert "2 pull requests in " in outcome.err


def test_rulings_bring_recall_and_alarms(fairway: Fairway, local: Local, tmp_path: Path) -> None:
    target, summary = tmp_path / "out.json", tmp_path / "summary.md"
    outcome = fairway(*common(local, "--json", target, "--rulings", local.rulings, "--summary", summary))
    assert outcome.code == 0, outcome.err
    assert json.loads(target.read_text())["agreement"]["recall"] == [
        {"outcome": "incomplete", "category": "missing-evidence", "ruled": 1, "found": 1, "missed": []}
    ]
    text = summary.read_text()
    assert "## Recall by outcome and category\n\n| ruled | number | found | share | missed |\n" in text
    assert "| incomplete: missing-evidence | 1 | 1 | 100% |  |" in text
    assert "## Blocked though accepted\n\nNone.\n" in text


def test_only_the_asked_numbers_are_triaged(fairway: Fairway, local: Local) -> None:
    outcome = fairway(*common(local, "--json", "-", "--numbers", "106"))
    assert [entry["number"] for entry in json.loads(outcome.out)["pull_requests"]] == [106]
    outcome = fairway(*common(local, "--json", "-", "--numbers", "106, 105"))
    assert [entry["number"] for entry in json.loads(outcome.out)["pull_requests"]] == [105, 106]


@pytest.mark.parametrize(
    ("numbers", "says"),
    [
        ("7", "has no pull request 7; take numbers from that table"),
        ("1,x", "'x' is no number; write 1,2,3"),
        ("1,,2", "'' is no number; write 1,2,3"),
        ("-1", "'-1' is no number; write 1,2,3"),
    ],
)
def test_numbers_that_cannot_be_are_refused(fairway: Fairway, local: Local, numbers: str, says: str) -> None:
    outcome = fairway(*common(local, "--json", "-", "--numbers", numbers))
    assert outcome.code == 2
    assert says in outcome.err
    assert outcome.out == ""


def test_a_place_that_cannot_be_written_is_refused_before_the_work(fairway: Fairway, local: Local) -> None:
    outcome = fairway(*common(local, "--json", "/no/such/folder/out.json"))
    assert outcome.code == 2
    assert "there is no folder '/no/such/folder'" in outcome.err


def test_several_processes_find_the_same(fairway: Fairway, local: Local) -> None:
    alone = json.loads(fairway(*common(local, "--json", "-")).out)
    together = json.loads(fairway(*common(local, "--json", "-", "--workers", 2)).out)
    for written in (alone, together):
        for entry in written["pull_requests"]:
            del entry["seconds"]
    assert alone["pull_requests"] == together["pull_requests"]
