"""Attention output gate: what attention returns is multiplied by a gate that is computed from the input.

## Recognised by
Live code that builds a gate whose name says attention.

## Not to be confused with
Query gain, a constant for each head; SmearGate.
"""

from __future__ import annotations

from rules.analysis.live import Program, Sighting

NAME = "attention-gate"
TITLE = "Attention output gate"


def detect(program: Program) -> Sighting | None:
    """Where live code shows it, or None."""
    return program.made_any(
        "attn gate", "attention gate", "gate attn", "attn out gate", "gated attn", "gated attention"
    )
