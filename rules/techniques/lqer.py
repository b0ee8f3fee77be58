"""LQER: a low-rank correction of the error that quantisation makes is stored beside the quantised weights.

## Recognised by
Live functions whose name holds "lqer".

## Not to be confused with
LoRA adapters trained at test time.
"""

from __future__ import annotations

from rules.analysis.live import Program, Sighting

NAME = "lqer"
TITLE = "LQER"


def detect(program: Program) -> Sighting | None:
    """Where live code shows it, or None."""
    return program.made_any("lqer")
