from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from demo.samples import load_samples

SECONDS = 240


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What the demo prints, from webhooks to a ruling."""
    out = tmp_path_factory.mktemp("demo")
    done = subprocess.run(
        [sys.executable, "-m", "demo", str(out)],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        cwd=Path(__file__).parents[2],
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_each_sample_gets_one_check_one_comment_and_a_label(shown: str) -> None:
    rows = dict(re.findall(r"^(\d+)  .*?(?=(?:success|neutral|action_required): )(.*)$", shown, re.M))
    opened = [sample.number for sample in load_samples() if sample.number]
    assert sorted(map(int, rows)) == sorted(opened)
    assert all(re.search(r"fairway:[a-z-]+ +1$", row) for row in rows.values()), rows


def test_an_organizers_comment_changes_labels_and_comment(shown: str) -> None:
    assert "Its labels now: fairway:needs-changes, fairway:needs-review." in shown
    assert "    ## Fairway: needs changes\n" in shown


def test_nothing_of_another_machine_or_secret_is_shown(shown: str) -> None:
    assert "PRIVATE KEY" not in shown
    assert "secret" not in shown


def test_what_is_shown_is_plain_text_and_its_commands_work(shown: str) -> None:
    assert "\x1b" not in shown
    commands = [shlex.split(line) for line in shown.split("The same rules without GitHub:")[1].splitlines() if line]
    done = [subprocess.run(command, capture_output=True, check=False).returncode for command in commands]
    assert done == [0, 0, 1, 0, 0]  # `check` says by its exit code that something was found
