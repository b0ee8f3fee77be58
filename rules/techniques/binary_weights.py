"""Binary weights: each weight is -1 or 1, times a scale for its group.

## Recognised by
Live layers or functions named binary or XNOR.

## Not to be confused with
Ternary weights, which may be 0; masks and search that are called binary.
"""

from __future__ import annotations

from rules.analysis.live import Program, Sighting

NAME = "binary-weights"
TITLE = "Binary weights"


def detect(program: Program) -> Sighting | None:
    """Where live code shows it, or None."""
    return program.made_any(
        "binary linear", "pack binary", "binary ste", "binarize", "xnor", "binary weight", "bit1 linear"
    )
