"""The score is better than anything that has held so far.

## Why it matters
No proof of a fault, but the cheapest hint there is: accepted methods moved the record in small steps, and scores that
leapt came from leaks far more often than from ideas.

## Flagged
    0.41 bits per byte, below the floor that no accepted method reached
    a gain over the record of the day that is larger than any accepted one
    runs of one configuration that deviate more than twice as much as seeds usually do

## Allowed
A new idea that holds: a person looks at it with this in mind.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rules.analysis.claims import headline, headline_claim, stated
from rules.competition import Competition
from rules.rule import Evidence, Finding, Location, Rule, Severity
from rules.statistics import WIDE
from rules.submission import Submission

RULE = Rule(code="F14", name="suspicious-score", category="suspicious-score", severity=Severity.REVIEW, doc=__doc__)

_AGREES = 0.05  # bits per byte: further apart, claim and log line do not speak of the same score


def check(submission: Submission, competition: Competition) -> Iterator[Finding]:
    """Yield at most one finding: below the floor, a leap over the record of the day, or runs that lie far apart."""
    found = _on_score(submission, competition) or _far_apart(submission, competition)
    if found is not None:
        yield found


def _on_score(submission: Submission, competition: Competition) -> Finding | None:
    """The score is too good by itself, or beside the record of the day."""
    found = _score(submission)
    if found is None:
        return None
    floor, created = competition.scores.suspicious_below, submission.pull_request.created_at
    if found.value < floor:
        return RULE.at(
            found.location,
            f"{found.value:.4f} {competition.metric.unit} ({found.how}) lies below {floor}, which no accepted "
            "submission reached.",
            fix="Show in the README why each token's probability is fixed before the token is known, and sums to one.",
            severity=Severity.REVIEW if found.certain else Severity.NOTE,
            evidence=found.evidence,
        )
    if created is not None:
        best = competition.incumbent(created.date()).score
        if best - found.value > competition.scores.largest_step:
            return RULE.at(
                found.location,
                f"{found.value:.4f} ({found.how}) is {best - found.value:.4f} below the record of its day "
                f"({best:.4f}); the largest accepted step is {competition.scores.largest_step}.",
                fix="Show in the README where the gain comes from, with an ablation.",
                severity=Severity.NOTE,
                evidence=found.evidence,
            )
    return None


def _far_apart(submission: Submission, competition: Competition) -> Finding | None:
    """The runs behind the headline deviate more than seeds explain."""
    shown, usual = headline(submission), competition.scores.pooled_deviation
    if shown is None or shown.deviation is None or shown.deviation <= WIDE * usual:
        return None
    return RULE.at(
        shown.lines[0].score.location,
        f"The {len(shown.lines)} runs deviate by {shown.deviation:.4f} {competition.metric.unit}, more than twice the "
        f"{usual} that runs with other seeds usually do.",
        fix="Say in the README what else differs between the runs.",
        severity=Severity.NOTE,
        evidence=tuple(line.evidence for line in shown.lines[:3]),
    )


@dataclass(frozen=True, slots=True)
class _Score:
    """A score and where it comes from; `certain` unless claim and logs disagree or prose alone states it."""

    value: float
    how: str
    location: Location
    evidence: tuple[Evidence, ...]
    certain: bool


def _score(submission: Submission) -> _Score | None:
    """The measured score, else the claimed one."""
    shown, claim = headline(submission), headline_claim(submission)
    if shown is not None:
        agrees = claim is None or any(abs(v - claim.value) < _AGREES for v in (shown.value, *shown.values))
        lines = tuple(line.evidence for line in shown.lines[:3])
        return _Score(shown.value, f"measured, {shown.where}", shown.lines[0].score.location, lines, agrees)
    if claim is not None:
        in_metadata = submission.metadata is not None and claim.location.path == submission.metadata.path
        evidence = (stated(submission, claim),)
        return _Score(claim.value, "claimed, no log shows it", claim.location, evidence, in_metadata)
    return None
