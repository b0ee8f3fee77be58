"""Bytes of an untrusted file → text with LF line ends. Never raises.

Every reader decodes through here, so that a line number means the same everywhere: the n-th line of the decoded
text when it is split at LF alone.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field

from rules.rule import Location
from rules.submission import Problem, ProblemKind

UTF8 = "utf-8"
UTF8_BOM = "utf-8-sig"
UTF16_LE = "utf-16-le"
UTF16_BE = "utf-16-be"
LATIN1 = "latin-1"

_SAMPLE = 4096  # bytes that a guess at UTF-16 looks at
_MARKS = ((b"\xef\xbb\xbf", UTF8_BOM), (b"\xff\xfe", UTF16_LE), (b"\xfe\xff", UTF16_BE))


@dataclass(frozen=True, slots=True)
class Decoded:
    """Text with LF line ends, without byte-order mark and NUL characters.

    `encoding` is the one that took all bytes; "latin-1" takes any bytes and so means that the real one is unknown.
    `problems` holds `UNDECODABLE` when that happened, when characters were replaced, or when the bytes look binary.
    """

    text: str
    encoding: str
    problems: tuple[ProblemKind, ...] = ()

    @property
    def certain(self) -> bool:
        """Whether every byte was understood."""
        return not self.problems

    def problems_at(self, path: str) -> tuple[Problem, ...]:
        """The same problems as values that rules read."""
        detail = f"read as {self.encoding}; some characters may be wrong"
        return tuple(Problem(kind, Location(path), detail) for kind in self.problems)


def decode(data: bytes) -> Decoded:
    """Decode UTF-8, UTF-16 (with or without byte-order mark) or, failing both, Latin-1.

    CRLF and bare CR become LF: a progress bar that overwrites itself becomes one line for each state.
    """
    encoding = _encoding_of(data)
    problems: tuple[ProblemKind, ...] = ()
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        problems = (ProblemKind.UNDECODABLE,)
        if encoding in (UTF16_LE, UTF16_BE):
            text = data.decode(encoding, errors="replace")
        else:
            encoding, text = LATIN1, data.decode(LATIN1)
    if encoding in (UTF16_LE, UTF16_BE):
        text = text.removeprefix("\ufeff")
    if "\0" in text:
        problems = (ProblemKind.UNDECODABLE,)
        text = text.replace("\0", "")
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return Decoded(text, encoding, problems)


def _encoding_of(data: bytes) -> str:
    """The encoding that the byte-order mark or the places of NUL bytes suggest."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return encoding
    sample = data[:_SAMPLE]
    if b"\0" not in sample:
        return UTF8
    pairs = max(1, len(sample) // 2)
    even, odd = sample[0::2].count(0) / pairs, sample[1::2].count(0) / pairs
    if odd > 0.5 and even < 0.1:
        return UTF16_LE
    if even > 0.5 and odd < 0.1:
        return UTF16_BE
    return UTF8


@dataclass(frozen=True, slots=True)
class Lines:
    """Line numbers of a text, found by bisection. Positions are offsets into `text`."""

    text: str
    _starts: list[int] = field(repr=False)

    @classmethod
    def of(cls, text: str) -> Lines:
        """Index `text` once, in linear time."""
        starts = [0]
        find, position = text.find, -1
        while (position := find("\n", position + 1)) >= 0:
            starts.append(position + 1)
        return cls(text, starts)

    def number(self, position: int) -> int:
        """The line, from 1, that holds `position`."""
        return bisect_right(self._starts, position)

    def quote(self, position: int, limit: int = 300) -> str:
        """The line that holds `position`, stripped and cut at `limit` characters."""
        start = self._starts[self.number(position) - 1]
        end = self.text.find("\n", start, start + 2 * limit)
        line = self.text[start : start + 2 * limit if end < 0 else end]
        return line.strip()[:limit]
