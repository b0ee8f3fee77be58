from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import click
import pytest

from bot.command_line import main
from tests.bot.command_line.conftest import Fairway, Local

FAIRWAY = [sys.executable, "-c", "from bot.command_line.main import main; main()"]
SLOW = """
import sys, time
import worker.crew
from bot.command_line.main import main

def never_done(*_):
    print("at work", file=sys.stderr, flush=True)
    time.sleep(60)

worker.crew.triage_placed = never_done
main()
"""
HEAVY = {"pydantic", "pygit2", "libcst", "numpy", "rich", "pebble", "brotli", "worker", "rules.catalog"}


def fairway_process(*arguments: object, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*FAIRWAY, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env={**os.environ, **environment},
    )


def test_help_lists_every_command_and_imports_none(fairway: Fairway) -> None:
    outcome = fairway("--help")
    assert outcome.code == 0
    for name in ("triage", "check", "backtest", "rules"):
        assert f"\n  {name} " in outcome.out


def test_help_comes_quickly_and_without_heavy_imports() -> None:
    script = "import sys, bot.command_line.main as m; m.run(['--help']); print(*sys.modules, file=sys.stderr)"
    best = min(_seconds_of([sys.executable, "-c", script]) for _ in range(3))
    assert best < 0.4
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert HEAVY.isdisjoint(ran.stderr.split())


@pytest.mark.parametrize("name", main.COMMANDS)
def test_every_command_has_help_that_agrees_with_the_list(fairway: Fairway, name: str) -> None:
    outcome = fairway(name, "--help")
    assert outcome.code == 0
    assert outcome.out.startswith(f"Usage: fairway {name} ")
    command = main.cli.get_command(click.Context(main.cli), name)
    assert isinstance(command, click.Command)
    assert command.name == name


def test_no_command_shows_the_help_and_is_misuse(fairway: Fairway) -> None:
    outcome = fairway()
    assert outcome.code == 2
    assert outcome.out == ""
    assert "Usage: fairway" in outcome.err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nonsense"], "No such command 'nonsense'"),
        (["triage"], "Missing option '--git'"),
        (["triage", "--git", ".", "--pr", "x"], "Invalid value for '--pr'"),
        (["check", "/no/such/folder"], "'/no/such/folder' does not exist"),
        (["rules", "E05", "--json", "/no/such/folder/x.json"], "create it first"),
        (["rules", "E05", "--json", "/tmp"], "is a folder"),
    ],
)
def test_wrong_usage_is_one_line_that_names_the_help(fairway: Fairway, arguments: list[str], says: str) -> None:
    outcome = fairway(*arguments)
    assert outcome.code == 2
    assert outcome.out == ""
    assert outcome.err.count("\n") == 1
    assert outcome.err.startswith("fairway")
    assert says in outcome.err
    assert outcome.err.endswith("--help`)\n")


def test_the_version_is_that_of_the_distribution(fairway: Fairway) -> None:
    assert fairway("--version").out.startswith("fairway 0.")


def test_a_fault_of_ours_is_one_line_without_traceback(fairway: Fairway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FAIRWAY_DEBUG", raising=False)
    _break_check(monkeypatch)
    outcome = fairway("check", ".")
    assert outcome.code == 3
    assert outcome.err.startswith("fairway: internal error: ZeroDivisionError: an\\x1b[31m odd\\nfault; ")
    assert outcome.err.count("\n") == 1


def test_a_traceback_is_shown_on_demand(fairway: Fairway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAIRWAY_DEBUG", "1")
    _break_check(monkeypatch)
    outcome = fairway("check", ".")
    assert outcome.code == 3
    assert "Traceback (most recent call last)" in outcome.err


def test_an_interrupt_is_one_line(fairway: Fairway, monkeypatch: pytest.MonkeyPatch) -> None:
    _break_check(monkeypatch, KeyboardInterrupt())
    outcome = fairway("check", ".")
    assert (outcome.code, outcome.err) == (130, "fairway: interrupted\n")


def test_a_reader_that_went_away_is_no_complaint() -> None:
    process = fairway_process("rules")
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    assert process.stderr.read() == ""
    process.stderr.close()
    assert process.wait(timeout=60) == 141


def test_a_terminal_that_lacks_a_character_is_no_fault(tmp_path: Path) -> None:
    (tmp_path / "naïve").mkdir()
    process = fairway_process("check", tmp_path / "naïve", PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    out, err = process.communicate(timeout=60)
    assert process.returncode == 1, err
    assert r"na\xefve" in out


def test_ctrl_c_ends_a_backtest_soon_and_leaves_no_file(local: Local, tmp_path: Path) -> None:
    target = tmp_path / "out.json"
    arguments = ["backtest", "--git", str(local.git), "--pull-requests", str(local.pull_requests)]
    process = subprocess.Popen(
        [sys.executable, "-c", SLOW, *arguments, "--workers", "0", "--json", str(target)],
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    assert process.stderr.readline() == "at work\n"
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert (process.returncode, err) == (130, "fairway: interrupted\n")
    assert not target.exists()


def _seconds_of(command: list[str]) -> float:
    before = os.times()
    subprocess.run(command, capture_output=True, check=True)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def _break_check(monkeypatch: pytest.MonkeyPatch, error: BaseException | None = None) -> None:
    def broken(*_: object) -> None:
        raise error or ZeroDivisionError("an\x1b[31m odd\nfault")

    monkeypatch.setattr("worker.triage.triage_folder", broken)
