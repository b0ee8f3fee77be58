"""Residual mixing: each block starts from a learned mix of the running residual and the embedding of the first layer.

## Recognised by
A live parameter for the mix ("resid_mix", "x0_lambdas") and live code that reads the first embedding ("x0").

## Not to be confused with
U-Net skips, which join an early block to a late one; parallel residuals.
"""

from __future__ import annotations

import ast

from rules.analysis.live import Program, Sighting

NAME = "residual-mixing"
TITLE = "Residual mixing"

_MIXES = (
    ("mix", "resid"),
    ("mixes", "resid"),
    ("mix", "residual"),
    ("mix", "x0"),
    ("lambda", "x0"),
    ("lambdas", "x0"),
    ("mix0",),
)


def detect(program: Program) -> Sighting | None:
    """Where live code shows it, or None."""
    if "x0" not in program.names:
        return None
    for name in (name for words in _MIXES for name in program.named(*words)):
        for unit, bound in program.bindings.get(name, ()):
            if isinstance(bound.value, ast.Call):
                return unit.at(bound.line)
    return None
