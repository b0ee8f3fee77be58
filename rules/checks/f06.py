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
    """Yield one note where the measured mean does not beat the record of its day, morning or later, by the margin."""
    track = competition.track(submission.scope.track)
    created = submission.pull_request.created_at
    found = headline(submission)
    if track is None or not track.record or created is None or found is None:
        return
    day = created.date()
    bar = competition.significance_on(day)
    same_day = [i.score for i in competition.frontier if i.since == day]
    for best, when in ((competition.incumbent(day).score, f"on {day}"), *((s, f"later on {day}") for s in same_day)):
        gain = _in_unit(best - found.value, found, bar)
        if gain is not None and gain <= bar.margin:
            yield _finding(found, competition, bar, best, when, gain)
            return


def _finding(found: Shown, competition: Competition, bar: Significance, best: float, when: str, gain: float) -> Finding:
    runs = "one run" if len(found.lines) == 1 else f"mean over {len(found.lines)} runs"
    message = f"No record: the logs show {found.value:.4f} ({runs}, `{found.label}`); the record {when} was {best:.4f}"
    if found.value < best:
        message = (
            f"The gain is below the bar: the logs show {found.value:.4f} ({runs}, `{found.label}`), "
            f"{best - found.value:.4f} below the record {when} ({best:.4f}); that is {gain:.4f} "
            f"{competition.metric.unit if bar.unit == 'metric' else bar.unit}, and more than {bar.margin} was asked for"
        )
    return RULE.at(
        found.lines[0].score.location,
        f"{message}.",
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
