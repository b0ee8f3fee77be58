"""Which files are source code, and in which language."""

from __future__ import annotations

import pytest

from rules.reading.source import language_of
from rules.submission import Language


@pytest.mark.parametrize(
    ("path", "language"),
    [
        ("records/x/train_gpt.py", Language.PYTHON),
        ("records/x/TRAIN.PY", Language.PYTHON),
        ("kernel.cu", Language.CUDA),
        ("kernel.cuh", Language.CUDA),
        ("fast.c", Language.C),
        ("fast.cpp", Language.C),
        ("fast.h", Language.C),
        ("run.sh", Language.SHELL),
        ("lib.rs", Language.OTHER),
    ],
)
def test_a_known_ending_decides(path: str, language: Language) -> None:
    assert language_of(path, b"") is language


@pytest.mark.parametrize("path", ["README.md", "train.log", "submission.json", "model.bin", "py", ".py", "a.py/notes"])
def test_other_names_are_no_source(path: str) -> None:
    assert language_of(path, b"some text\n") is None


@pytest.mark.parametrize(
    ("head", "language"),
    [
        (b"#!/usr/bin/env python3\nimport x\n", Language.PYTHON),
        (b"\xef\xbb\xbf#!/usr/bin/python3.12 -u\n", Language.PYTHON),
        (b"#!/bin/bash\nset -e\n", Language.SHELL),
        (b"#!/usr/bin/env -S bash -e\n", Language.SHELL),
    ],
)
def test_a_shebang_decides_where_the_name_does_not(head: bytes, language: Language) -> None:
    assert language_of("tools/run", head) is language


def test_a_shebang_of_something_else_is_no_source_of_ours() -> None:
    assert language_of("tools/run", b"#!/usr/bin/awk -f\n") is None


def test_a_shebang_does_not_overrule_the_ending() -> None:
    assert language_of("run.sh", b"#!/usr/bin/env python3\n") is Language.SHELL
