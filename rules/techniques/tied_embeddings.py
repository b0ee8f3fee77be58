"""Tied embeddings: one table serves as input embedding and as output layer.

## Recognised by
Live code that applies the weight of an embedding as a linear layer.

## Not to be confused with
An output layer of its own that starts as a copy.
"""

from __future__ import annotations

from rules.analysis.expressions import dotted
from rules.analysis.live import Program, Sighting
from rules.analysis.words import words_of

NAME = "tied-embeddings"
TITLE = "Tied embeddings"

_EMBEDDINGS = {"emb", "embed", "embedding", "wte", "embeddings"}


def detect(program: Program) -> Sighting | None:
    """Where live code shows it, or None."""
    for unit, call in program.calls.get("linear", ()):
        weight = call.argument(1, "weight")
        if weight is not None and _EMBEDDINGS & set(words_of(dotted(weight))):
            return unit.at(call.line)
    return None
