"""A part of the program that bears on the score could not be followed.

## Why it matters
Fairway reads Python and follows what a program does with the validation tokens. What runs elsewhere may be as it
should be, but nobody has looked: no finding there means nothing.

## Flagged
    lib = ctypes.CDLL("libhints.so")
    lib.hints_for(val_tokens.ctypes.data, hints.ctypes.data)

C and CUDA code that is given validation tokens or losses, text that is run as a program, a program that is too large
to be walked through to its end, a program in which no evaluation was recognised. Where the program plainly has none,
or imports it from a file that is not in the folder, the author can mend it.

## Allowed
Packed launchers that could be unpacked, modules made of text that the script carries, kernels for layers and
optimisers, `torch.compile`, commands that install packages or compress files. Outside the tracks on which records are
claimed, an evaluation of another kind than ours is only noted.
"""

from __future__ import annotations

from collections.abc import Iterator

from rules.analysis.flow.unfollowed import Unfollowed, unfollowed_of
from rules.analysis.flow.unscored import Why
from rules.competition import Competition
from rules.rule import Finding, Rule, Severity
from rules.submission import Submission

RULE = Rule(code="R04", name="not-followed", category="unreadable", severity=Severity.REVIEW, doc=__doc__)

_REST = {
    Severity.REVIEW: " What it does to the score is for a person to see.",
    Severity.INCOMPLETE: " The score cannot be computed from what is in the folder.",
    Severity.NOTE: "",
}


def check(submission: Submission, competition: Competition) -> Iterator[Finding]:
    """Yield one finding for the places that weigh, or for why no evaluation was recognised."""
    weighty = [one for one in unfollowed_of(submission) if one.weighs]
    if not weighty:
        return
    script = submission.script
    places = tuple(one.event.evidence("not followed") for one in weighty if one.event is not None)
    severity = RULE.severity
    if all(one.why is not None for one in weighty):
        severity = min((_severity(one.why, submission, competition) for one in weighty), key=lambda one: one.rank)
    yield RULE.at(
        places[0].location if places else script.locate(None) if script is not None else None,
        f"Not followed here: {'; '.join(one.what for one in weighty)}.{_REST[severity]}",
        fix=_fix(weighty[0]),
        severity=severity,
        evidence=places,
    )


def _severity(why: Why | None, submission: Submission, competition: Competition) -> Severity:
    """The author can add what is missing; a person looks at an evaluation that was not understood, of a record."""
    if why in (Why.NOWHERE, Why.ELSEWHERE):
        return Severity.INCOMPLETE
    track = competition.track(submission.scope.track) if submission.scope.track else None
    return RULE.severity if track is not None and track.record else Severity.NOTE


def _fix(first: Unfollowed) -> str:
    if first.event is not None:
        return "Say in the README what this part does with the validation tokens, or write it in Python."
    if first.why in (Why.NOWHERE, Why.ELSEWHERE):
        return "Add to the folder all that the script needs to compute the score that is claimed."
    return "Make the program smaller, or its evaluation plain."
