"""Per-document LoRA test-time training: adapters of low rank are trained on each document anew while it is evaluated.

## Recognised by
A live function that evaluates and trains, and that names LoRA adapters as well as documents.

## Not to be confused with
Test-time training of all weights; LoRA adapters that are trained before evaluation and shipped.
"""

from __future__ import annotations

from rules.analysis.adaptation import adaptations
from rules.analysis.live import Program, Sighting

NAME = "per-document-lora-ttt"
TITLE = "Per-document LoRA test-time training"


def detect(program: Program) -> Sighting | None:
    """Where live code shows it, or None."""
    for adaptation in adaptations(program):
        if adaptation.mentions("lora", "loras") and adaptation.mentions("doc", "docs", "document", "documents", "bos"):
            return adaptation.unit.at()
    return None
