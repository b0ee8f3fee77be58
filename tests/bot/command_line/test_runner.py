from __future__ import annotations

import json
from pathlib import Path

import pytest

from evaluator.sandbox import doctor
from evaluator.sandbox.doctor import Report, Tried
from tests.bot.command_line.conftest import Fairway
from tests.standin import keys

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


def test_serving_is_refused_where_the_sandbox_does_not_hold(
    fairway: Fairway, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("FAIRWAY_BROKER_URL", "redis://127.0.0.1:1/0")
    monkeypatch.setenv("FAIRWAY_DATABASE_URL", f"sqlite:///{tmp_path}/fairway.db")
    monkeypatch.setenv("FAIRWAY_APP_ID", "1")
    monkeypatch.setenv("FAIRWAY_PRIVATE_KEY", keys().private.decode())
    _report(monkeypatch, Report("bubblewrap", (FAILED,)))
    outcome = fairway("runner", "serve")
    assert outcome.code == 2
    assert "no submission is run here" in outcome.err
