"""Weight decay in Muon: the matrices that Muon updates shrink by a constant share of the learning rate at each step.

## Recognised by
Muon is built with a weight decay that may be other than 0; or a live setting of Muon's weight decay is not 0; or the
training loop multiplies parameters by one minus a share of Muon's learning rate.

## Not to be confused with
Weight decay of Adam for embeddings and scalars.
"""

from __future__ import annotations

import ast

from rules.analysis.live import Program, Sighting
from rules.analysis.words import words_of

NAME = "muon-weight-decay"
TITLE = "Weight decay in Muon"

_KEYWORDS = {"weight_decay", "wd"}


def detect(program: Program) -> Sighting | None:
    """Where live code shows it, or None."""
    for unit, call in (pair for name in program.named("muon") for pair in program.calls.get(name, ())):
        given = next((k.value for k in call.node.keywords if k.arg in _KEYWORDS), None)
        if given is not None and program.may_be_on(given):
            return unit.at(call.line)
    for name, (unit, line) in program.names.items():
        words = set(words_of(name))
        if "muon" in words and ("wd" in words or "decay" in words) and program.configuration.is_on(name):
            return unit.at(line)
    return _shrinks(program)


def _shrinks(program: Program) -> Sighting | None:
    """`p.mul_(1.0 - 0.02 * optimizer_muon.param_groups[0]["lr"])`."""
    for unit, call in program.calls.get("mul_", ()):
        factor = call.argument(0)
        if isinstance(factor, ast.BinOp) and isinstance(factor.op, ast.Sub):
            names = {n.id for n in ast.walk(factor.right) if isinstance(n, ast.Name)}
            if any("muon" in words_of(name) for name in names):
                return unit.at(call.line)
    return None
