"""SmearGate: a learned gate mixes each token's embedding with that of the token before it.

## Recognised by
Live code that builds or calls something whose name holds "smear".

## Not to be confused with
BigramHash, which looks a hash of two token ids up in a table.
"""

from __future__ import annotations

from rules.analysis.live import Program, Sighting

NAME = "smeargate"
TITLE = "SmearGate"


def detect(program: Program) -> Sighting | None:
    """Where live code shows it, or None."""
    return program.made_any("smear", "smeargate")
