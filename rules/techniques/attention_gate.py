"""Attention output gate: what attention returns is multiplied by a gate that is computed from the input.

## Recognised by
Live code that calls a gate whose name says attention, or a weight for one.

## Not to be confused with
A learned constant for each dimension or head, which does not depend on the input; SmearGate.
"""

from __future__ import annotations

import ast

from rules.analysis.live import Program, Sighting
from rules.analysis.words import words_of

NAME = "attention-gate"
TITLE = "Attention output gate"

_WEIGHTS = {"w", "weight", "proj"}


def detect(program: Program) -> Sighting | None:
    """Where live code shows it, or None."""
    names = [name for name in program.named("gate") if _is_gate(name)]
    for name in names:
        for unit, call in program.calls.get(name, ())[:1]:
            if call.node.args:
                return unit.at(call.line)
    for name in (name for name in names if _WEIGHTS & set(words_of(name))):
        for unit, bound in program.bindings.get(name, ()):
            if isinstance(bound.value, ast.Call) and bound.how == "attribute":
                return unit.at(bound.line)
    return None


def _is_gate(name: str) -> bool:
    """Whether a name that says gate says attention, and speaks of neither bits nor settings."""
    words = set(words_of(name))
    return bool(words & {"attn", "attention"}) and not words & {"quantize", "quant", "init", "log"}
