"""Which scores of a program the claimed number is made of."""

from __future__ import annotations

from collections.abc import Iterator

from rules.analysis.flow.events import Event, Kind, Trace
from rules.analysis.flow.labels import NLL, VAL, Kept
from rules.analysis.flow.order import Order, relation
from rules.analysis.flow.prints import likeness
from rules.analysis.headline import Headline, headlines_of
from rules.submission import Submission

_ROUNDED = 6.0e-6  # bits per byte: half a unit of the fifth digit, that the shortest lines show


def claimed_print(trace: Trace, submission: Submission) -> Event | None:
    """The call that printed the line of a log that the headline rests on, None where no log or no call shows it.

    Where something else printed that line, such as a tracker's summary, another line of the log that shows the number.
    """
    printed = trace.all(Kind.PRINT)
    runs = headlines_of(submission)
    for quote in (*(run.score.quote for run in runs), *(quote for run in runs for quote in _same_number(run))):
        likely = [(likeness(event.name, quote), place) for place, event in enumerate(printed)]
        best, place = max(likely, default=(0, 0))
        if best:
            return printed[place]
    return None


def _same_number(run: Headline) -> Iterator[str]:
    """Other final lines of the log that show the number, the last first."""
    for score in reversed(run.log.final_scores):
        if score is not run.score and _is_same(score.val_bpb, run.score.val_bpb):
            yield score.quote


def _is_same(one: float | None, other: float | None) -> bool:
    """Whether two numbers are one, as far as a log prints it."""
    return one is not None and other is not None and abs(one - other) < _ROUNDED


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


def claimed_or_last(trace: Trace, submission: Submission) -> tuple[Event, ...]:
    """The sums that the claimed number is made of; where that is not known the last of validation losses, if any."""
    claimed = claimed_scores(trace, submission)
    return claimed or tuple(e for e in trace.all(Kind.SCORE) if {VAL, NLL} <= e.labels)[-1:]


def kept_in(event: Event, trace: Trace) -> set[int]:
    """Identities of the scores that an event's value holds."""
    return {id(trace.scores[label.number]) for label in event.labels if isinstance(label, Kept)}
