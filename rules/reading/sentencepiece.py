"""A SentencePiece model file (`*.model`) read as bytes on the wire: its pieces, their types and scores.

The file is a protocol buffer of which only the pieces and four settings matter here, so that a few wire types are
read by hand instead of bringing the library along. Nothing is trusted: lengths are checked before anything is cut,
counts are bounded, and a damaged file yields what came before the damage together with a reason.

Field numbers are those of `sentencepiece_model.proto`.
"""

from __future__ import annotations

import struct
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

from rules.submission import FileEntry

MODEL_LIMIT = 16_000_000  # bytes; real models have 0.2 to 2 MB
PIECES_LIMIT = 1_000_000
PIECE_BYTES_LIMIT = 1_000
SPACE = "\N{LOWER ONE EIGHTH BLOCK}"  # U+2581, which stands for a space

_PIECE, _TRAINER, _NORMALIZER = 1, 2, 3
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_MAX_VARINT_BYTES = 10


class PieceType(IntEnum):
    """What a piece stands for."""

    NORMAL = 1
    UNKNOWN = 2
    CONTROL = 3
    USER_DEFINED = 4
    UNUSED = 5
    BYTE = 6


@dataclass(frozen=True, slots=True)
class Piece:
    """One entry of the vocabulary. `score` is a log probability or a merge rank, depending on the kind of model."""

    text: str
    score: float
    type: PieceType

    @property
    def utf8_bytes(self) -> int:
        """Bytes of original text that the piece stands for, a leading space included; 0 where it stands for none."""
        if self.type is PieceType.BYTE:
            return 1
        if self.type in (PieceType.CONTROL, PieceType.UNKNOWN, PieceType.UNUSED):
            return 0
        return len(self.text.replace(SPACE, " ").encode("utf-8", "replace"))


@dataclass(frozen=True, slots=True)
class SentencePieceModel:
    """A vocabulary as shipped. `damage` says why reading stopped early, "" where it did not."""

    pieces: tuple[Piece, ...]
    byte_fallback: bool = False
    escape_whitespaces: bool = True
    normalizer: str = ""
    damage: str = ""

    @property
    def looks_like_one(self) -> bool:
        """Whether the bytes are a SentencePiece model at all: it has pieces, and one of them is the unknown."""
        return len(self.pieces) > 1 and any(piece.type is PieceType.UNKNOWN for piece in self.pieces)

    def has(self, text: str) -> bool:
        """Whether that very text is a piece that an encoder can emit."""
        emitted = (PieceType.NORMAL, PieceType.USER_DEFINED)
        return any(piece.text == text and piece.type in emitted for piece in self.pieces)


class _DamagedError(Exception):
    """The bytes are no such message. The text says what is wrong."""


def read_model(entry: FileEntry) -> SentencePieceModel:
    """Read a file of the submission; the same content is read once. Never raises: see `damage`."""
    known = _recent.get(entry.content_id)
    if known is None:
        known = _recent[entry.content_id] = _read(entry)
        if len(_recent) > _CAPACITY:
            _recent.popitem(last=False)
    return known


_CAPACITY = 8  # models kept; a few tokenizers are shipped again and again
_recent: OrderedDict[str, SentencePieceModel] = OrderedDict()


def _read(entry: FileEntry) -> SentencePieceModel:
    try:
        data = entry.read(MODEL_LIMIT)
    except KeyError:
        return SentencePieceModel((), damage="the repository lacks this object")
    except ValueError:
        return SentencePieceModel((), damage=f"more than {MODEL_LIMIT:,} bytes")
    return parse_model(data)


def parse_model(data: bytes) -> SentencePieceModel:
    """Read the bytes of a model. Never raises: see `damage`."""
    pieces: list[Piece] = []
    trainer: dict[int, int | bytes] = {}
    normalizer: dict[int, int | bytes] = {}
    damage = ""
    try:
        for number, value in _fields(data):
            if number == _PIECE and isinstance(value, bytes):
                if len(pieces) >= PIECES_LIMIT:
                    raise _DamagedError(f"more than {PIECES_LIMIT:,} pieces")
                pieces.append(_piece(value))
            elif number == _TRAINER and isinstance(value, bytes):
                trainer.update(_fields(value))
            elif number == _NORMALIZER and isinstance(value, bytes):
                normalizer.update(_fields(value))
    except _DamagedError as error:
        damage = str(error)
    name = normalizer.get(1, b"")
    return SentencePieceModel(
        pieces=tuple(pieces),
        byte_fallback=bool(trainer.get(35, 0)),
        escape_whitespaces=bool(normalizer.get(5, 1)),
        normalizer=name.decode("utf-8", "replace")[:100] if isinstance(name, bytes) else "",
        damage=damage,
    )


def _piece(data: bytes) -> Piece:
    text, score, kind = "", 0.0, PieceType.NORMAL
    for number, value in _fields(data):
        if number == 1 and isinstance(value, bytes):
            text = value[:PIECE_BYTES_LIMIT].decode("utf-8", "replace")
        elif number == 2 and isinstance(value, bytes) and len(value) == 4:
            (score,) = struct.unpack("<f", value)
        elif number == 3 and isinstance(value, int):
            kind = PieceType(value) if 1 <= value <= len(PieceType) else PieceType.UNUSED
    return Piece(text, score, kind)


def _fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Field number and value of each field of a message; fixed-width values come as their bytes."""
    position = 0
    while position < len(data):
        key, position = _varint(data, position)
        wire = key & 7
        if wire == _VARINT:
            number, position = _varint(data, position)
            yield key >> 3, number
            continue
        if wire == _BYTES:
            size, position = _varint(data, position)
        elif wire in (_FIXED64, _FIXED32):
            size = 8 if wire == _FIXED64 else 4
        else:
            raise _DamagedError(f"byte {position}: wire type {wire} is not used by such files")
        if size > len(data) - position:
            raise _DamagedError(f"byte {position}: a field of {size} bytes does not fit into the rest of the file")
        yield key >> 3, data[position : position + size]
        position += size


def _varint(data: bytes, position: int) -> tuple[int, int]:
    """A number in seven-bit groups, and the position after it."""
    value = 0
    for count, byte in enumerate(data[position : position + _MAX_VARINT_BYTES]):
        value |= (byte & 0x7F) << (7 * count)
        if byte < 0x80:
            return value, position + count + 1
    raise _DamagedError(f"byte {position}: a number does not end")
