"""SmearGate: a learned gate mixes each token's embedding with that of the token before it.

## How it is recognised
A live class or function whose name says smear, or a live parameter that does.

## Not to be confused with
BigramHash, which looks a hash of two token ids up in a table.
"""

from __future__ import annotations

from rules.analysis.live import Program, Sighting

NAME = "smeargate"
TITLE = "SmearGate"


def detect(program: Program) -> Sighting | None:
    """Look for smear among what live code names."""
    for name, (unit, line) in program.names.items():
        if "smear" in name.lower():
            return unit.at(line)
    return None
