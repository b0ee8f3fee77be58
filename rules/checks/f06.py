"""The measured score is no record on the day of the pull request, or chance may explain its gain.

## Why it matters
A record has to beat the best score of its day by the margin that the competition asks for, and more surely than runs
that differ in their seed alone would. A submission that does not may still be a fine entry without a record.

## Flagged
    a mean of 1.1246 on a day when the record was 1.1248 and the margin 0.005 nats per token
    three runs that beat the record by the margin, at p = 0.08 where less than 0.01 is asked for

## Allowed
Tracks that keep no record. Where a change is of systems alone, the organizers waive the test.
"""

from __future__ import annotations

from collections.abc import Iterator

from rules.analysis.claims import Shown, headline
from rules.competition import Competition
from rules.records import Entry, bar_of, entry_of
from rules.rule import Finding, Rule, Severity
from rules.statistics import Runs, compare
from rules.submission import Submission

RULE = Rule(
    code="F06", name="no-significance-or-not-sota", category="not-significant", severity=Severity.NOTE, doc=__doc__
)


def check(submission: Submission, competition: Competition) -> Iterator[Finding]:
    """Yield one note where the measured runs do not beat the record of their day, morning or later, as is asked for."""
    track = competition.track(submission.scope.track)
    created = submission.pull_request.created_at
    found, entry = headline(submission), entry_of(submission, competition)
    if track is None or not track.record or created is None or found is None or entry is None:
        return
    day = created.date()
    same_day = [(i, f"later on {day}") for i in competition.frontier if i.since == day]
    for best, when in ((competition.incumbent(day), f"on {day}"), *same_day):
        message = _fault(entry, found, Runs(best.runs or (best.score,)), competition, when)
        if message:
            yield RULE.at(
                found.lines[0].score.location,
                message,
                fix="Nothing is wrong with the submission; it may be listed without a record.",
                evidence=tuple(line.evidence for line in found.lines[:3]),
            )
            return


def _fault(entry: Entry, found: Shown, best: Runs, competition: Competition, when: str) -> str:
    """What keeps the runs from being a record, "" where nothing does or the margin's size is not known."""
    bar = bar_of(entry, competition)
    runs = "one run" if len(found.lines) == 1 else f"mean over {len(found.lines)} runs"
    shown = f"the logs show {found.value:.4f} ({runs}, `{found.label}`)"
    comparison = compare(entry.runs, best, competition, bar, entry.nats)
    lower = competition.metric.better == "lower"
    if found.value >= best.mean if lower else found.value <= best.mean:
        return f"No record: {shown}; the record {when} was {best.mean:.4f}."
    if comparison is None or comparison.significant:
        return ""
    if comparison.gain <= comparison.margin:
        unit = competition.metric.unit if bar.unit == "metric" else bar.unit
        gain = comparison.gain if bar.unit == "metric" else comparison.nats
        return (
            f"The gain is below the bar: {shown}, {comparison.gain:.4f} better than the record {when} "
            f"({best.mean:.4f}); that is {gain:.4f} {unit}, and more than {bar.margin} was asked for."
        )
    return f"Chance may explain the gain over the record {when} ({best.mean:.4f}): {shown}; {comparison.told()}."
