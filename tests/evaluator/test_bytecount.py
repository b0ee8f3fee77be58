"""Bytes of tokens against the definition, token by token in plain Python."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluator import bytecount, shards
from evaluator.bytecount import ByteCountError, ByteTable
from rules.reading.sentencepiece import PieceType
from tests.reading.test_sentencepiece import MODEL, piece

EXTRA = piece("\N{LOWER ONE EIGHTH BLOCK}naïve", -4.0) + piece("<0x0A>", 0.0, PieceType.BYTE)
TABLE = bytecount.sentencepiece_table(MODEL + EXTRA)
# <unk>, <s>, a byte, " the", " ", "café", " naïve", a byte
LENGTHS = [0, 0, 1, 3, 0, 5, 6, 1]
SPACES = [False, False, False, True, True, False, True, False]
BOUNDARIES = [True, True, False, False, False, False, False, False]


def slowly(tokens: list[int]) -> int:
    total = 0
    for before, token in pairwise(tokens):
        total += LENGTHS[token]
        if SPACES[token] and not BOUNDARIES[before]:
            total += 1
    return total


def test_the_table_follows_the_kind_of_each_piece() -> None:
    assert TABLE.length.tolist() == LENGTHS
    assert TABLE.space.tolist() == SPACES
    assert TABLE.boundary.tolist() == BOUNDARIES


@given(st.lists(st.integers(0, 7), max_size=300))
def test_the_vectorised_count_is_that_of_a_loop(tokens: list[int]) -> None:
    row = np.array(tokens, dtype=np.uint16)
    assert TABLE.count(row) == slowly(tokens)
    assert int(TABLE.each(row).sum()) == slowly(tokens)


def test_chunks_share_the_token_at_their_border() -> None:
    row = shards.noise(300_000, 8, 5)
    assert TABLE.count(row) == slowly(row.tolist())


def test_torch_counts_the_same() -> None:
    torch = pytest.importorskip("torch")
    row = shards.noise(70_000, 8, 6)
    assert TABLE.count_on(torch.from_numpy(row.astype(np.int64))) == TABLE.count(row)


@pytest.mark.gpu
def test_a_gpu_counts_the_same() -> None:
    import torch

    row = shards.noise(5_000_000, 8, 6)
    assert TABLE.count_on(torch.from_numpy(row.astype(np.int32)).cuda()) == TABLE.count(row)


def test_ids_above_the_pieces_are_boundaries_without_text() -> None:
    table = bytecount.sentencepiece_table(MODEL + EXTRA, 12)
    assert table.vocab_size == 12
    assert table.count(np.array([11, 3], dtype=np.uint16)) == 3  # no space after a boundary


def test_a_byte_level_vocabulary_counts_one_for_each_byte() -> None:
    table = bytecount.byte_level_table(260, 4)
    assert table.count(np.array([1, 4, 259, 2, 100], dtype=np.uint16)) == 3
    with pytest.raises(ByteCountError, match="do not fit"):
        bytecount.byte_level_table(255)


def test_a_token_beyond_the_vocabulary_is_an_error() -> None:
    with pytest.raises(ByteCountError, match="token 9 is beyond the vocabulary of 8"):
        TABLE.count(np.array([0, 9], dtype=np.uint16))


def test_sidecars_are_read_as_shard_npy_and_npz(tmp_path: Path) -> None:
    each = np.array([9, 1, 2, 300], dtype=np.uint16)
    tokens = np.zeros(4, dtype=np.uint16)
    shards.write(tmp_path / "bytes.bin", each)
    np.save(tmp_path / "bytes.npy", each.astype(np.int32))
    np.savez_compressed(tmp_path / "bytes.npz", bytes=each)
    for name in ("bytes.bin", "bytes.npy", "bytes.npz"):
        assert bytecount.sidecar_count(tmp_path / name, tokens) == 303


def test_a_sidecar_that_does_not_fit_or_hides_objects_is_refused(tmp_path: Path) -> None:
    tokens = np.zeros(4, dtype=np.uint16)
    np.save(tmp_path / "short.npy", np.zeros(3, dtype=np.int64))
    np.save(tmp_path / "less.npy", np.array([0, -1, 0, 0]))
    np.save(tmp_path / "real.npy", np.zeros(4))
    np.save(tmp_path / "object.npy", np.array([print, 1], dtype=object), allow_pickle=True)
    (tmp_path / "damaged.npz").write_bytes(b"PK\x03\x04")
    for name, said in [
        ("short.npy", "the bytes of 3 tokens"),
        ("less.npy", "negative"),
        ("real.npy", "whole numbers"),
        ("object.npy", "cannot be read"),
        ("damaged.npz", "cannot be read"),
    ]:
        with pytest.raises(ByteCountError, match=said):
            bytecount.sidecar_count(tmp_path / name, tokens)


def test_a_sidecar_archive_that_would_inflate_too_far_is_refused_before_it_does(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "big.npz", bytes=np.zeros(1_000_000, dtype=np.uint16))
    with pytest.raises(ByteCountError, match="inflates to 2,000"):
        bytecount.read_sidecar(tmp_path / "big.npz", limit=1_000_000)


def test_something_else_is_no_tokenizer(tmp_path: Path) -> None:
    (tmp_path / "t.model").write_bytes(b"no protocol buffer")
    with pytest.raises(ByteCountError, match="no SentencePiece model"):
        bytecount.sentencepiece_table_of(tmp_path / "t.model")
    with pytest.raises(ByteCountError, match="cannot be read"):
        bytecount.sentencepiece_table_of(tmp_path / "missing.model")


def test_a_table_is_a_value() -> None:
    assert isinstance(TABLE, ByteTable)
    assert TABLE.vocab_size == 8
