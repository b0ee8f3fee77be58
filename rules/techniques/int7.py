"""int7 weights: (some) matrices are stored with 7 bits for each weight.

## Recognised by
Live code that clamps rounded weights to 63 levels on each side, a setting for the bits of weights that says 7,
or, where no number is found, names that say so.

## Not to be confused with
The container: weights of fewer bits are often stored in bytes and left to the compressor; activations and caches of
fewer bits.
"""

from __future__ import annotations

from rules.analysis.levels import stored_bits
from rules.analysis.live import Program, Sighting

NAME = "int7-weights"
TITLE = "int7 weights"


def detect(program: Program) -> Sighting | None:
    """Where live code shows it, or None."""
    return stored_bits(program).get(7)
