"""SentencePiece models as bytes: pieces, types and settings, and what damage does."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.reading.folder import memory_files
from rules.reading.sentencepiece import MODEL_LIMIT, SPACE, PieceType, parse_model, read_model


def varint(value: int) -> bytes:
    out = b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def message(number: int, data: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(data)) + data


def flag(number: int, value: bool) -> bytes:
    return varint(number << 3) + varint(int(value))


def piece(text: str, score: float = 0.0, kind: PieceType = PieceType.NORMAL) -> bytes:
    body = message(1, text.encode()) + varint(2 << 3 | 5) + struct.pack("<f", score)
    return message(1, body + varint(3 << 3) + varint(kind))


MODEL = (
    piece("<unk>", 0.0, PieceType.UNKNOWN)
    + piece("<s>", 0.0, PieceType.CONTROL)
    + piece("<0xE2>", 0.0, PieceType.BYTE)
    + piece(f"{SPACE}the", -1.5)
    + piece(SPACE, -2.0)
    + piece("café", -3.0)
)


def test_pieces_come_in_the_order_of_their_ids_with_type_and_score() -> None:
    model = parse_model(MODEL + message(2, flag(35, True)) + message(3, message(1, b"identity") + flag(5, True)))
    assert [p.text for p in model.pieces] == ["<unk>", "<s>", "<0xE2>", f"{SPACE}the", SPACE, "café"]
    assert [p.type for p in model.pieces[:3]] == [PieceType.UNKNOWN, PieceType.CONTROL, PieceType.BYTE]
    assert model.pieces[3].score == -1.5
    assert (model.byte_fallback, model.escape_whitespaces, model.normalizer) == (True, True, "identity")
    assert model.looks_like_one
    assert not model.damage


def test_a_piece_counts_the_bytes_of_the_text_that_it_stands_for() -> None:
    assert [p.utf8_bytes for p in parse_model(MODEL).pieces] == [0, 0, 1, 4, 1, 5]


def test_only_pieces_that_an_encoder_emits_are_found() -> None:
    model = parse_model(MODEL)
    assert model.has(SPACE)
    assert not model.has("<s>")


def test_settings_that_the_file_does_not_hold_have_the_defaults_of_the_format() -> None:
    model = parse_model(MODEL)
    assert not model.byte_fallback
    assert model.escape_whitespaces


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (MODEL + b"\x0a\xff\xff\xff\xff\x0f", "does not fit"),
        (MODEL + b"\x0b", "wire type 3"),
        (MODEL + b"\xff" * 11, "does not end"),
        (MODEL[:-3], "does not fit"),
    ],
)
def test_a_damaged_file_yields_what_came_before_and_a_reason(data: bytes, says: str) -> None:
    model = parse_model(data)
    assert model.pieces[0].text == "<unk>"
    assert says in model.damage


def test_another_kind_of_file_does_not_look_like_a_model() -> None:
    assert not parse_model(b"\x80\x04 something else").looks_like_one
    assert not parse_model(b"").looks_like_one


def test_a_file_above_the_limit_is_not_read() -> None:
    (entry,) = memory_files({"a.model": b"\x00" * (MODEL_LIMIT + 1)})
    assert f"{MODEL_LIMIT:,}" in read_model(entry).damage


def test_the_same_content_is_read_once() -> None:
    first, second = memory_files({"a.model": MODEL, "b.model": MODEL})
    assert read_model(first) is read_model(second)


@given(st.binary(max_size=300), st.integers(0, len(MODEL)))
def test_no_bytes_make_the_reader_raise(noise: bytes, cut: int) -> None:
    parse_model(noise)
    parse_model(MODEL[:cut] + noise)
