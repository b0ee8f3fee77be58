"""What a submission uses, read off its code: one small detector per file of this folder, found by listing it.

A detector is a module with `NAME` (as in reports: "partial-rope"), `TITLE`, a docstring (what the technique is, how
its code is recognised, what it must not be confused with) and `detect(program)`, which returns where the technique is
seen, or None. Detectors read live code alone: `rules.analysis.live` leaves out what the settings turn off.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import import_module

from rules.analysis.live import Program, Sighting, program_of
from rules.rule import Location
from rules.submission import Submission

Detect = Callable[[Program], Sighting | None]


@dataclass(frozen=True, slots=True)
class Technique:
    """One technique that a submission uses, where it is seen first, and what more is known ("last 4 layers")."""

    name: str
    title: str
    location: Location | None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Detector:
    """A technique that can be recognised. `doc` is its page."""

    name: str
    title: str
    doc: str
    detect: Detect


@cache
def detectors() -> tuple[Detector, ...]:
    """All detectors in alphabetical order of their names."""
    modules = [import_module(f"{__name__}.{info.name}") for info in pkgutil.iter_modules(__path__)]
    found = [Detector(m.NAME, m.TITLE, m.__doc__ or "", m.detect) for m in modules]
    return tuple(sorted(found, key=lambda detector: detector.name))


def techniques_of(submission: Submission) -> tuple[Technique, ...]:
    """The techniques of a submission in alphabetical order; none where no entry could be read."""
    program = program_of(submission)
    found = []
    for detector in detectors():
        sighting = detector.detect(program)
        if sighting is not None:
            found.append(Technique(detector.name, detector.title, sighting.location, sighting.detail))
    return tuple(found)
