from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from rules import docs
from rules.catalog import rules
from rules.rule import INTERNAL_ERROR, Rule, Severity

ROOT = Path(__file__).parents[2]
RULE = Rule(
    "C07",
    "network-or-dataset-access",
    "network",
    Severity.BLOCK,
    "Scored code opens a network connection.\n\n## Why it matters\nBytes fetched are parameters.\n\n"
    "## Flagged\n    requests.get(URL)\n\n## Allowed\nA script of its own.\n",
)


def test_the_committed_pages_are_those_of_the_rules() -> None:
    assert docs.stale(ROOT / "docs" / "rules") == [], "run `make docs` and commit docs/rules"


def test_a_page_tells_what_the_docstring_tells() -> None:
    assert docs.page(RULE) == (
        "# C07 network-or-dataset-access\n\n"
        "Scored code opens a network connection.\n\n"
        "| severity | verdict | category |\n|---|---|---|\n| block | likely-invalid | network |\n\n"
        "## Why it matters\n\nBytes fetched are parameters.\n\n"
        "## Flagged\n\n    requests.get(URL)\n\n"
        "## Allowed\n\nA script of its own.\n\n"
        "*Written by `make docs` from [`rules/checks/c07.py`](../../rules/checks/c07.py): change it there.*\n"
    )


def test_every_rule_has_a_page_and_a_line_in_the_index() -> None:
    pages = docs.pages()
    assert pages.keys() == {"README.md", "X01.md", *(f"{rule.code}.md" for rule in rules())}
    for rule in (*rules(), INTERNAL_ERROR):
        assert (
            f"| [{rule.code} {rule.name}]({rule.code}.md) | {rule.severity} | {docs.summary(rule)} |"
            in pages["README.md"]
        )


def test_writing_brings_a_folder_up_to_date_and_says_what_changed(tmp_path: Path) -> None:
    folder = tmp_path / "docs" / "rules"
    assert docs.write(folder) == sorted(docs.pages())
    assert docs.write(folder) == []
    (folder / "X01.md").write_text("changed")
    (folder / "Z99.md").write_text("a rule that is gone")
    (folder / "README.md").unlink()
    (folder / "guide.md").write_text("somebody's own page")
    assert docs.stale(folder) == ["README.md", "X01.md", "Z99.md"]
    assert docs.write(folder) == ["README.md", "X01.md", "Z99.md"]
    assert docs.stale(folder) == []
    assert (folder / "guide.md").exists()


def test_the_command_writes_pages_and_refuses_anything_else(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert docs.main([str(tmp_path)]) == 0
    assert str(tmp_path / "X01.md") in capsys.readouterr().out
    for arguments in ([], ["--help"], ["new", "C11"], ["a", "b"]):
        assert docs.main(arguments) == 2
        assert "usage: python -m rules.docs" in capsys.readouterr().err


def test_the_command_begins_a_rule_or_says_why_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "rules").mkdir()
    shutil.copytree(ROOT / "rules/competitions", tmp_path / "rules/competitions")
    (tmp_path / "rules/checks").mkdir()
    monkeypatch.chdir(tmp_path)
    assert docs.main(["new", "C07", "network-or-dataset-access"]) == 0
    assert capsys.readouterr().out == "rules/checks/c07.py\ntests/rules/cases/C07.toml\n"
    assert docs.main(["new", "C07", "another-name"]) == 2
    assert capsys.readouterr().err.startswith("new rule: rules/checks/c07.py is already there")
