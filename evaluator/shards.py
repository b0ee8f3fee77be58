"""Token shards: 256 little-endian int32 (magic 20240520, version 1, token count), then that many uint16 tokens.

Beside reading and writing, the streams that probes are made of: noise, a changed end, a cut, text kept apart.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from evaluator.regular import NotRegularError, read_regular

HEADER_INTS = 256
HEADER_BYTES = 4 * HEADER_INTS
MAGIC = 20240520
VERSION = 1
MOST_TOKENS = 1 << 29  # of one shard: 1 GiB; real ones hold 100 million
MOST_SHARDS = 10_000
LARGEST_VOCABULARY = 1 << 16

Tokens: TypeAlias = NDArray[np.uint16]


class ShardError(ValueError):
    """A shard, or a folder of shards, is not what it must be. The message names the file and says how to mend it."""


def read(path: Path, *, most_tokens: int = MOST_TOKENS) -> Tokens:
    """The tokens of one shard. Raises ShardError; a link is not followed."""
    try:
        data = read_regular(path, HEADER_BYTES + 2 * most_tokens)
    except NotRegularError as error:
        raise ShardError(str(error)) from None
    if len(data) < HEADER_BYTES:
        raise ShardError(
            f"{path.name!r} has {len(data):,} bytes, the header alone has {HEADER_BYTES:,}: write the shard again"
        )
    magic, version, count = struct.unpack_from("<3i", data)
    if magic != MAGIC:
        raise ShardError(f"{path.name!r} begins with {magic}, a shard with {MAGIC}: this file is no token shard")
    if version != VERSION:
        raise ShardError(f"{path.name!r} is a shard of version {version}; only version {VERSION} is known")
    held = len(data) - HEADER_BYTES
    if held != 2 * count:
        raise ShardError(
            f"{path.name!r} states {count:,} tokens, which take {2 * count:,} bytes, and holds {held:,}: "
            "it was cut or written with another token width"
        )
    return np.frombuffer(data, dtype="<u2", offset=HEADER_BYTES).astype(np.uint16, copy=False)


def write(path: Path, tokens: Tokens) -> None:
    """Write one shard. Raises ShardError for what does not fit into the format."""
    if tokens.ndim != 1 or tokens.dtype != np.uint16:
        raise ShardError(f"{path.name!r}: a shard holds one row of uint16, not {tokens.ndim} of {tokens.dtype}")
    if len(tokens) > MOST_TOKENS:
        raise ShardError(f"{path.name!r}: {len(tokens):,} tokens; at most {MOST_TOKENS:,} are written")
    header = np.zeros(HEADER_INTS, dtype="<i4")
    header[:3] = MAGIC, VERSION, len(tokens)
    path.write_bytes(header.tobytes() + tokens.astype("<u2", copy=False).tobytes())


def names(folder: Path, split: str) -> list[str]:
    """The shards of a split ("train", "val") by their names, in the order in which scripts read them.

    Sidecars with the bytes of each token, `*_val_bytes_*.bin`, are none.
    """
    found = sorted(path.name for path in folder.glob(f"*_{split}_*.bin") if f"_{split}_bytes_" not in path.name)
    if len(found) > MOST_SHARDS:
        raise ShardError(f"{len(found):,} shards of {split!r}; at most {MOST_SHARDS:,} are read")
    return found


def read_split(folder: Path, split: str, *, most_tokens: int = MOST_TOKENS) -> Tokens:
    """At most the first `most_tokens` tokens of a split. Raises ShardError where it has no shard."""
    parts: list[Tokens] = []
    missing = most_tokens
    for name in names(folder, split):
        if missing <= 0:
            break
        parts.append(read(folder / name)[:missing])
        missing -= len(parts[-1])
    if not parts:
        raise ShardError(f"no shards '*_{split}_*.bin' in {folder.name!r}: put them there, or name another folder")
    return np.concatenate(parts)


def digest(folder: Path) -> str:
    """SHA-256 over the names and contents of all shards of a folder; the order in which they are listed is no part."""
    total = hashlib.sha256()
    paths = sorted(folder.glob("*.bin"))
    if not paths:
        raise ShardError(f"no shards '*.bin' in {folder.name!r}")
    for path in paths:
        try:
            content = read_regular(path, HEADER_BYTES + 2 * MOST_TOKENS)
        except NotRegularError as error:
            raise ShardError(str(error)) from None
        total.update(hashlib.sha256(path.name.encode("utf-8", "surrogateescape")).digest())
        total.update(hashlib.sha256(content).digest())
    return total.hexdigest()


def noise(count: int, vocab_size: int, seed: Sequence[int] | int) -> Tokens:
    """`count` tokens, each drawn uniformly and independently from the vocabulary: nothing predicts them."""
    if not 2 <= vocab_size <= LARGEST_VOCABULARY:
        raise ShardError(f"a vocabulary of {vocab_size:,}: shards hold 2 to {LARGEST_VOCABULARY:,} different tokens")
    return np.random.default_rng(seed).integers(0, vocab_size, count, dtype=np.uint16)


def flip_suffix(tokens: Tokens, start: int, vocab_size: int, seed: Sequence[int] | int) -> Tokens:
    """The same tokens up to `start`, and independent noise from there on."""
    return np.concatenate([tokens[:start], noise(len(tokens) - start, vocab_size, seed)])


def truncate(tokens: Tokens, count: int) -> Tokens:
    """The first `count` tokens. Raises ShardError where there are fewer."""
    if count > len(tokens):
        raise ShardError(f"{count:,} tokens asked for, there are {len(tokens):,}")
    return tokens[:count].copy()


def hold_out(tokens: Tokens, count: int, parts: int) -> tuple[Tokens, list[Tokens]]:
    """Text for a swap: what stays, and `parts` stretches of `count` tokens from the end. Raises ShardError."""
    kept = len(tokens) - parts * count
    if kept < count:
        raise ShardError(
            f"{len(tokens):,} training tokens are too few to keep {parts} stretches of {count:,} apart: add shards"
        )
    return tokens[:kept], [tokens[kept + i * count : kept + (i + 1) * count].copy() for i in range(parts)]
