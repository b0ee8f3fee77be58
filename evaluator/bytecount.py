"""How many bytes of text tokens stand for: exact integers, vectorised, for three kinds of accounting.

SentencePiece: a token's bytes are those of its piece without the space marker, plus one for a leading space unless the
token before it is a boundary (control, unknown or unused). Byte-level vocabularies: one byte each. Sidecars: the bytes
of every token of a shard are shipped beside it, as tokenizers do whose text is transformed.
"""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from evaluator import shards
from evaluator.regular import NotRegularError, read_regular
from rules.reading.sentencepiece import MODEL_LIMIT, SPACE, PieceType, parse_model

if TYPE_CHECKING:
    import torch

_CHUNK = 1 << 17  # tokens at a time: codes and flags stay in the cache
_SPACE = np.uint16(1 << 15)
_BOUNDARY = np.uint16(1 << 14)
_LENGTH = np.uint16((1 << 14) - 1)
_SILENT = (PieceType.CONTROL, PieceType.UNKNOWN, PieceType.UNUSED)


class ByteCountError(ValueError):
    """Bytes cannot be counted with this tokenizer or sidecar. The message says why."""


@dataclass(frozen=True, slots=True)
class ByteTable:
    """Bytes by token id: `length` without a leading space, `space` where it has one, `boundary` where none follows.

    All three are arrays of the size of the vocabulary: integers, and twice booleans.
    """

    length: NDArray[np.int64]
    space: NDArray[np.bool_]
    boundary: NDArray[np.bool_]

    @property
    def vocab_size(self) -> int:
        """Number of different tokens."""
        return len(self.length)

    def count(self, tokens: shards.Tokens) -> int:
        """Bytes of all tokens but the first, which is context only: what a stream of n + 1 tokens scores."""
        _check(tokens, self.vocab_size)
        codes = self._codes()
        total = 0
        for first in range(0, len(tokens) - 1, _CHUNK):
            code = codes[tokens[first : first + _CHUNK + 1]]
            total += int((code[1:] & _LENGTH).sum(dtype=np.int64))
            spaces = (code[1:] >= _SPACE) & ((code[:-1] & _BOUNDARY) == 0)
            total += int(np.count_nonzero(spaces))
        return total

    def each(self, tokens: shards.Tokens) -> NDArray[np.int64]:
        """Bytes of each token but the first; sums to `count`."""
        _check(tokens, self.vocab_size)
        return self.length[tokens[1:]] + (self.space[tokens[1:]] & ~self.boundary[tokens[:-1]])

    def count_on(self, tokens: torch.Tensor) -> int:
        """The same as `count` for a row of integer tokens that lies on a device, in torch."""
        import torch

        codes = torch.from_numpy(self._codes().astype(np.int32)).to(tokens.device)
        total = torch.zeros((), dtype=torch.int64, device=tokens.device)
        for first in range(0, len(tokens) - 1, 1 << 24):
            code = codes[tokens[first : first + (1 << 24) + 1].int()]
            spaces = (code[1:] >= int(_SPACE)) & ((code[:-1] & int(_BOUNDARY)) == 0)
            total += (code[1:] & int(_LENGTH)).sum(dtype=torch.int64) + spaces.sum()
        return int(total.item())

    def _codes(self) -> NDArray[np.uint16]:
        """Length and both flags in sixteen bits, so that each token is looked up once."""
        codes = self.length.astype(np.uint16)
        codes[self.space] |= _SPACE
        codes[self.boundary] |= _BOUNDARY
        return codes


def sentencepiece_table(model: bytes, vocab_size: int = 0) -> ByteTable:
    """The table of a SentencePiece model, filled up with boundaries to `vocab_size`. Raises ByteCountError."""
    read = parse_model(model)
    if read.damage or not read.looks_like_one:
        raise ByteCountError(f"this is no SentencePiece model: {read.damage or 'it has no pieces'}")
    size = max(vocab_size, len(read.pieces))
    length = np.zeros(size, dtype=np.int64)
    space = np.zeros(size, dtype=np.bool_)
    boundary = np.ones(size, dtype=np.bool_)
    for token, piece in enumerate(read.pieces):
        boundary[token] = piece.type in _SILENT
        if piece.type is PieceType.BYTE:
            length[token] = 1
        elif piece.type not in _SILENT:
            space[token] = piece.text.startswith(SPACE)
            length[token] = len(piece.text.removeprefix(SPACE).encode("utf-8", "surrogatepass"))
    return ByteTable(length, space, boundary)


def sentencepiece_table_of(path: Path, vocab_size: int = 0) -> ByteTable:
    """The table of a model's file. Raises ByteCountError."""
    try:
        return sentencepiece_table(read_regular(path, MODEL_LIMIT), vocab_size)
    except NotRegularError as error:
        raise ByteCountError(f"the tokenizer {error}") from None


def byte_level_table(vocab_size: int, first_byte: int = 0) -> ByteTable:
    """A vocabulary of bytes: ids from `first_byte` on are the 256 bytes, the others stand for no text."""
    if first_byte < 0 or first_byte + 256 > vocab_size:
        raise ByteCountError(f"256 bytes from id {first_byte} on do not fit into a vocabulary of {vocab_size}")
    length = np.zeros(vocab_size, dtype=np.int64)
    length[first_byte : first_byte + 256] = 1
    return ByteTable(length, np.zeros(vocab_size, dtype=np.bool_), length == 0)


def sidecar_count(sidecar: Path, tokens: shards.Tokens) -> int:
    """Bytes of all tokens but the first, by a sidecar of that shard. Raises ByteCountError."""
    return int(_fitting(sidecar, len(tokens))[1:].sum(dtype=np.int64))


def sidecar_bytes(sidecar: Path, shard: Path) -> NDArray[np.int64]:
    """Bytes of each token of a shard by its sidecar, the first one's too. Raises ByteCountError and ShardError."""
    return _fitting(sidecar, len(shards.read(shard))).astype(np.int64)


def _fitting(sidecar: Path, tokens: int) -> NDArray[Any]:
    each = read_sidecar(sidecar)
    if len(each) != tokens:
        raise ByteCountError(f"{sidecar.name!r} tells the bytes of {len(each):,} tokens, its shard holds {tokens:,}")
    return each


def read_sidecar(path: Path, *, limit: int = 1 << 30) -> NDArray[Any]:
    """Bytes of each token: a shard of counts (`.bin`), or the only array of an `.npy` or `.npz`. Raises ByteCountError.

    Nothing is unpickled, and an archive that inflates beyond `limit` bytes is refused before it does.
    """
    try:
        if path.suffix == ".bin":
            return shards.read(path)
        data = read_regular(path, limit)
        array = _only_array(data, limit) if path.suffix == ".npz" else np.load(io.BytesIO(data), allow_pickle=False)
    except (ValueError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise ByteCountError(f"the sidecar {path.name!r} cannot be read: {error}") from None
    if not isinstance(array, np.ndarray) or array.ndim != 1 or array.dtype.kind not in "iu":
        raise ByteCountError(f"the sidecar {path.name!r} must hold one row of whole numbers")
    if len(array) and int(array.min()) < 0:
        raise ByteCountError(f"the sidecar {path.name!r} holds a negative number of bytes")
    return array


def _only_array(data: bytes, limit: int) -> Any:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        total = sum(entry.file_size for entry in archive.infolist())
        if total > limit:
            raise ValueError(f"it inflates to {total:,} bytes; at most {limit:,} are read")
        if len(archive.namelist()) != 1:
            raise ValueError(f"{len(archive.namelist())} arrays instead of one")
        with archive.open(archive.namelist()[0]) as member:
            return np.load(io.BytesIO(member.read(limit)), allow_pickle=False)


def _check(tokens: shards.Tokens, vocab_size: int) -> None:
    if len(tokens) and int(tokens.max()) >= vocab_size:
        raise ByteCountError(f"token {int(tokens.max())} is beyond the vocabulary of {vocab_size}")
