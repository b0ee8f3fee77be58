"""Value residual: the values of attention are mixed with those of the first layer.

## Recognised by
A live assignment that mixes the values with a name for the first ones ("v0", "v1", "v_first").

## Not to be confused with
Value embeddings, which come from a table.
"""

from __future__ import annotations

import ast

from rules.analysis.live import Program, Sighting
from rules.analysis.words import words_of

NAME = "value-residual"
TITLE = "Value residual"

_FIRST = {"v0", "v1", "first", "vfirst"}


def detect(program: Program) -> Sighting | None:
    """Where live code shows it, or None."""
    for name in ("v", "value", "values"):
        for unit, bound in program.bindings.get(name, ()):
            if isinstance(bound.value, ast.BinOp) and unit.scope.class_name:
                names = {n.id for n in ast.walk(bound.value) if isinstance(n, ast.Name)}
                if name in names and any(set(words_of(n)) & _FIRST and n != name for n in names):
                    return unit.at(bound.line)
    return program.made_any("vr lambda", "value residual", "v residual")
