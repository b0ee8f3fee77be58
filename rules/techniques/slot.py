"""SLOT: a small vector is optimised for each sample at test time and added to the hidden state or the logits.

## Recognised by
Live functions that evaluate and whose name holds "slot".

## Not to be confused with
Test-time training, which changes weights; slots of a batch.
"""

from __future__ import annotations

from rules.analysis.live import Program, Sighting

NAME = "slot"
TITLE = "SLOT"


def detect(program: Program) -> Sighting | None:
    """Where live code shows it, or None."""
    return program.made_any(
        "eval slot",
        "slot eval",
        "sliding slot",
        "slot optimize",
        "slot delta",
        "slot optimizer",
        "slot adapt",
        "slot loss",
    )
