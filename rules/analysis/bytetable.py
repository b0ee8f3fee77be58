"""What a script's own table of bytes gives for a token, found by working out its builder for sample pieces.

The builder walks over a vocabulary and stores numbers and marks for each piece; `rules.analysis.turn` works out what it
stores for one.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from rules.analysis.nodes import nodes_of, walk
from rules.analysis.turn import PIECES, Sample, Turn
from rules.submission import SourceFile

SPACE = "\u2581"
WORD, INNER = Sample(f"{SPACE}ab"), Sample("ab")
CONTROL, BYTE = Sample("<s>", "control"), Sample("<0xE2>", "byte")


@dataclass(frozen=True, slots=True)
class Stored:
    """What is stored for a piece: by the table's name the value and the line that stores it."""

    values: Mapping[str, tuple[Any, int]]

    def number(self, table: str) -> int | None:
        """The bytes that a table gives; 0 where nothing is stored, None where it is not known."""
        value = self.values.get(table, (0, 0))[0]
        return value if isinstance(value, int) and not isinstance(value, bool) else None


@dataclass(frozen=True, slots=True)
class Builder:
    """A loop that fills tables. `table` is the name of the one with bytes, `marks` that of the leading spaces."""

    source: SourceFile = field(repr=False)
    loop: ast.For = field(repr=False)
    names: Mapping[str, Any] = field(repr=False)
    table: str = ""
    marks: str = ""

    def stored(self, sample: Sample) -> Stored:
        """What the loop stores for a piece."""
        return Stored(Turn(sample, self.names).run(self.loop))

    def line(self, sample: Sample) -> int:
        """The line that stores the bytes of a piece."""
        return self.stored(sample).values.get(self.table, (0, self.loop.lineno))[1]


def builders(sources: Iterable[SourceFile]) -> Iterator[Builder]:
    """The loops that store bytes for each piece of a vocabulary."""
    for source in sources:
        if source.tree is None or not any(name in source.code for name in PIECES):
            continue
        asked = [node.lineno for node in nodes_of(source, ast.Attribute) if node.attr in PIECES]
        loops = [loop for loop in nodes_of(source, ast.For) if _holds(loop, asked)]
        names = _constants(nodes_of(source, ast.Assign)) if loops else {}
        for loop in loops:
            made = _builder(source, loop, names)
            if made is not None:
                yield made


def additions(source: SourceFile) -> Iterator[tuple[ast.AST, str]]:
    """Where one byte is added for a leading space that follows no boundary, with the function's name."""
    for function in nodes_of(source, ast.FunctionDef):
        for node in walk(function):
            if isinstance(node, (ast.AugAssign, ast.BinOp)) and isinstance(node.op, ast.Add):
                added = [node.value] if isinstance(node, ast.AugAssign) else [node.left, node.right]
                if any(_is_space(part) for part in added):
                    yield node, function.name


def _is_space(node: ast.expr) -> bool:
    """`marks[token] & ~boundary[earlier]`, cast and wrapped in any way."""
    for part in walk(node):
        if isinstance(part, ast.BinOp) and isinstance(part.op, ast.BitAnd):
            for one, other in ((part.left, part.right), (part.right, part.left)):
                if _looks_up(one) and isinstance(other, ast.UnaryOp) and isinstance(other.op, ast.Invert):
                    return _looks_up(other.operand)
    return False


def _looks_up(node: ast.expr) -> bool:
    return any(isinstance(part, ast.Subscript) for part in walk(node))


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


def _builder(source: SourceFile, loop: ast.For, names: Mapping[str, Any]) -> Builder | None:
    word, inner = Turn(WORD, names).run(loop), Turn(INNER, names).run(loop)
    counts = [n for n, (value, _) in word.items() if isinstance(value, int) and not isinstance(value, bool)]
    marks = [n for n, (value, _) in word.items() if value is True and inner.get(n, (False, 0))[0] is not True]
    if not counts:
        return None
    table = next((name for name in counts if "byte" in name.lower()), counts[0])
    return Builder(source, loop, names, table, marks[0] if marks else "")
