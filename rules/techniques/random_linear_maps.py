"""Adapters on random linear maps: matrices are drawn from a seed, never stored, and corrected by small adapters.

## Recognised by
A live class that draws a matrix with a seeded generator, keeps it as a buffer that is not saved, and has parameters of
its own.

## Not to be confused with
Random initialisation, which is trained over; random rotations for quantisation, which hold no weights.
"""

from __future__ import annotations

import ast

from rules.analysis.live import Program, Sighting, Unit

NAME = "random-linear-maps"
TITLE = "Adapters on random linear maps"


def detect(program: Program) -> Sighting | None:
    """Where live code shows it, or None."""
    for unit, call in program.calls.get("register_buffer", ()):
        saved = call.argument(2, "persistent")
        kept_back = isinstance(saved, ast.Constant) and saved.value is False
        if kept_back and unit.uses("Parameter") and _draws(program, unit.scope.class_name):
            return unit.at(call.line)
    return None


def _draws(program: Program, class_name: str) -> bool:
    """Whether a method of the class draws numbers with a generator that it seeds."""
    if not class_name:
        return False
    methods = (u for units in program.functions.values() for u in units if u.scope.class_name == class_name)
    return any(_seeded(unit) for unit in methods)


def _seeded(unit: Unit) -> bool:
    return unit.uses("Generator", "manual_seed") and bool({"randn", "orthogonal_"} & unit.names.keys())
