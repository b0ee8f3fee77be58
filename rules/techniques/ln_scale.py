"""Layer-norm scale: the output of each normalisation is divided by the square root of the layer's number.

## Recognised by
A live binding named for it whose value is not fixed to 1.

## Not to be confused with
Learned gains of a normalisation.
"""

from __future__ import annotations

import ast

from rules.analysis.live import Program, Sighting

NAME = "ln-scale"
TITLE = "Layer-norm scale by depth"


def detect(program: Program) -> Sighting | None:
    """Where live code shows it, or None."""
    for name in program.named("ln", "scale"):
        for unit, bound in program.bindings.get(name, ()):
            if isinstance(bound.value, (ast.BinOp, ast.IfExp)) and program.values(bound.value) not in ((1.0,), ()):
                return unit.at(bound.line)
    return None
