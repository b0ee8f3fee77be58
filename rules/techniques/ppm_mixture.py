"""PPM mixture: prediction by partial matching, on bytes or tokens, is mixed with the model during evaluation.

## Recognised by
Live classes or functions whose name holds "ppm".

## Not to be confused with
n-gram caches over tokens.
"""

from __future__ import annotations

from rules.analysis.live import Program, Sighting

NAME = "ppm-mixture"
TITLE = "PPM mixture"


def detect(program: Program) -> Sighting | None:
    """Where live code shows it, or None."""
    return program.made_any("ppm", "ppmd")
