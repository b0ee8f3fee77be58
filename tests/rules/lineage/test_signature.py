from __future__ import annotations

import time

import numpy as np
import pytest

from rules.lineage.signature import SLOTS, VERSION, Script, signature_of, tokens_of

SCRIPT = "\n".join(f"def f{i}(x):\n    return x + {i}" for i in range(60))


def shared(one: str, other: str) -> float:
    first, second = signature_of(one), signature_of(other)
    assert first is not None
    assert second is not None
    return float(np.mean(first.array() == second.array()))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("x = 1  # why\n\n\ny = 2\n", "x=1\ny =  2"),
        ('def f():\n    """What it does."""\n    return 1\n', "def f():\n  return 1"),
        ("f(\n    a,\n    b,\n)\n", "f(a, b)"),
        ("x = 'a'; y = 2\n", 'x = "a"\ny = 2\n'),
        ("x = a + \\\n    b\n", "x = a + b\n"),
    ],
)
def test_comments_docstrings_spacing_and_broken_lines_do_not_count(one: str, other: str) -> None:
    assert tokens_of(one) == tokens_of(other) != ()


@pytest.mark.parametrize(("one", "other"), [("x = 1\n", "x = 2\n"), ("x = 1\n", "y = 1\n"), ("x = 'a'\n", "x = 'b'\n")])
def test_names_numbers_and_texts_do(one: str, other: str) -> None:
    assert tokens_of(one) != tokens_of(other)


def test_a_long_text_counts_line_by_line() -> None:
    kernel = "\n".join(f"  int value_{i} = {i};" for i in range(40))
    lines = tokens_of(f'SOURCE = """\n{kernel}\n"""\n')
    assert "int value_7 = 7;" in lines
    assert len(lines) > 40


@pytest.mark.parametrize("code", ["", "\n\n# nothing\n", '"""Only words."""\n'])
def test_an_empty_script_has_no_signature(code: str) -> None:
    assert signature_of(code) is None


def test_a_signature_is_the_same_each_time_and_names_its_version() -> None:
    one, other = signature_of(SCRIPT), signature_of(SCRIPT)
    assert one == other
    assert one is not None
    assert (one.version, len(one.slots)) == (VERSION, 4 * SLOTS)
    assert (
        one.slots[:8].hex() == "92506d1ec6630412"
    )  # stored ones must stay comparable: raise VERSION where this changes


def test_likeness_of_signatures_follows_that_of_scripts() -> None:
    edited = SCRIPT.replace("x + 7", "x * 7").replace("x + 40", "x - 40")
    other = "\n".join(f"class C{i}:\n    value = {i}" for i in range(60))
    assert shared(SCRIPT, SCRIPT) == 1.0
    assert shared(SCRIPT, edited) > 0.8
    assert shared(SCRIPT, other) < 0.1


@pytest.mark.parametrize(
    "code",
    [
        '"""' * 30_000,
        'x = """' + '\\"""' * 30_000,
        "(" * 200_000,
        "'" * 200_001,
        "\\\n" * 100_000,
        "r" * 300_000 + '"',
        "a;" * 100_000,
    ],
)
def test_hostile_text_takes_no_longer_than_other_text(code: str) -> None:
    started = time.process_time()
    signature_of(code)
    assert time.process_time() - started < 2.0


def test_lines_are_hashed_in_order() -> None:
    script = Script.of(("a", "b", "a"))
    assert script.hashes[0] == script.hashes[2] != script.hashes[1]
    assert len(script.lines) == 12


@pytest.mark.parametrize("cut", ["x = f(\n", "x = f(\na)\n", "'''\nx = 1\n", "d\\\n = 3; e = 4\n", "f(", ")\n[\n"])
def test_a_line_that_was_read_before_says_the_same_anywhere(cut: str) -> None:
    apart = tokens_of(cut)
    assert tokens_of(cut + SCRIPT) == tokens_of(cut + SCRIPT)
    assert tokens_of(f"{SCRIPT}\n{cut}") == (*tokens_of(SCRIPT), *apart)
