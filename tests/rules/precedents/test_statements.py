from __future__ import annotations

import time

import pytest

from rules.precedents.statements import statements
from rules.submission import Language

PLAIN = """
def look(ctx, tok):
    key = (ctx ^ (tok * 31)) & mask
    if key in seen: return seen[key]
    weights = mix(a, b)
    return key + 1
"""
FORMATTED = """
# a remark
def look(
    ctx,
    tok,
):
    '''What it does.'''
    key = (
        (ctx ^ (tok * 31))  # with the target
        & mask
    )

    if key in seen:
        return seen[key]
    weights = mix(
        a,
        b,
    )
    return (key + 1)
"""


def digests(text: str, language: Language = Language.PYTHON) -> list[int]:
    return [one.digest for one in statements(text, language)]


def test_formatting_comments_and_docstrings_do_not_matter() -> None:
    assert digests(PLAIN) == digests(FORMATTED)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("x = 'a'", 'x = "a"'),
        ("x = 1_000", "x = 1000"),
        ("a = 1; b = 2", "a = 1\nb = 2"),
        ("x = f(a,\n)", "x = f(a)"),
        ("x = a + \\\n b", "x = a + b"),
    ],
)
def test_ways_to_write_the_same(one: str, other: str) -> None:
    assert digests(one) == digests(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("x = (a + b) * c", "x = a + b * c"),
        ("x = a * (b + c)", "x = a * b + c"),
        ("x = 'it\\'s'", 'x = "its"'),
        ("x = f(a)", "x = f, a"),
        ("x[i - 1] += 1", "x[i] += 1"),
    ],
)
def test_what_means_something_else_differs(one: str, other: str) -> None:
    assert digests(one) != digests(other)


def test_lines_are_those_of_the_text() -> None:
    found = list(statements(FORMATTED, Language.PYTHON))
    assert [(one.first, one.last) for one in found] == [(3, 6), (8, 11), (13, 13), (14, 14), (15, 18), (19, 19)]


def test_c_ends_a_statement_at_its_sign_and_knows_both_comments() -> None:
    one = digests("int f(int a) { /* x */ return a +\n 1; } // y\n", Language.C)
    assert one == digests("int f(int a)\n{\n    return a + 1;\n}\n", Language.C)
    assert len(one) == 3


@pytest.mark.parametrize(
    "text", ['"""\\' * 200_000, "(" * 400_000, "x = '" * 150_000, "/*" * 200_000, "lambda:" * 90_000]
)
@pytest.mark.parametrize("language", [Language.PYTHON, Language.C, Language.SHELL])
def test_hostile_text_takes_linear_time(text: str, language: Language) -> None:
    started = time.process_time()
    for _ in statements(text, language):
        pass
    assert time.process_time() - started < 5


@pytest.mark.parametrize(
    "cut", ["x = f(\n", "x = f(\na)\n", "'''\nx = 1\n", "if a: b = 1; c = 2\nd\\\n = 3\n", "f(", "[\n"]
)
def test_a_line_that_was_read_before_says_the_same_anywhere(cut: str) -> None:
    text = PLAIN + cut
    first = list(statements(text, Language.PYTHON))
    list(statements(cut + PLAIN, Language.PYTHON))
    assert list(statements(text, Language.PYTHON)) == first
    apart = [list(statements(part, Language.PYTHON)) for part in (PLAIN, cut)]
    assert [s.digest for part in apart for s in part] == [s.digest for s in first]
