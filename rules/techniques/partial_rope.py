"""Partial RoPE: only a part of each head's dimensions is rotated by position; the rest is left alone.

## Recognised by
Live code that cuts a tensor at a name for the rotated dimensions, or a function named partial rotary.

## Not to be confused with
The two halves that rotation itself works on; YaRN and other scalings of frequencies.
"""

from __future__ import annotations

import ast

from rules.analysis.live import Program, Sighting
from rules.analysis.words import words_of

NAME = "partial-rope"
TITLE = "Partial RoPE"


def detect(program: Program) -> Sighting | None:
    """Where live code shows it, or None."""
    for units in program.functions.values():
        for unit in units:
            for bound in unit.bindings:
                if isinstance(bound.value, ast.Subscript) and _cut_at_rope(bound.value.slice):
                    return unit.at(bound.line)
    return program.made_any("partial rotary", "partial rope", "rope partial", "rotary partial")


def _cut_at_rope(cut: ast.expr) -> bool:
    """`x[..., :rope_dims]`."""
    last = cut.elts[-1] if isinstance(cut, ast.Tuple) and cut.elts else cut
    bounds = (last.lower, last.upper) if isinstance(last, ast.Slice) else ()
    names = [b.id if isinstance(b, ast.Name) else b.attr if isinstance(b, ast.Attribute) else "" for b in bounds]
    return any({"rope", "rotary", "rd"} & set(words_of(name)) for name in names)
