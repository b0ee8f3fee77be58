"""By which accounting bytes are counted: what a data folder says, by its tokenizer and by what lies beside its shards.

A SentencePiece model (`.model`) and a vocabulary of bytes (`.json` with `"tokenizer_type": "pure_byte"`) tell the bytes
of a token. Where the text was transformed before it was tokenized neither does: sidecars `*_val_bytes_*.bin` in the
form of shards do, one beside each validation shard, with the bytes of each token.
"""

from __future__ import annotations

import json
from pathlib import Path

from evaluator import bytecount, shards
from evaluator.bytecount import ByteCountError, ByteTable
from evaluator.regular import NotRegularError, read_regular

SUFFIXES = (".model", ".json")
PURE_BYTE = "pure_byte"
LIMIT = 1 << 20  # bytes of the description of a vocabulary of bytes
NO_SIDECAR = (
    "the tokenizer's text is transformed, and no sidecars '*_val_bytes_*.bin' tell the bytes of each token: put them "
    "beside the validation shards"
)


def table_of(tokenizer: Path, vocab_size: int = 0) -> ByteTable:
    """The bytes of each token by the tokenizer's own file. Raises ByteCountError for one of another kind."""
    if tokenizer.suffix == ".json":
        return _of_bytes(tokenizer, vocab_size)
    return bytecount.sentencepiece_table_of(tokenizer, vocab_size)


def is_known(tokenizer: Path) -> bool:
    """Whether a file is a tokenizer that bytes can be counted with."""
    try:
        table_of(tokenizer)
    except ByteCountError:
        return False
    return True


def sidecar_of(shard: str) -> str:
    """The name of the sidecar of a validation shard."""
    before, _, after = shard.rpartition("_val_")
    return f"{before}_val_bytes_{after}"


def sidecars(folder: Path) -> list[str]:
    """The sidecars of the validation shards, in their order; none where not every shard has one."""
    names = [sidecar_of(name) for name in shards.names(folder, "val")]
    return names if all((folder / name).is_file() for name in names) else []


def count_split(folder: Path, tokenizer: Path | None, *, transforms_text: bool = False) -> int | None:
    """Bytes of all validation tokens but the first; None where nothing here tells them.

    Raises ByteCountError and ShardError for files that are damaged or do not fit together.
    """
    beside = sidecars(folder)
    if beside:
        held = [bytecount.sidecar_bytes(folder / name, folder / of) for name, of in _pairs(folder, beside)]
        return sum(int(each.sum()) for each in held) - int(held[0][0])
    if tokenizer is None or transforms_text or tokenizer.suffix not in SUFFIXES:
        return None
    return table_of(tokenizer).count(shards.read_split(folder, "val"))


def _pairs(folder: Path, beside: list[str]) -> list[tuple[str, str]]:
    return list(zip(beside, shards.names(folder, "val"), strict=True))


def _of_bytes(path: Path, vocab_size: int) -> ByteTable:
    try:
        told = json.loads(read_regular(path, LIMIT))
        if told["tokenizer_type"] != PURE_BYTE:
            raise ByteCountError(f"{path.name!r} describes a tokenizer of another kind than {PURE_BYTE!r}")
        config = told.get("config") or {}
        first, count = int(config.get("byte_offset", 0)), int(config.get("byte_count", 256))
        size = max(vocab_size, int(told["vocab_size"]))
    except (NotRegularError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        if isinstance(error, ByteCountError):
            raise
        raise ByteCountError(f"{path.name!r} describes no vocabulary of bytes: {error}") from None
    if count != 256 or size > shards.LARGEST_VOCABULARY:
        raise ByteCountError(f"{path.name!r}: {count} bytes in a vocabulary of {size:,} are none of a byte tokenizer")
    return bytecount.byte_level_table(size, first)
