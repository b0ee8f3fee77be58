"""A pull request that adds no folder and changes the script at the top of the repository is read by that script."""

from __future__ import annotations

from pathlib import Path

from rules.competition import builtin
from rules.reading.git import GitRepository
from tests.reading.repositories import Builder
from worker.triage import triage_pull_request

TOP: dict[str, str] = {"README.md": "# x", "train_gpt.py": "print(1)\n", "other.py": "print(1)\n"}


def _script(tmp_path: Path, changed: dict[str, str]) -> str | None:
    builder = Builder(tmp_path)
    base = builder.commit({**TOP}, branch="refs/heads/main")
    builder.pull(1, builder.commit({**TOP, **changed}, [base]))
    found = triage_pull_request(GitRepository(str(tmp_path)), 1, builtin()).triage.submission.script
    return None if found is None else found.code


def test_the_changed_script_at_the_top_is_the_entry(tmp_path: Path) -> None:
    code = "optimizer = 1\nloss.backward()\nprint('val_bpb')\n"
    assert _script(tmp_path, {"train_gpt.py": code}) == code


def test_an_unchanged_script_at_the_top_is_not_the_entry(tmp_path: Path) -> None:
    assert _script(tmp_path, {"other.py": "print(2)\n"}) is None
