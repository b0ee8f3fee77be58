"""Quantisation-aware training: weights are rounded in the forward pass of training; gradients pass straight through.

## Recognised by
Live code that rounds and adds the detached difference to the weight, or defines a straight-through function.

## Not to be confused with
Quantisation after training; straight-through estimators for routing or chunking.
"""

from __future__ import annotations

import ast

from rules.analysis.live import Program, Sighting, Unit
from rules.analysis.words import words_of

NAME = "qat"
TITLE = "Quantisation-aware training"


def detect(program: Program) -> Sighting | None:
    """Where live code shows it, or None."""
    lines: dict[Unit, int] = {}
    for unit, call in program.calls.get("detach", ()):
        func = call.node.func
        inner = func.value if isinstance(func, ast.Attribute) else None
        if isinstance(inner, ast.BinOp) and isinstance(inner.op, ast.Sub):
            lines.setdefault(unit, call.line)
    for unit, line in lines.items():
        if _rounds(unit):
            return unit.at(line)
    return program.made_any("fake quantize", "fake quant", "quantize ste", "ste quantize", "qat linear", "quant ste")


def _rounds(unit: Unit) -> bool:
    """Whether it rounds itself or calls something that quantises."""
    if {"round", "round_", "sign", "clamp"} & unit.names.keys():
        return True
    return any(
        {"quant", "quantize", "int6", "int5", "int8", "round", "ste", "fake"} & set(words_of(n)) for n in unit.names
    )
