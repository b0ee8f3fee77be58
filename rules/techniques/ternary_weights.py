"""Ternary weights: each weight is -1, 0 or 1, times a scale for its group.

## Recognised by
Live code that rounds and clamps to -1 and 1, or builds a layer named ternary.

## Not to be confused with
Binary weights; gradients that are clamped.
"""

from __future__ import annotations

from rules.analysis.live import Program, Sighting

NAME = "ternary-weights"
TITLE = "Ternary weights"


def detect(program: Program) -> Sighting | None:
    """Where live code shows it, or None."""
    for name in ("clamp", "clamp_", "clip"):
        for unit, call in program.calls.get(name, ()):
            bounds = [program.values(a) for a in call.node.args[-2:]]
            if bounds == [(-1,), (1,)] and unit.uses("round"):
                return unit.at(call.line)
    return program.made_any("ternary linear", "ternary", "bitnet", "pack ternary")
