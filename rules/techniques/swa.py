"""SWA, stochastic weight averaging: checkpoints of the last part of training are averaged with equal weight.

## Recognised by
Live code that divides a state named SWA (or LAWA) by a count, or builds an averaged model. Collecting without ever
using the average does not count.

## Not to be confused with
EMA, which weighs recent steps more; sliding-window attention, which has the same letters.
"""

from __future__ import annotations

import ast
from functools import lru_cache

from rules.analysis.expressions import walk
from rules.analysis.live import Program, Sighting, Unit
from rules.analysis.words import words_of

NAME = "swa"
TITLE = "SWA"

_AVERAGES = {"swa", "lawa"}
_COUNTS = {"count", "n", "num", "cnt", "queue", "len", "avg"}


def detect(program: Program) -> Sighting | None:
    """Where live code shows it, or None."""
    for unit, call in program.calls.get("AveragedModel", ()):
        if not call.node.keywords:  # with an averaging function of its own it is an EMA
            return unit.at(call.line)
    for unit in program.units:
        if any(_is_counter(name) for name in unit.names):
            line = _average(unit)
            if line is not None:
                return unit.at(line)
    return None


def _average(unit: Unit) -> int | None:
    """The first live call or binding that averages: `swa_state[name] / swa_count`, `.div_(swa_count)`."""
    values = [b.value for b in unit.bindings if b.value is not None] + [c.node for c in unit.calls]
    for node in walk(*values):
        if isinstance(node, ast.BinOp | ast.Call):
            right: ast.expr | None = None
            if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
                right = node.right
            elif (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in ("div_", "div")
            ):
                right = node.args[0] if node.args else None
            if right is not None and any(_is_count(n) for n in ast.walk(right)):
                return node.lineno
    return None


def _is_count(node: ast.AST) -> bool:
    return _is_counter(node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else "")


@lru_cache(maxsize=4096)
def _is_counter(name: str) -> bool:
    """`swa_count`, `lawa_n`."""
    words = set(words_of(name))
    return bool(words & _AVERAGES and words & _COUNTS)
