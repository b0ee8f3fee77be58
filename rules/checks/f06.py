"""The measured score is no record on the day of the pull request.

## Why it matters
A record has to beat the best score of its day by the margin that the competition asks for. A submission that does not
may still be a fine entry without a record.

## Flagged
    a mean of 1.1246 on a day when the record was 1.1248 and the margin 0.005 nats per token

## Allowed
Tracks that keep no record. The figures here are means and differences; they say nothing about chance.
"""

from __future__ import annotations

from collections.abc import Iterator
from statistics import fmean

from rules.analysis.claims import Shown, headline
from rules.competition import Competition, Significance
from rules.rule import Finding, Rule, Severity
from rules.submission import Submission

RULE = Rule(
    code="F06", name="no-significance-or-not-sota", category="not-significant", severity=Severity.NOTE, doc=__doc__
)


def check(submission: Submission, competition: Competition) -> Iterator[Finding]:
    """Yield one note where the measured mean is not below the record by the margin of its day."""
    track = competition.track(submission.scope.track)
    created = submission.pull_request.created_at
    found = headline(submission)
    if track is None or not track.record or created is None or found is None:
        return
    day = created.date()
    best, bar = competition.incumbent(day).score, competition.significance_on(day)
    gain = _in_unit(best - found.value, found, bar)
    if gain is None or gain > bar.margin:
        return
    runs = "one run" if len(found.lines) == 1 else f"mean over {len(found.lines)} runs"
    measured = f"{found.value:.4f} ({runs}, {found.where})"
    if found.value >= best:
        message = f"No record: the logs show {measured}; the record on {day} was {best:.4f}."
    else:
        message = (
            f"The gain is below the bar: the logs show {measured}, {best - found.value:.4f} below the record of {day} "
            f"({best:.4f}); that is {gain:.4f} {_name(bar, competition)}, and {bar.margin} were asked for."
        )
    yield RULE.at(
        found.lines[0].score.location,
        message,
        fix="Nothing is wrong with the submission; it may be listed without a record.",
        evidence=tuple(line.evidence for line in found.lines[:3]),
    )


def _in_unit(gain: float, found: Shown, bar: Significance) -> float | None:
    """A gain in bits per byte as the bar counts it. Nats per token follow from the two scores of the log's own line."""
    if bar.unit == "metric":
        return gain
    ratios = [
        line.score.val_loss / line.value for line in found.lines if line.score.val_loss is not None and line.value > 0
    ]
    if ratios:
        return gain * fmean(ratios)
    return gain if gain <= 0 else None


def _name(bar: Significance, competition: Competition) -> str:
    return competition.metric.unit if bar.unit == "metric" else bar.unit
