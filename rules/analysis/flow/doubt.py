"""What the program does where its switches are on, for submissions of which no log tells whether they were.

Without a log the script's defaults are all there is. Where the README claims test-time training and a default leaves it
off, the claim and the default cannot both hold, and a person has to ask which one did. A line that says that there is
none of it claims nothing.
"""

from __future__ import annotations

import re

from rules.analysis.flow.events import Trace
from rules.analysis.flow.protocol import Protocol, read_protocol
from rules.analysis.flow.walk import walked
from rules.analysis.headline import headlines_of
from rules.analysis.once import once
from rules.rule import Evidence, Location
from rules.submission import Submission

_TELLS = re.compile(r"\bTTT|test[- ]time[- ](?:training|adaptation)|fine-?tun\w+[^.\n]{0,60}\bval(?:idation)?\b", re.I)
_DENIES = re.compile(r"\b(?:no|not|without|disabl\w+|off|remov\w+|never|instead of)\b", re.I)
_NEAR = 40  # letters around a claim in which it is denied
_COUNTS = re.compile(r"\bn-?gram|\bcache[sd]?\b|two-?pass|rescor", re.I)


@once
def doubted(submission: Submission) -> tuple[Protocol, Evidence] | None:
    """The protocol with open switches, and the line that claims test-time training; None where nothing is in doubt."""
    found = _walked(submission, _TELLS)
    return None if found is None else (read_protocol(found[0]), found[1])


@once
def doubted_tables(submission: Submission) -> tuple[Trace, Evidence] | None:
    """The walk with open switches, and the line that claims a cache of n-grams; None where nothing is in doubt."""
    return _walked(submission, _COUNTS)


def _walked(submission: Submission, tells: re.Pattern[str]) -> tuple[Trace, Evidence] | None:
    if headlines_of(submission):
        return None
    told = _told(submission, tells)
    trace = walked(submission, doubt=True) if told is not None else None
    return None if trace is None or told is None else (trace, told)


def _told(submission: Submission, tells: re.Pattern[str]) -> Evidence | None:
    if submission.readme is None:
        return None
    for number, line in enumerate(submission.readme.text.split("\n"), 1):
        if any(not _is_denied(found, line) for found in tells.finditer(line)):
            return Evidence(Location(submission.readme.path, number), line.strip()[:300], "claim")
    return None


def _is_denied(found: re.Match[str], line: str) -> bool:
    """Whether the line says that there is none of it."""
    return _DENIES.search(line[max(0, found.start() - _NEAR) : found.end() + _NEAR]) is not None
