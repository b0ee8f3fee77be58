"""GPTQ with full Hessian: columns are quantised in turn, and the error of each is made up for by those still to come.

How much goes where is told by the inverse of the Hessian of the layer's inputs.

## Recognised by
A live function that takes a Cholesky factor or an inverse and reads names that say Hessian.

## Not to be confused with
GPTQ-lite, which searches a clipping range and needs no Hessian; ridge regression and preconditioners.
"""

from __future__ import annotations

from rules.analysis.live import Program, Sighting
from rules.analysis.words import words_of

NAME = "gptq-full-hessian"
TITLE = "GPTQ with full Hessian"

_HESSIAN = {"hessian", "hessians", "hinv", "gptq", "hdiag"}


def detect(program: Program) -> Sighting | None:
    """Where live code shows it, or None."""
    for name in ("cholesky", "cholesky_inverse", "cholesky_ex", "inv", "pinv"):
        for unit, call in program.calls.get(name, ()):
            if any(_is_hessian(known) for known in (*unit.names, *unit.scope.args, unit.scope.name)):
                return unit.at(call.line)
    return None


def _is_hessian(name: str) -> bool:
    words = set(words_of(name))
    return bool(words & _HESSIAN) or words == {"h", "inv"} or name == "H"
