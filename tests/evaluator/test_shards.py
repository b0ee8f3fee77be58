"""Shards as bytes: what is written is read, and what is malformed is told apart."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from evaluator import shards
from evaluator.shards import ShardError

TOKENS = np.array([1, 2, 65535, 0, 7], dtype=np.uint16)


def raw(magic: int = 20240520, version: int = 1, count: int = 5, tokens: bytes = TOKENS.tobytes()) -> bytes:
    return struct.pack("<256i", magic, version, count, *[0] * 253) + tokens


def test_what_is_written_has_the_competitions_format_and_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "fineweb_val_000000.bin"
    shards.write(path, TOKENS)
    assert path.read_bytes() == raw()
    assert shards.read(path).tolist() == TOKENS.tolist()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"short", "has 5 bytes, the header alone has 1,024"),
        (raw(magic=7), "begins with 7, a shard with 20240520"),
        (raw(version=2), "version 2"),
        (raw(count=6), "states 6 tokens, which take 12 bytes, and holds 10"),
        (raw(count=-1), "states -1 tokens"),
        (raw(tokens=b"\0" * 9), "holds 9"),
    ],
)
def test_a_malformed_shard_is_refused_with_its_fault(tmp_path: Path, data: bytes, said: str) -> None:
    path = tmp_path / "x_val_0.bin"
    path.write_bytes(data)
    with pytest.raises(ShardError, match=said):
        shards.read(path)


def test_a_link_and_a_shard_above_the_limit_are_refused(tmp_path: Path) -> None:
    (tmp_path / "real.bin").write_bytes(raw())
    (tmp_path / "link.bin").symlink_to(tmp_path / "real.bin")
    with pytest.raises(ShardError, match="links are not followed"):
        shards.read(tmp_path / "link.bin")
    with pytest.raises(ShardError, match="at most"):
        shards.read(tmp_path / "real.bin", most_tokens=4)


def test_a_folder_without_shards_of_a_split_says_which_are_missing(tmp_path: Path) -> None:
    with pytest.raises(ShardError, match=r"no shards '\*_val_\*.bin'"):
        shards.read_split(tmp_path, "val")


def test_a_split_is_read_in_the_order_of_its_names_up_to_a_limit(tmp_path: Path) -> None:
    shards.write(tmp_path / "t_val_000001.bin", TOKENS[3:])
    shards.write(tmp_path / "t_val_000000.bin", TOKENS[:3])
    assert shards.read_split(tmp_path, "val").tolist() == TOKENS.tolist()
    assert shards.read_split(tmp_path, "val", most_tokens=4).tolist() == TOKENS[:4].tolist()


def test_the_digest_changes_with_a_name_and_with_a_token(tmp_path: Path) -> None:
    path = tmp_path / "t_val_0.bin"
    shards.write(path, TOKENS)
    first = shards.digest(tmp_path)
    assert shards.digest(tmp_path) == first
    shards.write(path, TOKENS[::-1].copy())
    changed = shards.digest(tmp_path)
    path.rename(tmp_path / "t_val_1.bin")
    assert len({first, changed, shards.digest(tmp_path)}) == 3


def test_noise_is_uniform_seeded_and_within_the_vocabulary() -> None:
    tokens = shards.noise(100_000, 50, 3)
    counts = np.bincount(tokens, minlength=50)
    assert len(counts) == 50
    assert counts.min() > 1_750
    assert counts.max() < 2_250
    assert (shards.noise(100, 50, 3) == tokens[:100]).all()
    assert (shards.noise(100, 50, 4) != tokens[:100]).any()


def test_a_flipped_suffix_leaves_the_prefix_and_draws_the_rest_anew() -> None:
    tokens = shards.noise(1000, 512, 1)
    flipped = shards.flip_suffix(tokens, 400, 512, 2)
    assert (flipped[:400] == tokens[:400]).all()
    assert np.count_nonzero(flipped[400:] == tokens[400:]) < 20
    assert len(flipped) == 1000


def test_text_kept_apart_for_a_swap_is_no_part_of_what_stays() -> None:
    tokens = np.arange(1000, dtype=np.uint16)
    kept, parts = shards.hold_out(tokens, 100, 3)
    assert np.concatenate([kept, *parts]).tolist() == tokens.tolist()
    assert [len(part) for part in parts] == [100, 100, 100]
    with pytest.raises(ShardError, match="too few"):
        shards.hold_out(tokens, 300, 3)


def test_cutting_more_than_there_is_is_refused() -> None:
    assert len(shards.truncate(TOKENS, 3)) == 3
    with pytest.raises(ShardError):
        shards.truncate(TOKENS, 6)
