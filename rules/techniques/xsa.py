"""XSA, exclusive self-attention: what attention returns loses its projection on the token's own value vector.

## Recognised by
A live function named so, or one that normalises the values and subtracts a projection on them. A setting that gives 0
layers turns it off.

## Not to be confused with
Sliding-window attention; cross attention.
"""

from __future__ import annotations

import ast

from rules.analysis.live import Program, Sighting
from rules.analysis.words import words_of

NAME = "xsa"
TITLE = "XSA"


def detect(program: Program) -> Sighting | None:
    """Where live code shows it, or None."""
    off = program.configuration.is_off("xsa_last_n", "use_xsa", "xsa_enabled", "xsa")
    if off and not program.configuration.is_on("xsa_last_n", "xsa_layers"):
        return None
    found = program.made("xsa")
    if found is None:
        for unit, call in program.calls.get("normalize", ()):
            if _projects_out(unit.scope.node, call.node):
                found = unit.at(call.line)
    return None if found is None else Sighting(found.source, found.line, _layers(program))


def _layers(program: Program) -> str:
    """In how many layers, as far as it is known."""
    number = program.configuration.number("xsa_last_n")
    return f"last {number:g} layers" if number is not None and number > 0 else ""


def _projects_out(function: ast.AST, normalized: ast.Call) -> bool:
    """Whether values are normalised and a product with them is subtracted."""
    first = normalized.args[0] if normalized.args else None
    if not (isinstance(first, ast.Name) and words_of(first.id)[:1] == ("v",)):
        return False
    derived: set[str] = set()
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            inside = list(ast.walk(node.value))
            if normalized in inside or any(isinstance(n, ast.Name) and n.id in derived for n in inside):
                derived.add(node.targets[0].id)
    return any(
        isinstance(node, ast.BinOp)
        and isinstance(node.op, ast.Sub)
        and any(isinstance(n, ast.Name) and n.id in derived for n in ast.walk(node.right))
        for node in ast.walk(function)
    )
