"""GPTQ-lite: for each matrix the clipping percentile with the least squared error is chosen, without a Hessian.

## Recognised by
A live function that tries clipping percentiles and keeps the one with the best error. Where full GPTQ is live too, the
search is what it falls back on, and does not count.

## Not to be confused with
GPTQ with full Hessian; clipping at one fixed percentile.
"""

from __future__ import annotations

from rules.analysis.live import Program, Sighting, Unit
from rules.analysis.words import words_of

NAME = "gptq-lite"
TITLE = "GPTQ-lite"

_CLIPS = {"quantile", "kthvalue"}


def detect(program: Program) -> Sighting | None:
    """Where live code shows it, or None."""
    if "cholesky" in program.calls or "cholesky_inverse" in program.calls:
        return None
    return next((unit.at() for units in program.functions.values() for unit in units if _searches(unit)), None)


def _searches(unit: Unit) -> bool:
    """Whether it quantises, clips by percentile or share, and keeps the best of several errors."""
    bound = {bound.name for bound in unit.bindings}
    best = any("best" in words_of(name) for name in bound)
    percentiles = any({"pct", "percentile", "percentiles", "pcts", "clip", "ratio"} & set(words_of(n)) for n in bound)
    return best and percentiles and unit.uses("round") and bool(_CLIPS & unit.names.keys() or unit.uses("amax"))
