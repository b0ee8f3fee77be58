"""Names and kinds of files that cannot be trusted."""

from __future__ import annotations

import pytest

from rules.reading.folder import memory_files
from rules.reading.paths import file_problems, mode_problem, path_problems, printable
from rules.submission import ProblemKind


@pytest.mark.parametrize(
    "path",
    ["a/b.py", "a folder/with 'quotes' and \"more\".py", "π/数据.txt", "(1)/-x", "a.", "..hidden/x", "a/.gitignore"],
)
def test_unusual_but_honest_names_are_fine(path: str) -> None:
    assert path_problems(path) is None


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("a\0b", "U+0000"),
        ("two\nlines", "U+000A"),
        ("bell\x07", "U+0007"),
        ("evil\u202egpj.py", "U+202E"),
        ("zero\u200bwidth", "U+200B"),
        ("raw\udce9byte", "U+DCE9"),
        ("back\\slash", "backslash"),
        ("up/../../etc", "two dots"),
        ("a//b", "empty"),
        ("x/.git/config", ".git"),
    ],
)
def test_a_hostile_name_is_reported_with_its_reason(path: str, told: str) -> None:
    problem = path_problems(path)
    assert problem is not None
    assert problem.kind is ProblemKind.HOSTILE_PATH
    assert told in problem.detail


def test_the_reported_place_of_a_hostile_name_can_be_printed() -> None:
    problem = path_problems("evil\u202e\n.py")
    assert problem is not None
    assert problem.location.path == "evil\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}.py"


def test_bytes_that_are_no_utf8_become_a_name_that_is_reported() -> None:
    assert printable(b"caf\xe9") == "caf\\xe9"
    assert path_problems(printable(b"caf\xe9")) is not None
    assert path_problems(printable("café".encode())) is None


@pytest.mark.parametrize(
    ("mode", "kind"),
    [(0o120000, ProblemKind.SYMLINK), (0o160000, ProblemKind.GITLINK), (0o100644, None), (0o100755, None)],
)
def test_the_mode_tells_links_from_files(mode: int, kind: ProblemKind | None) -> None:
    problem = mode_problem("x", mode)
    assert (problem and problem.kind) == kind


def test_ordinary_files_have_no_problems() -> None:
    assert file_problems(memory_files({"a": b"1", "b/c": b"2"})) == ()
