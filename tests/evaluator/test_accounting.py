"""Which accounting a data folder asks for, and what it counts."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from evaluator import accounting, shards
from evaluator.bytecount import ByteCountError

BYTES = {"tokenizer_type": "pure_byte", "vocab_size": 260, "config": {"byte_offset": 4, "byte_count": 256}}


def tokens(*values: int) -> shards.Tokens:
    return np.array(values, dtype=np.uint16)


@pytest.fixture
def of_bytes(tmp_path: Path) -> Path:
    path = tmp_path / "bytes.json"
    path.write_text(json.dumps(BYTES), "utf-8")
    return path


def test_a_vocabulary_of_bytes_is_described_by_its_file(of_bytes: Path) -> None:
    table = accounting.table_of(of_bytes)
    assert table.vocab_size == 260
    assert table.count(tokens(1, 4, 259, 2)) == 2
    assert accounting.is_known(of_bytes)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("nonsense", "describes no vocabulary of bytes"),
        ("[]", "describes no vocabulary of bytes"),
        ('{"tokenizer_type": "pure_byte"}', "describes no vocabulary of bytes"),
        ('{"tokenizer_type": "bpe", "vocab_size": 260}', "of another kind"),
        ('{"tokenizer_type": "pure_byte", "vocab_size": 255}', "do not fit"),
        ('{"tokenizer_type": "pure_byte", "vocab_size": 260, "config": {"byte_count": 3}}', "none of a byte tokenizer"),
        ('{"tokenizer_type": "pure_byte", "vocab_size": 9999999}', "none of a byte tokenizer"),
        ('{"tokenizer_type": "pure_byte", "vocab_size": 260, "config": {"byte_offset": -1}}', "do not fit"),
        ("[" * 100_000, "describes no vocabulary of bytes"),
    ],
)
def test_another_file_is_refused(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "odd.json"
    path.write_text(text, "utf-8")
    with pytest.raises(ByteCountError, match=says):
        accounting.table_of(path)
    assert not accounting.is_known(path)


def test_sidecars_count_before_any_tokenizer_and_are_no_shards(tmp_path: Path, of_bytes: Path) -> None:
    shards.write(tmp_path / "a_val_000000.bin", tokens(4, 5, 6))
    shards.write(tmp_path / "a_val_000001.bin", tokens(7, 8))
    assert accounting.sidecars(tmp_path) == []
    assert accounting.count_split(tmp_path, of_bytes) == 4
    shards.write(tmp_path / "a_val_bytes_000000.bin", tokens(9, 2, 3))
    assert accounting.sidecars(tmp_path) == []  # the second shard has none
    shards.write(tmp_path / "a_val_bytes_000001.bin", tokens(1, 0))
    assert accounting.sidecars(tmp_path) == ["a_val_bytes_000000.bin", "a_val_bytes_000001.bin"]
    assert shards.names(tmp_path, "val") == ["a_val_000000.bin", "a_val_000001.bin"]
    assert len(shards.read_split(tmp_path, "val")) == 5
    assert accounting.count_split(tmp_path, of_bytes) == accounting.count_split(tmp_path, None) == 6


def test_a_sidecar_that_does_not_fit_is_an_error(tmp_path: Path) -> None:
    shards.write(tmp_path / "a_val_000000.bin", tokens(4, 5, 6))
    shards.write(tmp_path / "a_val_bytes_000000.bin", tokens(9, 2))
    with pytest.raises(ByteCountError, match="tells the bytes of 2 tokens, its shard holds 3"):
        accounting.count_split(tmp_path, None)


def test_what_nothing_tells_is_not_guessed(tmp_path: Path, of_bytes: Path) -> None:
    shards.write(tmp_path / "a_val_000000.bin", tokens(4, 5, 6))
    assert accounting.count_split(tmp_path, None) is None
    assert accounting.count_split(tmp_path, tmp_path / "t.vocab") is None
    assert accounting.count_split(tmp_path, of_bytes, transforms_text=True) is None


def test_the_competition_knows_whose_text_is_transformed() -> None:
    from rules.competition import builtin

    known = builtin().fingerprints
    assert known.transforms_text("fineweb10B_sp8192_lossless_caps_CaseOps_v1", "")
    assert known.transforms_text("words", "sp10240_casefold.model")
    assert not known.transforms_text("fineweb10B_sp8192", "sp8192.model")
    assert not known.transforms_text()
