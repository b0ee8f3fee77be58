"""Residual mixing: each block starts from a learned mix of the running residual and the embedding of the first layer.

## Recognised by
A live parameter for the mix ("resid_mix", "x0_lambdas") and live code that reads the first embedding ("x0").

## Not to be confused with
U-Net skips, which join an early block to a late one; parallel residuals.
"""

from __future__ import annotations

import ast

from rules.analysis.live import Program, Sighting
from rules.analysis.words import words_of

NAME = "residual-mixing"
TITLE = "Residual mixing"

_MIXES = (
    {"resid", "mix"},
    {"residual", "mix"},
    {"x0", "lambda"},
    {"x0", "lambdas"},
    {"x0", "mix"},
    {"mix0"},
    {"resid", "mixes"},
)


def detect(program: Program) -> Sighting | None:
    """Where live code shows it, or None."""
    for name, bindings in program.bindings.items():
        words = set(words_of(name))
        if any(wanted <= words for wanted in _MIXES):
            for unit, bound in bindings:
                if isinstance(bound.value, ast.Call) and "x0" in program.names:
                    return unit.at(bound.line)
    return None
