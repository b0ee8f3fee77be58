"""Parallel residuals: attention and MLP read the same input, or two lanes of residuals, instead of one after the other.

## Recognised by
Live code for a second lane ("lane1"), something built or called whose name says parallel residual or parallel block,
or one live sum that holds the outputs of both attention and MLP.

## Not to be confused with
Data or tensor parallelism; U-Net skips.
"""

from __future__ import annotations

import ast

from rules.analysis.live import Program, Sighting, Unit
from rules.analysis.words import words_of

NAME = "parallel-residuals"
TITLE = "Parallel residuals"

_SWITCHES = ("parallel_residual_start", "parallel_residual", "parallel_residuals")


def detect(program: Program) -> Sighting | None:
    """Where live code shows it, or None."""
    if program.configuration.is_off(*_SWITCHES):
        return None
    found = program.made_any("parallel block", "parallel resid", "parallel residual", "parallel residuals")
    if found is not None:
        return found
    for name in ("lane1", "lane_mlp", "x_mlp_lane"):
        if name in program.bindings:
            unit, bound = program.bindings[name][0]
            return unit.at(bound.line)
    for unit in program.functions.get("forward", ()):
        line = _one_sum(unit)
        if line is not None:
            return unit.at(line)
    return None


def _one_sum(unit: Unit) -> int | None:
    """`x + attn_out + mlp_out`, where neither was made from the other."""
    attention, mlp = _results(unit, "attn"), _results(unit, "mlp")
    for bound in unit.bindings:
        if isinstance(bound.value, ast.BinOp) and isinstance(bound.value.op, ast.Add):
            names = {n.id for n in ast.walk(bound.value) if isinstance(n, ast.Name)}
            if names & attention and names & mlp:
                return bound.line
    return None


def _results(unit: Unit, word: str) -> set[str]:
    """Names that receive what `self.attn(…)` or `self.mlp(…)` returns."""
    found = set()
    for bound in unit.bindings:
        if bound.value is not None and bound.how == "name" and word in words_of(bound.name):
            calls = (n.func for n in ast.walk(bound.value) if isinstance(n, ast.Call))
            if any(isinstance(f, ast.Attribute) and word in words_of(f.attr) for f in calls):
                found.add(bound.name)
    return found
