"""A part of the program that bears on the score could not be followed.

## Why it matters
Fairway reads Python and follows what a program does with the validation tokens. What runs elsewhere may be as it
should be, but nobody has looked: no finding there means nothing.

## Flagged
    lib = ctypes.CDLL("libhints.so")
    lib.hints_for(val_tokens.ctypes.data, hints.ctypes.data)

C and CUDA code that is given validation tokens or losses, text that is run as a program, a program that is too large
to be walked through to its end, a program in which no evaluation was recognised.

## Allowed
Packed launchers that could be unpacked, kernels for layers and optimisers, `torch.compile`, commands that install
packages or compress files.
"""

from __future__ import annotations

from collections.abc import Iterator

from rules.analysis.flow.unfollowed import unfollowed_of
from rules.competition import Competition
from rules.rule import Finding, Rule, Severity
from rules.submission import Submission

RULE = Rule(code="R04", name="not-followed", category="unreadable", severity=Severity.REVIEW, doc=__doc__)


def check(submission: Submission, _: Competition) -> Iterator[Finding]:
    """Yield one finding for the places that weigh."""
    weighty = [one for one in unfollowed_of(submission) if one.weighs]
    if not weighty:
        return
    first = weighty[0]
    script = submission.script
    places = tuple(one.event.evidence("not followed") for one in weighty if one.event is not None)
    yield RULE.at(
        places[0].location if places else script.locate(None) if script is not None else None,
        f"Not followed here: {'; '.join(one.what for one in weighty)}. What it does to the score is for a person to "
        "see.",
        fix="Say in the README what this part does with the validation tokens, or write it in Python."
        if first.event is not None
        else "Make the program smaller, or its evaluation plain.",
        evidence=places,
    )
