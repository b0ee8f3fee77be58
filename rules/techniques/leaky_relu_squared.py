"""Leaky ReLU squared: the activation of the MLP is the square of a leaky ReLU.

## Recognised by
Live code that takes a leaky ReLU and a square in one function, or a kernel named so.

## Not to be confused with
ReLU squared without a leak, which the baseline has.
"""

from __future__ import annotations

import ast

from rules.analysis.live import Program, Sighting, Unit

NAME = "leaky-relu-squared"
TITLE = "Leaky ReLU squared"


def detect(program: Program) -> Sighting | None:
    """Where live code shows it, or None."""
    lines: dict[Unit, int] = {}
    for unit, call in program.calls.get("leaky_relu", ()):
        lines.setdefault(unit, call.line)
    for unit, line in lines.items():
        if unit.uses("square") or unit.uses("pow") or _squares(unit.scope.node):
            return unit.at(line)
    return program.made_any("leaky relu square", "leaky relu sq", "leaky relu2")


def _squares(function: ast.AST) -> bool:
    """`x ** 2` or `x * x`."""
    for node in ast.walk(function):
        if isinstance(node, ast.BinOp):
            if isinstance(node.op, ast.Pow) and isinstance(node.right, ast.Constant) and node.right.value == 2:
                return True
            sides = (node.left, node.right)
            names = [side.id for side in sides if isinstance(side, ast.Name)]
            if isinstance(node.op, ast.Mult) and len(names) == 2 and names[0] == names[1]:
                return True
    return False
