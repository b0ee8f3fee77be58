"""Files beside the entry that it needs."""

from __future__ import annotations

from rules.analysis.helpers import array_helpers, code_helpers
from tests.rules.harness import submission_of


def names(files: dict[str, str]) -> list[tuple[str, int | None]]:
    """Helper files inside the folder, with the line that names each."""
    submission = submission_of({"files": files})
    return [
        (submission.inside(h.entry.path), h.named.location.line if h.named is not None else None)
        for h in code_helpers(submission)
    ]


def test_imported_files_are_found_through_each_other() -> None:
    files = {"train_gpt.py": "import model\n", "model.py": "from layers import norm\n", "layers.py": "norm = 1\n"}
    assert names(files) == [("layers.py", 1), ("model.py", 1)]


def test_a_source_that_is_built_is_found_on_the_line_that_names_it() -> None:
    files = {"train_gpt.py": "import ctypes\nlib = ctypes.CDLL('state.c')\n", "state.c": "int a;\n"}
    assert names(files) == [("state.c", 2)]


def test_a_launcher_needs_the_file_that_it_runs() -> None:
    files = {"train_gpt.py": "exec(open('real.py').read())\n", "real.py": "print(1)\n"}
    assert names(files) == [("real.py", 1)]


def test_a_name_inside_longer_text_is_no_use() -> None:
    files = {"train_gpt.py": "print('see prepare.py for the data')\n", "prepare.py": "print(1)\n"}
    assert names(files) == []


def test_arrays_are_found_by_name() -> None:
    submission = submission_of(
        {"files": {"train_gpt.py": "import numpy as np\nw = np.load('./w.npy')\n"}, "base64": {"w.npy": "AAAA"}}
    )
    assert [(h.entry.name, h.named.location.line if h.named else None) for h in array_helpers(submission)] == [
        ("w.npy", 2)
    ]
