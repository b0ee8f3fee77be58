"""Decoding of untrusted bytes."""

from __future__ import annotations

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.reading.text import LATIN1, UTF8, UTF8_BOM, UTF16_BE, UTF16_LE, Lines, decode
from rules.submission import ProblemKind

SAMPLE = "step:1/10 val_loss:2.5\nπ is a letter\n"


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (SAMPLE.encode(), UTF8),
        (codecs.BOM_UTF8 + SAMPLE.encode(), UTF8_BOM),
        (codecs.BOM_UTF16_LE + SAMPLE.encode(UTF16_LE), UTF16_LE),
        (codecs.BOM_UTF16_BE + SAMPLE.encode(UTF16_BE), UTF16_BE),
        (SAMPLE.encode(UTF16_LE), UTF16_LE),
        (SAMPLE.encode(UTF16_BE), UTF16_BE),
    ],
)
def test_every_encoding_gives_the_same_text(data: bytes, encoding: str) -> None:
    decoded = decode(data)
    assert (decoded.text, decoded.encoding, decoded.problems) == (SAMPLE, encoding, ())


def test_bytes_in_no_unicode_encoding_are_read_as_latin_1_and_marked() -> None:
    decoded = decode(b"caf\xe9 val_bpb:1.2")
    assert decoded.text == "café val_bpb:1.2"
    assert decoded.encoding == LATIN1
    assert decoded.problems == (ProblemKind.UNDECODABLE,)
    assert decoded.problems_at("a/b.log")[0].location.path == "a/b.log"


def test_line_ends_become_lf_and_a_progress_bar_one_line_per_state() -> None:
    assert decode(b"a\r\nb\rc\n").text == "a\nb\nc\n"


def test_nul_bytes_are_dropped_and_reported() -> None:
    decoded = decode(b"val_bpb:1.2" + b"\0" * 5 + b"\nnext line that is long enough to be no utf-16\n")
    assert decoded.text.startswith("val_bpb:1.2\nnext")
    assert not decoded.certain


def test_utf_16_cut_in_the_middle_of_a_character_keeps_the_rest() -> None:
    decoded = decode(codecs.BOM_UTF16_LE + "abc\n".encode(UTF16_LE) + b"x")
    assert decoded.text.startswith("abc\n")
    assert not decoded.certain


def test_an_empty_file_is_empty_text() -> None:
    assert decode(b"").text == ""


@given(st.binary(max_size=400))
def test_no_bytes_raise_and_no_text_holds_nul_or_cr(data: bytes) -> None:
    text = decode(data).text
    assert "\0" not in text
    assert "\r" not in text
    text.encode()


@given(st.text(alphabet="ab\n\x0b\u2028", max_size=60), st.data())
def test_line_numbers_count_lf_alone(text: str, data: st.DataObject) -> None:
    position = data.draw(st.integers(0, len(text)))
    lines = Lines.of(text)
    assert lines.number(position) == text.count("\n", 0, position) + 1
    assert lines.quote(position) == text.split("\n")[lines.number(position) - 1].strip()


def test_a_long_line_is_quoted_in_part() -> None:
    assert Lines.of("x" * 10_000).quote(9_000, 20) == "x" * 20
