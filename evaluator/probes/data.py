"""What probes make their streams of: names and format of a competition's data, its tokenizer, its vocabulary."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from evaluator import accounting, shards
from evaluator.bytecount import ByteCountError, ByteTable
from evaluator.shards import Tokens

_DEPTH = 4  # folders below the given one that are looked into
_MOST_FOLDERS = 2_000


class DataError(ValueError):
    """The folder does not hold what a probe needs. The message says what is missing."""


@dataclass(frozen=True, slots=True)
class ProbeData:
    """Where a competition's data lie and what they look like. Contents of shards are read only for a swap.

    `sidecars`: the bytes of each validation token are shipped beside it. `uncounted` says why the bytes of our own
    tokens are not known, "" where they are.
    """

    folder: Path
    train_names: tuple[str, ...]
    val_names: tuple[str, ...]
    tokenizer: Path
    table: ByteTable
    vocab_size: int
    sidecars: bool = False
    uncounted: str = ""

    def bytes_of(self, tokens: Tokens) -> NDArray[np.uint16]:
        """Bytes of each token, none for the first, which is context: what a sidecar of ours says, and what we count."""
        each = self.table.each(tokens)
        return np.concatenate([np.zeros(1, dtype=np.uint16), each.astype(np.uint16)])

    def ordinary(self) -> list[int]:
        """Tokens that stand for text: noise of these holds no boundary, hence one document."""
        return [token for token in range(self.vocab_size) if not self.table.boundary[token]]


def find(
    folder: Path, *, tokenizer: Path | None = None, vocab_size: int = 0, transforms_text: bool = False
) -> ProbeData:
    """What lies in or below `folder`. `vocab_size` is the tokenizer's where none is given. Raises DataError.

    `transforms_text`: the tokenizer's bytes are not those of the text, so that only sidecars make them known.
    """
    if not folder.is_dir():
        raise DataError(f"there is no folder {str(folder)!r}")
    found = _with_shards(folder)
    model = tokenizer or _only_tokenizer(folder)
    try:
        table = accounting.table_of(model, vocab_size)
    except ByteCountError as error:
        raise DataError(str(error)) from None
    train, val = shards.names(found, "train"), shards.names(found, "val")
    sidecars = bool(accounting.sidecars(found))
    uncounted = accounting.NO_SIDECAR if transforms_text and not sidecars else ""
    size = vocab_size or table.vocab_size
    return ProbeData(found, tuple(train), tuple(val), model, table, size, sidecars, uncounted)


def _with_shards(folder: Path) -> Path:
    found = [place for place in _folders(folder) if shards.names(place, "val") and shards.names(place, "train")]
    if not found:
        raise DataError(
            f"neither {str(folder)!r} nor a folder below it holds shards '*_train_*.bin' and '*_val_*.bin': "
            "put them there"
        )
    if len(found) > 1:
        told = ", ".join(repr(str(place.relative_to(folder))) for place in found[:5])
        raise DataError(f"{len(found)} folders below {str(folder)!r} hold shards ({told}): name one of them")
    return found[0]


def _only_tokenizer(folder: Path) -> Path:
    places = _folders(folder)
    found = [path for place in places for path in sorted(place.glob("*.model"))]
    if not found:
        found = [path for place in places for path in sorted(place.glob("*.json")) if accounting.is_known(path)]
    if not found:
        raise DataError(
            f"no tokenizer '*.model' in {str(folder)!r} or below: put the SentencePiece model there, or the "
            "description ('.json') of a vocabulary of bytes"
        )
    if len(found) > 1:
        told = ", ".join(repr(path.name) for path in found[:5])
        raise DataError(f"{len(found)} tokenizers below {str(folder)!r} ({told}): name one with --tokenizer")
    return found[0]


def _folders(folder: Path) -> list[Path]:
    found: list[Path] = []
    for place, below, _ in os.walk(folder):
        here = Path(place)
        found.append(here)
        if len(here.relative_to(folder).parts) >= _DEPTH or len(found) >= _MOST_FOLDERS:
            below.clear()
        below.sort()
    return found
