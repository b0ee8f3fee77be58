"""U-Net skips: the outputs of the first half of the blocks are added, with learned weights, before those of the second.

## Recognised by
A live forward pass that takes states off a list of skips and reads skip weights.

## Not to be confused with
Residual mixing with the first embedding.
"""

from __future__ import annotations

import ast

from rules.analysis.expressions import dotted
from rules.analysis.live import Program, Sighting
from rules.analysis.words import words_of

NAME = "unet-skips"
TITLE = "U-Net skips"


def detect(program: Program) -> Sighting | None:
    """Where live code shows it, or None."""
    for unit, call in program.calls.get("pop", ()):
        func = call.node.func
        if (
            isinstance(func, ast.Attribute)
            and {"skip", "skips"} & set(words_of(dotted(func.value)))
            and unit.scope.class_name
        ):
            return unit.at(call.line)
    return None
