"""Self-generated calibration: the data that GPTQ is calibrated on is sampled from the model itself.

## Recognised by
A live function that samples tokens from the model, and whose name, or that of what it feeds, says calibration.

## Not to be confused with
Calibration on training or validation tokens; samples that are printed for a person.
"""

from __future__ import annotations

from rules.analysis.live import Program, Sighting
from rules.analysis.words import words_of

NAME = "self-generated-calibration"
TITLE = "Self-generated calibration"

_NAMES = (
    "generate calib",
    "generate calibration",
    "gen calib",
    "ar calib",
    "self generate",
    "calibrate selfgen",
    "selfgen",
)
_CALIBRATES = {"calib", "calibration", "calibrate", "hessian", "hessians", "gptq"}


def detect(program: Program) -> Sighting | None:
    """Where live code shows it, or None."""
    named = program.made_any(*_NAMES)
    if named is not None:
        return named
    for unit, call in program.calls.get("multinomial", ()):
        words = set(words_of(unit.scope.name))
        if words & _CALIBRATES:
            return unit.at(call.line)
    return None
