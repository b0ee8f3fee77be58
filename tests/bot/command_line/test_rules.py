from __future__ import annotations

import json

import pytest

from rules.catalog import rules
from tests.bot.command_line.conftest import Fairway


def test_every_rule_is_listed(fairway: Fairway) -> None:
    outcome = fairway("rules")
    assert outcome.code == 0
    assert [line.split()[0] for line in outcome.out.splitlines()[1:]] == [*(rule.code for rule in rules()), "X01"]


@pytest.mark.parametrize("asked", ["E05", "e05", "artifact-over-16mb"])
def test_a_rule_is_shown_by_code_or_name(fairway: Fairway, asked: str) -> None:
    outcome = fairway("rules", asked)
    assert outcome.out.startswith("# E05 artifact-over-16mb\n")
    assert "## Why it matters" in outcome.out


def test_what_only_a_run_shows_is_told_too(fairway: Fairway) -> None:
    outcome = fairway("rules", "p12")
    assert outcome.out.startswith("# P12 run-failed\n")
    assert "did not run to its end" in outcome.out


def test_rules_as_json(fairway: Fairway) -> None:
    listed = json.loads(fairway("rules", "--json", "-").out)
    assert [rule["code"] for rule in listed] == [*(rule.code for rule in rules()), "X01"]
    shown = json.loads(fairway("rules", "E05", "--json", "-").out)
    assert (shown["code"], shown["category"], shown["severity"]) == ("E05", "over-cap", "block")
    assert {"Why it matters", "Flagged", "Allowed"} <= shown["sections"].keys()


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ("artifact-over-16mib", "did you mean artifact-over-16mb"),
        ("qqq", "there is no rule 'qqq'; `fairway rules` lists them"),
    ],
)
def test_an_unknown_rule_is_answered_with_the_nearest(fairway: Fairway, asked: str, says: str) -> None:
    outcome = fairway("rules", asked)
    assert outcome.code == 2
    assert outcome.out == ""
    assert says in outcome.err
