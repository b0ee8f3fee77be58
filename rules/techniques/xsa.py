"""XSA, exclusive self-attention: what attention returns loses its projection on the token's own value vector.

## Recognised by
A live function named so, or one that normalises the values and subtracts a projection on them. A setting that gives 0
layers turns it off.

## Not to be confused with
Sliding-window attention; cross attention.
"""

from __future__ import annotations

import ast

from rules.analysis.expressions import walk
from rules.analysis.live import Program, Sighting, Unit
from rules.analysis.words import words_of

NAME = "xsa"
TITLE = "XSA"


def detect(program: Program) -> Sighting | None:
    """Where live code shows it, or None."""
    off = program.configuration.is_off("xsa_last_n", "use_xsa", "xsa_enabled", "xsa")
    if off and not program.configuration.is_on("xsa_last_n", "xsa_layers"):
        return None
    found = program.made("xsa") or _by_structure(program)
    return None if found is None else Sighting(found.source, found.line, _layers(program))


def _layers(program: Program) -> str:
    """In how many layers, as far as it is known."""
    number = program.configuration.number("xsa_last_n")
    return f"last {number:g} layers" if number is not None and number > 0 else ""


def _by_structure(program: Program) -> Sighting | None:
    """`y - (y * unit).sum(…) * unit`, where `unit` is `normalize(v)`."""
    lines: dict[Unit, int] = {}
    for unit, call in program.calls.get("normalize", ()):
        first = call.argument(0)
        if isinstance(first, ast.Name) and words_of(first.id)[:1] == ("v",):
            lines.setdefault(unit, call.line)
    return next((unit.at(line) for unit, line in lines.items() if _projects_out(unit)), None)


def _projects_out(unit: Unit) -> bool:
    """Whether something made from normalised values is subtracted."""
    derived: set[str] = set()
    for bound in sorted((b for b in unit.bindings if b.value is not None and b.how == "name"), key=lambda b: b.line):
        names = {n.id for n in ast.walk(bound.value or ast.Pass()) if isinstance(n, ast.Name)}
        if _normalizes(bound.value) or names & derived:
            derived.add(bound.name)
    differences = (n for n in walk(unit.scope.node) if isinstance(n, ast.BinOp) and isinstance(n.op, ast.Sub))
    return any(isinstance(n, ast.Name) and n.id in derived for n in walk(*(d.right for d in differences)))


def _normalizes(value: ast.expr | None) -> bool:
    """Whether a value is, perhaps reshaped, `normalize(v)`."""
    while isinstance(value, ast.Call | ast.Attribute | ast.Subscript):
        if isinstance(value, ast.Call):
            func = value.func
            if (func.attr if isinstance(func, ast.Attribute) else getattr(func, "id", "")) == "normalize":
                return bool(value.args) and isinstance(value.args[0], ast.Name) and value.args[0].id[:1] == "v"
            value = func
        else:
            value = value.value
    return False
