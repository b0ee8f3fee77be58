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
from rules.syntax import parts_of, walk

SPACE = "\u2581"
_ANDS = frozenset({"logical_and", "bitwise_and", "mul", "multiply"})
_LOOK_UPS = frozenset({"take", "index_select", "gather"})
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
        made = [one for loop in loops if (one := _builder(source, loop, names, functions)) is not None]
        if made and not any(one.marks for one in made):  # the leading spaces may be told elsewhere
            apart = (Turn(WORD, names, functions).run(loop) for loop in laid_out(source))
            marks = next((name for stored in apart for name, (value, _) in stored.items() if value is True), "")
            made = [replace(one, marks=marks) for one in made]
        yield from made


def additions(source: SourceFile) -> Iterator[tuple[ast.AST, str]]:
    """Where one byte is added for a leading space that follows no boundary, with the function's name."""
    for function in nodes_of(source, ast.FunctionDef):
        for node in walk(function):
            if isinstance(node, (ast.AugAssign, ast.BinOp)) and isinstance(node.op, ast.Add):
                added = [node.value] if isinstance(node, ast.AugAssign) else [node.left, node.right]
                if any(_is_space(part) for part in added):
                    yield node, function.name


def _is_space(node: ast.expr) -> bool:
    """`marks[token] & ~boundary[earlier]`, cast and wrapped in any way, or the product of the two."""
    for part in _added(node):
        sides = _both(part)
        for one, other in (sides, sides[::-1]) if sides else ():
            if _looks_up(one) and not _negated(one) and (no := _negated(other)) is not None:
                return _looks_up(no)
        if sides and all(isinstance(side, ast.Subscript) for side in sides):  # `opens[token] & inside[earlier]`
            one, other = (side for side in sides if isinstance(side, ast.Subscript))
            return ast.dump(one.slice) != ast.dump(other.slice)
    return False


def _added(node: ast.AST) -> Iterator[ast.AST]:
    """An expression and its parts, but for what is taken away in it."""
    yield node
    taken = node.right if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub) else None
    for child in parts_of(node):
        if child is not taken:
            yield from _added(child)


def _both(node: ast.AST) -> tuple[ast.expr, ast.expr] | None:
    """The two sides of something that holds where both do."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.BitAnd, ast.Mult)):
        return node.left, node.right
    if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.And) and len(node.values) == 2:
        return node.values[0], node.values[1]
    if isinstance(node, ast.Call) and getattr(node.func, "attr", "") in _ANDS and len(node.args) == 2:
        return node.args[0], node.args[1]
    return None


def _negated(node: ast.expr) -> ast.expr | None:
    """What is not to hold: of `~x`, `not x`, `logical_not(x)`, `1 - x`; None for anything else."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.Invert, ast.Not)):
        return node.operand
    if isinstance(node, ast.Call) and getattr(node.func, "attr", "") in ("logical_not", "bitwise_not"):
        return node.args[0] if node.args else node.func
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub):
        return node.right if isinstance(node.left, ast.Constant) and node.left.value == 1 else None
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):  # a cast, or a look-up: `(~x).double()`
        inner = _negated(node.func.value)
        return node if inner is not None and node.func.attr in _LOOK_UPS else inner
    return None


def _looks_up(node: ast.expr) -> bool:
    return any(
        isinstance(part, ast.Subscript) or (isinstance(part, ast.Attribute) and part.attr in _LOOK_UPS)
        for part in walk(node)
    )


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


def _builder(
    source: SourceFile, loop: ast.For, names: Mapping[str, Any], functions: Mapping[str, ast.FunctionDef]
) -> Builder | None:
    word, inner = (Turn(sample, names, functions).run(loop) for sample in (WORD, INNER))
    counts = [n for n, (value, _) in word.items() if isinstance(value, int) and not isinstance(value, bool)]
    marks = [n for n, (value, _) in word.items() if value is True and inner.get(n, (False, 0))[0] is not True]
    if not counts:
        return None
    table = next((name for name in counts if "byte" in name.lower()), counts[0])
    return Builder(source, loop, names, functions, table, marks[0] if marks else "")
