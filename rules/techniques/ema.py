"""EMA: an exponential moving average of the weights is kept during training and evaluated instead of the last ones.

## Recognised by
Live code that keeps a state named EMA or shadow and updates it with the decay, or builds a class named EMA.

## Not to be confused with
Moving averages of a loss or of statistics; target encoders of JEPA; SWA, a plain average.
"""

from __future__ import annotations

import ast

from rules.analysis.live import Program, Sighting
from rules.analysis.words import words_of

NAME = "ema"
TITLE = "EMA of weights"

_AVERAGES = ("ema", "shadow")
_OTHER = {"ttt", "jepa", "target", "loss", "teacher", "grad"}
_STATES = {"state", "sd", "model", "params", "weights", "shadow", "pairs", "dict", "avg", "states", "buf", "tensors"}


def detect(program: Program) -> Sighting | None:
    """Where live code shows it, or None."""
    if program.configuration.is_off("ema_enabled", "use_ema", "ema"):
        return None
    names = [name for word in _AVERAGES for name in program.named(word) if not _OTHER & set(words_of(name))]
    for name in names:
        if _STATES & set(words_of(name)):
            for unit, bound in program.bindings.get(name, ()):
                if bound.value is not None and not isinstance(bound.value, ast.Constant) and bound.how != "keyword":
                    return unit.at(bound.line)
    return next((program.classes[name][0].at() for name in names if name in program.classes), None)
