from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.report import escape
from tests.rules.report.rendering import NASTY, plain_text_of, rendered_codes

SECRETIVE = "\n\r\t\x00\x1b\x7f\x85\u061c\u200b\u200d\u200e\u2028\u202e\u2060\u2066\ufeff\ud800\U000e0041\u3164"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("16,024,793 bytes; the cap is 16,000,000.", "16,024,793 bytes; the cap is 16,000,000."),
        ("see (#123), @everyone!", "see (`#123`), `@everyone`!"),
        ("https://example.org is no link", "`https://example.org` is no link"),
        ("val_bpb of `train_gpt.py` is 1.08", "`val_bpb` of `train_gpt.py` is 1.08"),
        ("1. not a list", "`1`. not a list"),
        ("- not a list", "`-` not a list"),
        ("one ` alone", "one ' alone"),
        ("`a``b`", "`a` `b`"),
        ("a  b\nc", "a b c"),
        ("commit 0a1b2c3 of 15025238 bytes", "commit `0a1b2c3` of 15025238 bytes"),
        ("GH-12 and gh-13", "`GH-12` and `gh-13`"),
    ],
)
def test_prose_puts_only_what_acts_into_code(text: str, expected: str) -> None:
    assert escape.prose(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("a", "`a`"), ("a`b", "``a`b``"), ("`", "`` ` ``"), (" a", "`  a `"), (" ", "` `"), ("a\nb", r"`a\nb`"), ("", "")],
)
def test_code_holds_the_text_literally(text: str, expected: str) -> None:
    assert escape.code(text) == expected


def test_a_bar_cannot_end_a_cell() -> None:
    assert "|" not in escape.cell(r"a|b\|c")
    assert "|" not in escape.path("a|b")


@pytest.mark.parametrize("character", SECRETIVE)
def test_characters_that_hide_or_reorder_text_become_escapes(character: str) -> None:
    shown = escape.visible(f"a{character}b")
    assert shown.startswith("a\\")
    assert shown.isascii()


def test_piled_up_accents_become_escapes_and_single_ones_stay() -> None:
    assert escape.visible("e\u0301") == "e\u0301"
    assert r"\u0301" in escape.visible("e" + "\u0301" * 50)


def test_a_long_path_keeps_both_ends() -> None:
    shown = escape.path("records/" + "x" * 500 + "/train_gpt.py:12", 60)
    assert shown.startswith("`records/")
    assert shown.endswith("/train_gpt.py:12`")
    assert len(shown) <= 62


@given(st.text(max_size=400) | NASTY, st.integers(4, 300))
def test_nothing_written_is_lost_from_view_or_grows_beyond_bounds(text: str, limit: int) -> None:
    for write in (escape.code, escape.cell, escape.path):
        assert len(write(text, limit)) <= 3 * limit + 6
    assert len(escape.prose(text, limit)) <= 4 * limit + 6
    assert len(escape.cut_middle(text, limit)) <= limit


@given(st.text(max_size=300) | NASTY)
def test_a_code_span_is_read_back_as_what_is_visible(text: str) -> None:
    assert rendered_codes(f"- x {escape.code(text, 10_000)} y") == ([escape.visible(text)] if text else [])


@given(st.text(max_size=300) | NASTY)
def test_prose_leaves_nothing_to_act_upon(text: str) -> None:
    shown = plain_text_of(f"- **E05** {escape.prose(text)}\n\n{escape.prose(text)}\n\n### {escape.prose(text)}")
    assert not re.search(r"@|#\d|://|www\.|\bgh-\d", shown, re.IGNORECASE)


@given(st.text(max_size=100))
def test_a_path_in_an_address_is_percent_encoded(text: str) -> None:
    assert re.fullmatch(r"(?:[A-Za-z0-9._~/-]|%[0-9A-F]{2})*", escape.url_path(text))
