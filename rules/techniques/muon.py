"""Muon: momentum updates of matrices are made orthogonal by a few Newton-Schulz steps.

## Recognised by
Live classes or functions named Muon, Newton-Schulz, zeropower or Polar Express.

## Not to be confused with
Spectral normalisation; orthogonal initialisation.
"""

from __future__ import annotations

from rules.analysis.live import Program, Sighting

NAME = "muon"
TITLE = "Muon"

_NAMES = ("muon", "normuon", "zeropower", "newtonschulz5", "newton schulz", "newtonschulz", "polar express", "ns5")


def detect(program: Program) -> Sighting | None:
    """Where live code shows it, or None."""
    return program.made_any(*_NAMES)
