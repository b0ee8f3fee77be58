"""A script as normalised token lines, and a short signature that tells how many of them two scripts share.

Comments, docstrings, spacing, kinds of quotes and where a long line was broken do not count; names and numbers do.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from rensa import RMinHash

from rules.reading.pieces import Pieces

VERSION = 1
"""Signatures of different versions cannot be compared; raise it whenever lines, shingles or slots change."""

SLOTS = 128
SEED = 42
CODE_LIMIT = 4_000_000  # characters of a script that are looked at
LONGEST_LINE = 2_000  # tokens after which a line ends even inside brackets, so that one lost bracket costs little
LONGEST_TEXT = 200  # characters from which a literal of several lines counts line by line

_STRING = (
    r"""(?s:[rbfuRBFU]{0,3}(?:\"{3}(?:[^"\\]|\\.|"(?!""))*+(?:\"{3}|\Z)|'{3}(?:[^'\\]|\\.|'(?!''))*+(?:'{3}|\Z)))"""
)
_SHORT = r"""[rbfuRBFU]{0,3}(?:"(?:[^"\\\n]|\\[^\n])*+"?|'(?:[^'\\\n]|\\[^\n])*+'?)"""
_TOKEN = re.compile(rf"{_STRING}|{_SHORT}|\#[^\n]*|\\\n|\n|\w+(?:\.\d\w*)?|\*\*|//|[-+*/%=<>!]=|->|\S")
_OPEN, _CLOSE, _ENDS, _QUOTES = frozenset("([{"), frozenset(")]}"), frozenset("\n;"), ("'", '"')


@dataclass(frozen=True, slots=True)
class Signature:
    """`slots` holds SLOTS little-endian 32-bit values of a MinHash over `shingles` distinct shingles."""

    version: int
    slots: bytes
    shingles: int

    def array(self) -> npt.NDArray[np.uint32]:
        """The slots as an array of SLOTS values."""
        return np.frombuffer(self.slots, "<u4")


class _Lines:
    """Token lines in the making."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self._line: list[str] = []
        self._depth = 0

    @property
    def between(self) -> bool:
        """Whether the next token begins a line."""
        return not self._line and self._depth == 0

    def add(self, text: str) -> None:
        if text.isidentifier():  # most are
            self._line.append(text)
            if len(self._line) >= LONGEST_LINE:
                self.end()
            return
        if text[0] == "#" or text == "\\\n":
            return
        if self._depth <= 0 and text in _ENDS:
            self.end()
            return
        if text == "\n":
            return
        if text in _OPEN:
            self._depth += 1
        elif text in _CLOSE:
            self._depth -= 1
            if self._line and self._line[-1] == ",":
                self._line.pop()
        elif text[-1] in _QUOTES:
            text = self._literal(text)
        self._line.append(text)
        if len(self._line) >= LONGEST_LINE:
            self.end()

    def end(self) -> None:
        """Close the line; one that is a literal alone is a docstring, or without effect."""
        self._depth = 0
        if self._line and not (len(self._line) == 1 and self._line[0][-1] in _QUOTES):
            self.done.append(" ".join(self._line))
        self._line = []

    def _literal(self, text: str) -> str:
        """The literal on one line; of a long one (a kernel, say) that is no docstring each line counts by itself."""
        if "\n" in text:
            if self._line and len(text) > LONGEST_TEXT:
                text, *others = text.split("\n")
                self.done += [inner for line in others if (inner := " ".join(line.split()))]
            return " ".join(text.split()) or '"'
        return text.replace("'", '"') if text[-1] == "'" and '"' not in text else text


def tokens_of(code: str) -> tuple[str, ...]:
    """The logical lines of an unpacked script, each its tokens with one space between. () for an empty script."""
    code = code[:CODE_LIMIT]
    done: list[str] = []
    position = 0
    while position < len(code):
        known = _known.find(code, position)
        if known is None:
            start, (found, position) = position, _piece(code, position)
            if position < len(code):
                _known.keep(code[start:position], found)
        else:
            position, found = known
        done += found
    return tuple(done)


_known: Pieces[list[str]] = Pieces()


def _piece(code: str, position: int) -> tuple[list[str], int]:
    """The token lines up to the first line's end that none goes over, and the position there."""
    lines = _Lines()
    for token in _TOKEN.finditer(code, position):
        lines.add(token[0])
        if token[0] == "\n" and lines.between:
            return lines.done, token.end()
    lines.end()
    return lines.done, len(code)


@dataclass(frozen=True)
class Script:
    """The token lines of a script as 32-bit hashes, four bytes each: what is kept of it to compare others with."""

    lines: bytes

    @classmethod
    def of(cls, tokens: Iterable[str]) -> Script:
        """Hash token lines."""
        hashes = [zlib.crc32(line.encode("utf-8", "surrogatepass")) for line in tokens]
        return cls(np.asarray(hashes, "<u4").tobytes())

    @property
    def hashes(self) -> list[int]:
        """The hashes in the order of the lines."""
        return np.frombuffer(self.lines, "<u4").tolist()  # type: ignore[no-any-return]


def signature_of(code: str) -> Signature | None:
    """The signature of an unpacked script, None for one without any line of code."""
    return signature_of_tokens(tokens_of(code))


def signature_of_tokens(tokens: Sequence[str]) -> Signature | None:
    """The signature of token lines: a MinHash over the lines and over the pairs of neighbouring ones."""
    shingles = set(tokens)
    shingles.update(f"{one}\n{two}" for one, two in pairwise(tokens))
    if not shingles:
        return None
    minhash = RMinHash(num_perm=SLOTS, seed=SEED)
    minhash.update(sorted(shingles))
    return Signature(VERSION, np.asarray(minhash.digest(), "<u4").tobytes(), len(shingles))
