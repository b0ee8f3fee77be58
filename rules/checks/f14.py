"""The score is better than anything that has held so far.

## Why it matters
No proof of a fault, but the cheapest hint there is: accepted methods moved the record in small steps, and scores that
leapt came from leaks far more often than from ideas.

## Flagged
    0.41 bits per byte, below the floor that no accepted method reached
    a gain over the record of the day that is larger than any accepted one

## Allowed
A new idea that holds: a person looks at it with this in mind.
"""

from __future__ import annotations

from collections.abc import Iterator

from rules.analysis.claims import headline, headline_claim, stated
from rules.competition import Competition
from rules.rule import Evidence, Finding, Location, Rule, Severity
from rules.submission import Submission

RULE = Rule(code="F14", name="suspicious-score", category="suspicious-score", severity=Severity.REVIEW, doc=__doc__)


def check(submission: Submission, competition: Competition) -> Iterator[Finding]:
    """Yield at most one finding: below the floor, or a leap over the record of the day."""
    found = _score(submission)
    if found is None:
        return
    value, how, location, evidence = found
    floor, created = competition.scores.suspicious_below, submission.pull_request.created_at
    if value < floor:
        yield RULE.at(
            location,
            f"{value:.4f} {competition.metric.unit} ({how}) lies below {floor}, which no accepted submission reached.",
            fix="Show in the README why each token's probability is fixed before the token is known, and sums to one.",
            evidence=evidence,
        )
    elif created is not None:
        best = competition.incumbent(created.date()).score
        if best - value > competition.scores.largest_step:
            yield RULE.at(
                location,
                f"{value:.4f} ({how}) is {best - value:.4f} below the record of its day ({best:.4f}); the largest "
                f"accepted step is {competition.scores.largest_step}.",
                fix="Show in the README where the gain comes from, with an ablation.",
                severity=Severity.NOTE,
                evidence=evidence,
            )


def _score(submission: Submission) -> tuple[float, str, Location, tuple[Evidence, ...]] | None:
    """The measured score, else the claimed one."""
    shown = headline(submission)
    if shown is not None:
        lines = tuple(line.evidence for line in shown.lines[:3])
        return shown.value, f"measured, {shown.where}", shown.lines[0].score.location, lines
    claim = headline_claim(submission)
    if claim is not None:
        return claim.value, "claimed, no log shows it", claim.location, (stated(submission, claim),)
    return None
