"""State-space and linear-recurrent layers: Mamba, gated delta nets, S4 and their kin in place of attention.

## Recognised by
Live classes or calls named after them (mamba, ssm, delta net, selective scan, rwkv).

## Not to be confused with
Depth recurrence, which repeats layers and not time steps.
"""

from __future__ import annotations

from rules.analysis.live import Program, Sighting

NAME = "ssm"
TITLE = "State-space model"


def detect(program: Program) -> Sighting | None:
    """Where live code shows it, or None."""
    return program.made_any(
        "mamba",
        "mamba2",
        "mamba3",
        "ssm",
        "deltanet",
        "gated delta",
        "delta rule",
        "delta net",
        "selective scan",
        "s4",
        "s4d",
        "rwkv",
        "gla",
        "hymba",
        "resonance scan",
    )
