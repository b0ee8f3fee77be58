"""The README: its text, and the figures that it states in plain form."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from rules.reading.metadata.meaning import Meaning, meaning_of
from rules.reading.metadata.vocabulary import NOT_A_CLAIM, UNFINISHED
from rules.reading.metadata.words import bare_seed, number_of, words_of
from rules.reading.text import decode
from rules.rule import Location
from rules.submission import Claim, Problem, ProblemKind, Quantity, Readme

MAX_BYTES = 1_000_000
MAX_LINES = 20_000
MAX_CLAIMS = 200
_TOP_LINES = 40  # a headline stands near the top or in a heading
_MAX_LINE = 2000
_HEADLINE = re.compile(
    r"\bval[_ ]?bpb\b[\s:=*`_|\u2248~(-]{1,12}(?P<after>[0-9]\.[0-9]{3,10})(?![0-9])"
    r"|(?<![0-9.+-])(?P<before>[0-9]\.[0-9]{3,10})[\s*`_]{0,5}(?:val[_ ]?)?bpb\b(?!\s*[:=])",
    re.IGNORECASE,
)
_COMPARING_TEXT = (
    "improve improves improved improving reduces reduced saves hurts helps adds gave better worse lower higher "
    "drop drops dropped from over than below above"
)
_COMPARING = frozenset(_COMPARING_TEXT.split())
_MEANS = frozenset({"mean", "average", "avg"})


def read_readme(path: str, data: bytes) -> tuple[Readme, tuple[Problem, ...]]:
    """Read a README. Never raises; of a larger one the first `MAX_BYTES` bytes are read."""
    decoded = decode(data[:MAX_BYTES])
    problems = decoded.problems_at(path)
    if len(data) > MAX_BYTES:
        detail = f"{len(data):,} bytes; the first {MAX_BYTES:,} are read"
        problems = (Problem(ProblemKind.LIMIT, Location(path), detail),)
    if not decoded.text.strip():
        problems = (*problems, Problem(ProblemKind.EMPTY, Location(path), "the file is empty; describe the submission"))
    lines = decoded.text.split("\n", MAX_LINES)[:MAX_LINES]
    claims = [*_headlines(path, lines), *_tables(path, lines)]
    return Readme(path, decoded.text, tuple(claims[:MAX_CLAIMS])), problems


def _headlines(path: str, lines: Sequence[str]) -> Iterator[Claim]:
    """Scores in headings and near the top, in lines that speak of nothing but this submission."""
    for number, line in enumerate(lines, start=1):
        prominent = number <= _TOP_LINES or line.startswith("#")
        if not prominent or "|" in line or "bpb" not in line.casefold():
            continue
        words = frozenset(_words_of_line(line))
        if words & (NOT_A_CLAIM | UNFINISHED | _COMPARING):
            continue
        for found in _HEADLINE.finditer(line[:_MAX_LINE]):
            value = float(found["after"] or found["before"])
            yield Claim(Quantity.VAL_BPB, value, Location(path, number), found.group().strip()[:100])


def _words_of_line(line: str) -> Iterator[str]:
    """All words of a line in lower case."""
    for part in line[:_MAX_LINE].split():
        yield from words_of(part)


def _tables(path: str, lines: Sequence[str]) -> Iterator[Claim]:
    """Rows of tables whose first column is the seed: one claim for each column that names a quantity."""
    columns: dict[int, tuple[str, Meaning]] = {}
    for number, line in enumerate(lines, start=1):
        cells = _cells(line)
        if not cells:
            columns = {}
        elif "seed" in words_of(cells[0]) and bare_seed(cells[0]) is None and not number_of(cells[-1]):
            columns = _columns(cells)
        elif columns:
            yield from _row(cells, columns, Location(path, number))


def _row(cells: list[str], columns: dict[int, tuple[str, Meaning]], place: Location) -> Iterator[Claim]:
    seed = bare_seed(cells[0])
    mean = not _MEANS.isdisjoint(words_of(cells[0]))
    if seed is None and not mean:
        return
    for index, (header, meaning) in columns.items():
        number = number_of(cells[index]) if index < len(cells) else None
        if number is not None and number.value > 0:
            yield Claim(meaning.quantity, number.value * meaning.scale, place, header, seed)


def _columns(cells: list[str]) -> dict[int, tuple[str, Meaning]]:
    """The column of each quantity. Of several that all name some way of evaluating none is sure to be the figure."""
    by_quantity: dict[Quantity, list[tuple[int, str, Meaning]]] = {}
    for index, header in enumerate(cells[1:], start=1):
        meaning = meaning_of([header])
        if meaning is not None and meaning.quantity is not Quantity.SEED:
            by_quantity.setdefault(meaning.quantity, []).append((index, header[:100], meaning))
    chosen: dict[int, tuple[str, Meaning]] = {}
    for columns in by_quantity.values():
        index, header, meaning = min(columns, key=lambda column: column[2].distance)
        if len(columns) == 1 or not meaning.qualified:
            chosen[index] = (header, meaning)
    return chosen


def _cells(line: str) -> list[str]:
    """The cells of a table's row without the marks of emphasis; [] for any other line."""
    stripped = line[:_MAX_LINE].strip()
    if not stripped.startswith("|"):
        return []
    return [cell.strip().strip("*_` ") for cell in stripped.strip("|").split("|")]
