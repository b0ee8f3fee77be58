"""A TokenMonster vocabulary (`*.vocab`) read as bytes: which bytes each token id stands for.

Only that mapping is taken: a token's text is never longer than its bytes, whatever capital codes it carries, which is
enough to check a stored byte table. After 24 bytes of header, whose last one is the length of the longest token, every
entry is one byte of length, the token, a flag, a word count, two indexes and the id in three bytes each, and a score
in four.
"""

from __future__ import annotations

from rules.submission import FileEntry

VOCABULARY_LIMIT = 16_000_000  # bytes
ENTRIES_LIMIT = 1_000_000

_HEADER = 24
_AFTER_TOKEN = 15
_ID = 8  # where the id starts after the token
_NO_ID = 0xFFFFFF
_MAX_FIRST_BYTES = (2, 3, 3, 5)  # largest capcode, character set, normalization and level that exist


def read_vocabulary(entry: FileEntry) -> dict[int, bytes]:
    """Read a file of the submission: id to token. Empty where it is no such vocabulary; never raises."""
    try:
        return parse_vocabulary(entry.read(VOCABULARY_LIMIT))
    except (KeyError, ValueError):
        return {}


def parse_vocabulary(data: bytes) -> dict[int, bytes]:
    """Read the bytes of a vocabulary: id to token. Empty where they do not follow the layout to the end."""
    if len(data) < _HEADER or any(data[i] > most for i, most in enumerate(_MAX_FIRST_BYTES)):
        return {}
    longest, found, position = data[_HEADER - 1], dict[int, bytes](), _HEADER
    while position < len(data) and len(found) < ENTRIES_LIMIT:
        size = data[position]
        start, end = position + 1, position + 1 + size
        if not 0 < size <= longest or end + _AFTER_TOKEN > len(data):
            break
        number = int.from_bytes(data[end + _ID : end + _ID + 3], "little")
        if number != _NO_ID:
            found.setdefault(number, data[start:end])
        position = end + _AFTER_TOKEN
    return found if _is_dense(found) else {}


def _is_dense(found: dict[int, bytes]) -> bool:
    """Whether the ids are 0, 1, 2 … without a gap: anything else was not such a file."""
    return len(found) > 1 and max(found) == len(found) - 1
