"""JEPA: a predictor is trained to predict latent representations instead of, or besides, tokens.

## Recognised by
Live classes, functions or modules whose name holds "jepa".

## Not to be confused with
Multi-token prediction, which predicts tokens.
"""

from __future__ import annotations

from rules.analysis.live import Program, Sighting

NAME = "jepa"
TITLE = "JEPA"


def detect(program: Program) -> Sighting | None:
    """Where live code shows it, or None."""
    return program.made_any("jepa", "bytejepa")
