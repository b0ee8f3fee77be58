"""Which score something reaches that was marked on its way, and whether the claimed number is made of it."""

from __future__ import annotations

from dataclasses import dataclass

from rules.analysis.configuration import configuration_of
from rules.analysis.flow.active import open_switches
from rules.analysis.flow.claimed import claimed_print
from rules.analysis.flow.events import Event, Kind, Trace
from rules.analysis.flow.labels import FOREIGN, NLL, VAL, Label, Labels
from rules.analysis.headline import headlines_of
from rules.rule import Severity
from rules.submission import Submission


@dataclass(frozen=True, slots=True)
class Reach:
    """The first sum of validation losses that has a mark, or the result of a function or the print that shows it.

    `claimed`: whether the claimed number is made of it, None: not known.
    """

    score: Event
    claimed: bool | None


def reach_of(mark: Label, trace: Trace, submission: Submission) -> Reach | None:
    """Where a mark reaches a score on validation tokens, None where it reaches none but sums that weigh."""
    for kind in (Kind.SCORE, Kind.RETURN):
        for event in trace.all(kind):
            if {VAL, NLL, mark} <= event.labels and not trace.is_weight(event):
                return Reach(event, is_claimed(mark, trace, submission))
    shown = claimed_print(trace, submission)
    if shown is not None and {VAL, NLL, mark} <= shown.labels:  # the mean is taken where it is printed
        return Reach(shown, claimed=True)
    return None


def is_claimed(mark: Label, trace: Trace, submission: Submission) -> bool | None:
    """Whether the number that is claimed is printed from something with the mark."""
    return holds_any(frozenset({mark}), trace, submission)


def holds_any(marks: Labels, trace: Trace, submission: Submission) -> bool | None:
    """Whether the claimed number is printed from something with one of the marks, None where that is not known.

    A line that is no more than the likeliest among those of the logs tells nothing where it lacks the mark.
    """
    shown = claimed_print(trace, submission)
    if shown is None or not {VAL, NLL} <= shown.labels:
        return None
    if marks & shown.labels:
        return True
    return False if any(run.certain for run in headlines_of(submission)) else None


def weight(claimed: bool | None, submission: Submission, *events: Event) -> tuple[Severity, str]:
    """How much a certain shape weighs, and a sentence that says what is open, "" where nothing is."""
    if claimed is False:
        return Severity.NOTE, " The line of the log that shows the claimed score is printed from another sum."
    for event in events:
        switch = next(open_switches(event, configuration_of(submission)), "")
        if switch:
            return Severity.REVIEW, f" Whether `{switch}` held in the claimed run is open."
    return Severity.BLOCK, ""


def foreign_claim(trace: Trace, submission: Submission) -> Event | None:
    """The last call of machine code before the claimed number, where that number is made of what it gave."""
    shown = claimed_print(trace, submission)
    if shown is None or FOREIGN not in shown.labels:
        return None
    called = [event for event in trace.all(Kind.ESCAPE) if FOREIGN in event.labels]
    return called[-1] if called else None


def before(score: Event, kind: Kind, trace: Trace) -> Event | None:
    """The last event of a kind, on validation tokens, that stands before a score; else the first of all."""
    found = [event for event in trace.all(kind) if VAL in event.labels]
    order = {id(event): place for place, event in enumerate(trace.root.events())}
    earlier = [event for event in found if order[id(event)] < order[id(score)]]
    return earlier[-1] if earlier else next(iter(found), None)
