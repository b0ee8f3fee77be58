"""Which scores of a program the claimed number is made of."""

from __future__ import annotations

from rules.analysis.flow.events import Event, Kind, Trace
from rules.analysis.flow.order import Order, relation
from rules.analysis.flow.prints import likeness
from rules.analysis.flow.values import NLL, VAL, Kept
from rules.analysis.headline import headlines_of
from rules.submission import Submission


def claimed_print(trace: Trace, submission: Submission) -> Event | None:
    """The call that printed the line of a log that the headline rests on, None where no log or no call shows it."""
    printed = trace.all(Kind.PRINT)
    for run in headlines_of(submission):
        likely = [(likeness(event.name, run.score.quote), place) for place, event in enumerate(printed)]
        best, place = max(likely, default=(0, 0))
        if best:
            return printed[place]
    return None


def claimed_scores(trace: Trace, submission: Submission) -> tuple[Event, ...]:
    """The sums that the claimed number is made of; () where that is not known."""
    shown = claimed_print(trace, submission)
    if shown is None:
        return ()
    scores = [event for event in trace.all(Kind.SCORE) if {VAL, NLL} <= event.labels]
    fed = kept_in(shown, trace)
    made_of = [score for score in scores if id(score) in fed]
    if made_of:
        return tuple(made_of)
    earlier = [score for score in scores if relation(score, shown).order is Order.BEFORE]
    return tuple(earlier[-1:])


def kept_in(event: Event, trace: Trace) -> set[int]:
    """Identities of the scores that an event's value holds."""
    return {id(trace.scores[label.number]) for label in event.labels if isinstance(label, Kept)}
