"""n-gram tilt: logits of tokens that an n-gram hints at are raised during evaluation.

## Recognised by
Live functions whose name says tilt.

## Not to be confused with
n-gram caches, which mix probabilities.
"""

from __future__ import annotations

from rules.analysis.live import Program, Sighting

NAME = "ngram-tilt"
TITLE = "n-gram tilt"


def detect(program: Program) -> Sighting | None:
    """Where live code shows it, or None."""
    return program.made_any("tilt", "ngram tilt", "token tilt")
