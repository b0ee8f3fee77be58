"""TokenMonster vocabularies: which bytes an id stands for."""

from __future__ import annotations

import struct

from hypothesis import given
from hypothesis import strategies as st

from rules.reading.folder import memory_files
from rules.reading.tokenmonster import parse_vocabulary, read_vocabulary

TOKENS = [b"a", b"\xe2", b" the", b"\nD"]


def vocabulary(tokens: list[bytes], numbers: list[int] | None = None) -> bytes:
    header = bytes([2, 1, 1, 1, 0x30]) + bytes(18) + bytes([max(map(len, tokens))])
    numbers = list(range(len(tokens))) if numbers is None else numbers
    return header + b"".join(
        bytes([len(token)]) + token + b"\x80\x00" + b"\xff" * 6 + number.to_bytes(3, "little") + struct.pack("<f", 0.1)
        for token, number in zip(tokens, numbers, strict=True)
    )


def test_every_id_has_its_bytes() -> None:
    assert parse_vocabulary(vocabulary(TOKENS)) == dict(enumerate(TOKENS))


def test_entries_without_an_id_are_left_out() -> None:
    assert parse_vocabulary(vocabulary(TOKENS, [0, 1, 0xFFFFFF, 2])) == {0: b"a", 1: b"\xe2", 2: b"\nD"}


def test_ids_with_a_gap_are_no_vocabulary() -> None:
    assert parse_vocabulary(vocabulary(TOKENS, [0, 1, 5, 6])) == {}


def test_text_vocabularies_are_none_of_these() -> None:
    (entry,) = memory_files({"a.vocab": b"<unk>\t0\n<s>\t0\nthe\t-1.5\n"})
    assert read_vocabulary(entry) == {}


@given(st.binary(max_size=300), st.integers(0, 100))
def test_no_bytes_make_the_reader_raise(noise: bytes, cut: int) -> None:
    parse_vocabulary(vocabulary(TOKENS)[:cut] + noise)
