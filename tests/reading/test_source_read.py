"""What a SourceFile says about a file that is not packed."""

from __future__ import annotations

import pytest

from rules.reading.source import read_source
from rules.submission import Language, ProblemKind, SourceFile


def read(path: str, data: bytes) -> SourceFile:
    [source] = read_source(path, "abc", data)
    return source


def test_a_script_is_decoded_parsed_and_measured_as_shipped() -> None:
    data = b"\xef\xbb\xbfimport os\r\nprint(os.name)\r\n"
    source = read("records/x/train_gpt.py", data)
    assert source.text == source.code == "import os\nprint(os.name)\n"
    assert (source.size, source.content_id, source.language) == (len(data), "abc", Language.PYTHON)
    assert (source.layers, source.problems, source.packed) == ((), (), False)
    assert source.tree is not None
    assert source.tree.body[1].lineno == 2
    assert source.evidence(2).location.line == 2


@pytest.mark.parametrize(
    ("path", "language"), [("k.cu", Language.CUDA), ("k.cpp", Language.C), ("run.sh", Language.SHELL)]
)
def test_a_helper_in_another_language_is_read_and_not_parsed(path: str, language: Language) -> None:
    source = read(path, b"exec(open('x').read())\r\n")
    assert (source.language, source.tree, source.problems) == (language, None, ())
    assert source.text == source.code == "exec(open('x').read())\n"


def test_a_script_without_an_ending_is_known_by_its_shebang() -> None:
    assert read("tools/prepare", b"#!/usr/bin/env python3\nx = 1\n").tree is not None


def test_an_empty_script_has_an_empty_tree() -> None:
    source = read("train_gpt.py", b"")
    assert source.tree is not None
    assert source.tree.body == []
    assert source.problems == ()


def test_a_script_in_utf_16_is_read() -> None:
    source = read("train_gpt.py", "x = 'é'\n".encode("utf-16"))
    assert (source.code, source.problems) == ("x = 'é'\n", ())


def test_bytes_in_no_declared_encoding_are_a_problem() -> None:
    source = read("train_gpt.py", b"x = 1  # caf\xe9\n")
    assert [problem.kind for problem in source.problems] == [ProblemKind.UNDECODABLE]
    assert source.tree is not None


def test_bytes_in_the_declared_encoding_are_none() -> None:
    source = read("train_gpt.py", b"#!/usr/bin/env python\n# -*- coding: latin-1 -*-\nx = 1  # caf\xe9\n")
    assert source.problems == ()
    assert source.code.endswith("café\n")


def test_a_script_that_does_not_parse_keeps_its_text() -> None:
    source = read("train_gpt.py", b"import os\nprint('a\n")
    [problem] = source.problems
    assert (problem.kind, problem.location.path, problem.location.line) == (ProblemKind.SYNTAX, "train_gpt.py", 2)
    assert source.tree is None
    assert source.code.startswith("import os")


def test_reading_asks_for_no_sibling_that_the_script_does_not_name() -> None:
    asked: list[str] = []

    class Watched(dict[str, bytes]):
        def __getitem__(self, name: str) -> bytes:
            asked.append(name)
            return super().__getitem__(name)

    siblings = Watched({"inner.py": b"print(1)\n" * 9, "model.bin": b"\0" * 100})
    assert read_source("train_gpt.py", "a", b"import os\nprint(open('model.bin').name)\n", siblings)[0].problems == ()
    assert asked == []
    assert read_source("train_gpt.py", "a", b"exec(open('inner.py').read())\n", siblings)[0].problems == ()
    assert set(asked) == {"inner.py"}


def test_a_script_that_is_known_to_launch_nothing_is_parsed_and_not_followed() -> None:
    code = b"exec('x = 1\\n' * 200)\n"
    [source] = read_source("train_gpt.py", "abc", code, follow=False)
    assert source.tree is not None
    assert (source.layers, source.problems) == ((), ())
    assert read_source("train_gpt.py", "abc", code)[0].layers
