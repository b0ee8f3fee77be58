"""Logit softcap: logits are bounded smoothly by a scaled tanh.

## Recognised by
Live code that takes a tanh and reads a cap for logits.

## Not to be confused with
Soft caps on attention scores.
"""

from __future__ import annotations

from rules.analysis.live import Program, Sighting
from rules.analysis.words import words_of

NAME = "logit-softcap"
TITLE = "Logit softcap"


def detect(program: Program) -> Sighting | None:
    """Where live code shows it, or None."""
    for unit, call in program.calls.get("tanh", ()):
        if any({"softcap", "cap"} & set(words_of(name)) for name in (*unit.names, *unit.scope.args)):
            return unit.at(call.line)
    return None
