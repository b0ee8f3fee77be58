"""Grouped-query attention: several query heads share one head of keys and values.

## Recognised by
Fewer heads for keys and values than for queries, by the settings, and live code that reads both.

## Not to be confused with
Multi-query attention with one shared head is counted as well.
"""

from __future__ import annotations

from rules.analysis.live import Program, Sighting

NAME = "gqa"
TITLE = "Grouped-query attention"


def detect(program: Program) -> Sighting | None:
    """Where live code shows it, or None."""
    heads, shared = (program.configuration.number(name) for name in ("num_heads", "num_kv_heads"))
    if heads is None or shared is None or not 0 < shared < heads:
        return None
    place = program.names.get("num_kv_heads")
    return None if place is None else place[0].at(place[1], f"{heads:g} heads, {shared:g} for keys and values")
