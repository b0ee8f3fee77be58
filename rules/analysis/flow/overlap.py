"""Rows of a chunk that begin less than a row apart: the last of them reach behind the end of the chunk."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from rules.analysis.flow.events import Event
from rules.analysis.flow.objects import Function
from rules.analysis.flow.order import walks

_CUTS = frozenset({"min", "max"})


@dataclass(frozen=True, slots=True)
class Rows:
    """`range(begin, end, step)` at a line, and rows of a width that is more than the step."""

    line: int
    step: str
    width: str


def rows_behind(learn: Event) -> Rows | None:
    """The rows that something is learnt from, where they reach behind the chunk that a loop around goes on to."""
    inner = next((block for block in reversed(learn.trail) if isinstance(block.detail, Function)), None)
    if inner is None:
        return None
    chunks = [loop for loop in learn.loops() if walks(loop, learn)]
    if len(chunks) < 2:  # the chunks, and the rows in them
        return None
    function = inner.detail.node
    made = {
        target.id: node.value
        for node in ast.walk(function)
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    lines = {loop.line for loop in learn.loops()}
    for variable, spread, is_loop in _ranges(function):
        begin, end, step = spread.args
        if is_loop and spread.lineno not in lines:
            continue
        if isinstance(begin, ast.Constant) or _is_bounded(function, spread, end, variable):
            continue
        whole = _half_of(made.get(ast.unparse(step), step))
        width = next((w for w in _widths(function, variable) if whole and whole == w), "")
        if width:
            return Rows(spread.lineno, ast.unparse(step), width)
    return None


def _ranges(function: ast.AST) -> Iterator[tuple[str, ast.Call, bool]]:
    """The variables that go through ranges with steps, and whether a loop's do."""
    for node in ast.walk(function):
        if isinstance(node, (ast.For, ast.comprehension)) and isinstance(node.iter, ast.Call):
            called = node.iter
            if (
                getattr(called.func, "id", "") == "range"
                and len(called.args) == 3
                and isinstance(node.target, ast.Name)
            ):
                yield node.target.id, called, isinstance(node, ast.For)


def _half_of(step: ast.expr) -> str:
    """What a step is a part of: `width` for `width // 2`; "" for anything else."""
    if isinstance(step, ast.BinOp) and isinstance(step.op, ast.FloorDiv) and isinstance(step.right, ast.Constant):
        return ast.unparse(step.left) if isinstance(step.right.value, int) and step.right.value > 1 else ""
    return ""


def _widths(function: ast.AST, variable: str) -> Iterator[str]:
    """How wide slices are that begin at a variable, without the token that follows."""
    for node in ast.walk(function):
        if isinstance(node, ast.Slice) and isinstance(node.lower, ast.Name) and node.lower.id == variable:
            upper = node.upper
            if isinstance(upper, ast.BinOp) and isinstance(upper.right, ast.Constant) and upper.right.value == 1:
                upper = upper.left
            if isinstance(upper, ast.BinOp) and isinstance(upper.op, ast.Add) and ast.unparse(upper.left) == variable:
                yield ast.unparse(upper.right)


def _is_bounded(function: ast.AST, spread: ast.Call, end: ast.expr, variable: str) -> bool:
    """Whether the end is less than the chunk's, or something else than what is scored is cut by it."""
    if not isinstance(end, ast.Name):
        return True
    plain = {id(node) for node in ast.walk(spread)}
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") not in _CUTS:
            plain |= {id(argument) for argument in node.args}
        elif isinstance(node, ast.Slice) or (isinstance(node, ast.Compare) and variable not in _names(node)):
            plain |= {id(inner) for inner in ast.walk(node)}
    asked = (n for n in ast.walk(function) if isinstance(n, ast.Name) and n.id == end.id and id(n) not in plain)
    return any(isinstance(name.ctx, ast.Load) for name in asked)


def _names(node: ast.AST) -> set[str]:
    return {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)}
