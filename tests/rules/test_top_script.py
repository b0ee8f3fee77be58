"""A pull request whose folder, if it has one, holds no Python is read by the changed script at the top."""

from __future__ import annotations

from pathlib import Path

from rules.competition import builtin
from rules.screening import Triage
from tests.reading.repositories import Builder, Tree
from worker.relatives import Place, triage_beside_cited

TOP: dict[str, str] = {"README.md": "# x", "train_gpt.py": "print(1)\n", "other.py": "print(1)\n"}


def _triage(tmp_path: Path, changed: Tree) -> Triage:
    builder = Builder(tmp_path)
    base = builder.commit({**TOP}, branch="refs/heads/main")
    builder.pull(1, builder.commit({**TOP, **changed}, [base]))
    return triage_beside_cited(Place(str(tmp_path), builtin()), 1).triage


def _script(tmp_path: Path, changed: Tree) -> str | None:
    found = _triage(tmp_path, changed).submission.script
    return None if found is None else found.code


def test_the_changed_script_at_the_top_is_the_entry(tmp_path: Path) -> None:
    code = "optimizer = 1\nloss.backward()\nprint('val_bpb')\n"
    assert _script(tmp_path, {"train_gpt.py": code}) == code


def test_an_unchanged_script_at_the_top_is_not_the_entry(tmp_path: Path) -> None:
    assert _script(tmp_path, {"other.py": "print(2)\n"}) is None


TRACK = builtin().tracks[0].folder
FOLDER = f"{TRACK}/2026-04-10_Sample"
CODE = "optimizer = 1\nloss.backward()\nprint('val_bpb')\n"


def _beside(files: Tree, top: str = TOP["train_gpt.py"]) -> Tree:
    """A tree with these files in the submission folder and this script at the top."""
    tree: Tree = {"2026-04-10_Sample": files}
    for name in reversed(TRACK.split("/")):
        tree = {name: tree}
    return {**tree, "train_gpt.py": top}


def test_a_folder_without_python_is_read_by_the_changed_script_at_the_top(tmp_path: Path) -> None:
    assert _script(tmp_path, _beside({"README.md": "# A sample\n"}, CODE)) == CODE


def test_a_folder_without_python_has_no_entry_where_the_script_at_the_top_is_unchanged(tmp_path: Path) -> None:
    assert _script(tmp_path, _beside({"README.md": "# A sample\n"})) is None


def test_a_script_in_the_folder_is_the_entry_whatever_stands_at_the_top(tmp_path: Path) -> None:
    own = CODE + "print(2)\n"
    assert _script(tmp_path, _beside({"train_gpt.py": own}, CODE)) == own


def test_the_script_at_the_top_does_not_stand_for_the_one_that_the_folder_lacks(tmp_path: Path) -> None:
    triage = _triage(tmp_path, _beside({"README.md": "# A sample\n"}, CODE))
    missing = [f.location.path for f in triage.findings if f.code == "F01" and f.location is not None]
    assert f"{FOLDER}/train_gpt.py" in missing
