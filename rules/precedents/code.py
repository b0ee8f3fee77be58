"""The code of a submission as digests of its statements: small enough to keep for every submission."""

from __future__ import annotations

import json
import sys
from array import array
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice

from rules.analysis.live import Program, program_of
from rules.precedents.statements import Statement, statements
from rules.rule import Location
from rules.submission import Language, SourceFile, Submission

MOST_STATEMENTS = 60_000  # of one submission
MOST_FILES = 200
_FORM = 1


@dataclass(frozen=True, eq=False)
class CodeFile:
    """One source file: a digest, a number of tokens and the lines for each statement, and whether it may run.

    `payload` is the line of the packed text in the shipped file, None where nothing is packed.
    """

    path: str
    payload: int | None
    digests: Sequence[int] = field(repr=False)
    tokens: Sequence[int] = field(repr=False)
    first: Sequence[int] = field(repr=False)
    last: Sequence[int] = field(repr=False)
    live: bytes = field(repr=False)

    def at(self, location: Location) -> int | None:
        """The position of the statement in which a place lies."""
        line = location.line if self.payload is None else location.unpacked_line
        if line is None or location.path != self.path:
            return None
        position = bisect_right(self.first, line) - 1
        return position if position >= 0 and line <= self.last[position] else None

    def locate(self, position: int) -> Location:
        """Where a statement stands for a person who reads the pull request."""
        line = self.first[position]
        return Location(self.path, line) if self.payload is None else Location(self.path, self.payload, line)

    def around(self, position: int, tokens: int, most: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Statements before and after one, so many that they have `tokens` together, at most `most` on each side."""
        start, end = position, position + 1
        found = self.tokens[position]
        for _ in range(most):
            if found >= tokens:
                break
            if start > 0:
                start -= 1
                found += self.tokens[start]
            if end < len(self.digests):
                found += self.tokens[end]
                end += 1
        return tuple(self.digests[start:position]), tuple(self.digests[position + 1 : end])


@dataclass(frozen=True, eq=False)
class Code:
    """All source files of a submission."""

    files: tuple[CodeFile, ...] = ()

    @cached_property
    def places(self) -> dict[int, list[tuple[CodeFile, int]]]:
        """Digest → the statements that have it."""
        found: dict[int, list[tuple[CodeFile, int]]] = {}
        for file in self.files:
            for position, digest in enumerate(file.digests):
                found.setdefault(digest, []).append((file, position))
        return found

    def packed(self) -> bytes:
        """As bytes for the store."""
        head = [[file.path, file.payload, len(file.digests)] for file in self.files]
        parts = [json.dumps({"form": _FORM, "files": head}).encode("ascii"), b"\n"]
        for file in self.files:
            parts += [_raw("Q", file.digests), _raw("H", file.tokens), _raw("I", file.first), _raw("I", file.last)]
            parts.append(bytes(file.live))
        return b"".join(parts)

    @classmethod
    def unpacked(cls, raw: bytes) -> Code:
        """Back from the store; empty for bytes of another version, which the next screening replaces."""
        head, _, body = raw.partition(b"\n")
        told = json.loads(head)
        if told["form"] != _FORM:
            return cls()
        rest = memoryview(body)
        files = []
        for path, payload, count in told["files"]:
            columns = []
            for kind, size in (("Q", 8), ("H", 2), ("I", 4), ("I", 4)):
                columns.append(_array(kind, rest[: size * count]))
                rest = rest[size * count :]
            digests, tokens, first, last = columns
            files.append(CodeFile(path, payload, digests, tokens, first, last, bytes(rest[:count])))
            rest = rest[count:]
        return cls(tuple(files))


def code_of(submission: Submission) -> Code:
    """The code of a submission. Statements that its program cannot reach are marked."""
    program = program_of(submission)
    room, files = MOST_STATEMENTS, []
    for source in submission.sources[:MOST_FILES]:
        found = tuple(islice(statements(source.code, source.language), room))
        room -= len(found)
        files.append(_file(source, found, program))
    return Code(tuple(files))


def code_of_text(path: str, raw: bytes) -> Code:
    """The code of one plain Python file that belongs to no submission, such as the competition's baseline."""
    found = tuple(islice(statements(raw.decode("utf-8", "replace"), Language.PYTHON), MOST_STATEMENTS))
    return Code((_columns(path, None, found, b"\1" * len(found)),))


def _file(source: SourceFile, found: Sequence[Statement], program: Program) -> CodeFile:
    return _columns(source.path, source.layers[0].line if source.layers else None, found, _live(source, found, program))


def _columns(path: str, payload: int | None, found: Sequence[Statement], live: bytes) -> CodeFile:
    return CodeFile(
        path,
        payload,
        array("Q", [one.digest for one in found]),
        array("H", [min(one.tokens, 0xFFFF) for one in found]),
        array("I", [one.first for one in found]),
        array("I", [one.last for one in found]),
        live,
    )


def _live(source: SourceFile, found: Sequence[Statement], program: Program) -> bytes:
    """A one for each statement that may run. What is not Python is called from where we do not look."""
    if source.language is not Language.PYTHON:
        return b"\1" * len(found)
    dead = program.dead_lines(source)
    if dead is None:
        return b"\0" * len(found)
    lines = {line for span in dead for line in span}
    return bytes(one.first not in lines for one in found)


def _raw(kind: str, values: Sequence[int]) -> bytes:
    column = values if isinstance(values, array) else array(kind, values)
    return _ordered(column).tobytes()


def _array(kind: str, raw: memoryview) -> array[int]:
    column: array[int] = array(kind)
    column.frombytes(raw)
    return _ordered(column)


def _ordered(column: array[int]) -> array[int]:
    """Little-endian on every machine."""
    if sys.byteorder == "little":
        return column
    swapped = array(column.typecode, column)
    swapped.byteswap()
    return swapped
