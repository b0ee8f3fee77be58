"""What a script's own table of bytes gives for a token, found by working out its builder for sample pieces.

The builder walks over a vocabulary and stores numbers and marks for each piece; `rules.analysis.turn` works out what it
stores for one.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from rules.analysis.comprehended import laid_out
from rules.analysis.nodes import nodes_of
from rules.analysis.turn import PIECES, Sample, Turn
from rules.submission import SourceFile

SPACE = "\u2581"
WORD, INNER = Sample(f"{SPACE}ab"), Sample("ab")
LONG, LONG_WORD = Sample("abcde"), Sample(f"{SPACE}abcde")  # three bytes longer
LONE = Sample(SPACE)
CONTROL, BYTE = Sample("<s>", "control"), Sample("<0xE2>", "byte")


@dataclass(frozen=True, slots=True)
class Stored:
    """What is stored for a piece: by the table's name the value and the line that stores it."""

    values: Mapping[str, tuple[Any, int]]

    def number(self, table: str) -> int | None:
        """The bytes that a table gives; 0 where nothing is stored, None where it is not known."""
        return _number(self.values.get(table, (0, 0))[0])

    def marked(self, table: str) -> bool:
        """Whether a table of marks has one."""
        return bool(self.values.get(table, (0, 0))[0] == 1)


@dataclass(frozen=True, slots=True)
class Builder:
    """A loop that fills tables, or comprehensions that are laid side by side as one.

    `table` is the name of the one with bytes, `marks` that of the leading spaces.
    """

    source: SourceFile = field(repr=False)
    loop: ast.For = field(repr=False)
    names: Mapping[str, Any] = field(repr=False)
    functions: Mapping[str, ast.FunctionDef] = field(repr=False)
    table: str = ""
    marks: str = ""

    def stored(self, sample: Sample) -> Stored:
        """What the loop stores for a piece."""
        return Stored(Turn(sample, self.names, self.functions).run(self.loop))

    def line(self, sample: Sample) -> int:
        """The line that stores the bytes of a piece."""
        return self.stored(sample).values.get(self.table, (0, self.loop.lineno))[1]


def builders(sources: Iterable[SourceFile]) -> Iterator[Builder]:
    """The loops that store bytes for each piece of a vocabulary."""
    for source in sources:
        if source.tree is None or not any(name in source.code for name in PIECES):
            continue
        functions = {node.name: node for node in nodes_of(source, ast.FunctionDef)}
        asked = [node.lineno for node in nodes_of(source, ast.Attribute) if node.attr in PIECES]
        found = [one for one in nodes_of(source, ast.For) if _holds(one, asked)]
        loops = found or list(laid_out(source))
        names = _constants(nodes_of(source, ast.Assign)) if loops else {}
        made = [one for loop in loops for one in _tables(source, loop, names, functions)]
        if made and not any(one.marks for one in made):  # the leading spaces may be told elsewhere
            apart = (Turn(WORD, names, functions).run(loop) for loop in laid_out(source))
            marks = next((name for stored in apart for name, (value, _) in stored.items() if value is True), "")
            made = [replace(one, marks=marks) for one in made]
        yield from made


def _constants(assignments: Iterable[ast.Assign]) -> dict[str, Any]:
    """Names that are bound to one plain value and no other."""
    found: dict[str, list[Any]] = {}
    for node in assignments:
        value = node.value.value if isinstance(node.value, ast.Constant) else None
        for target in node.targets:
            if isinstance(target, ast.Name):
                found.setdefault(target.id, []).append(value)
    return {name: values[0] for name, values in found.items() if len(values) == 1 and values[0] is not None}


def _holds(loop: ast.For, lines: Iterable[int]) -> bool:
    """Whether one of the lines is the loop's."""
    return any(loop.lineno <= line <= (loop.end_lineno or loop.lineno) for line in lines)


def _tables(
    source: SourceFile, loop: ast.For, names: Mapping[str, Any], functions: Mapping[str, ast.FunctionDef]
) -> Iterator[Builder]:
    """The tables that a loop fills with numbers that grow with the text of the piece, those named after bytes first."""
    word, long_word, inner, long = (
        Stored(Turn(sample, names, functions).run(loop)) for sample in (WORD, LONG_WORD, INNER, LONG)
    )
    marks = next((n for n in word.values if word.marked(n) and long_word.marked(n) and not inner.marked(n)), "")
    tables = [n for n in word.values if _grows(word.number(n), long_word.number(n), inner.number(n), long.number(n))]
    for table in sorted(tables, key=lambda name: "byte" not in name.lower()):
        yield Builder(source, loop, names, functions, table, marks)


def _grows(word: int | None, long_word: int | None, inner: int | None, long: int | None) -> bool:
    """Whether the numbers of longer pieces are larger by as much as the pieces are longer."""
    if word is None or long_word is None or inner is None or long is None:
        return False
    more = len(LONG.piece) - len(INNER.piece)
    return long_word - word == more and long - inner == more


def _number(value: Any) -> int | None:
    """A whole number, be it written as 3.0; truth values are none."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None
