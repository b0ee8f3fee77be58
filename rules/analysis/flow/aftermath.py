"""Training that goes on after the log has said that training stopped."""

from __future__ import annotations

from collections.abc import Iterator

from rules.analysis.flow.events import Event, Kind, Trace
from rules.analysis.flow.labels import TRAIN, VAL
from rules.analysis.flow.order import Order, relation
from rules.analysis.flow.prints import likeness
from rules.analysis.flow.walk import trace_of
from rules.submission import Submission


def learnt_after(quote: str, submission: Submission) -> Event | None:
    """The first step on training tokens behind the call that printed a line of a log; None where there is none.

    The program must have learnt from training tokens before that line too: else it is about something else. A loop
    that prints and learns in turn goes on as before.
    """
    trace = trace_of(submission)
    told = None if trace is None else _printed(quote, trace)
    if trace is None or told is None:
        return None
    learnt = list(_trained(trace))
    if not any(relation(one, told).order is Order.BEFORE for one in learnt):
        return None
    scores = trace.all(Kind.SCORE)
    return next((one for one in learnt if _follows(one, told) and _is_scored(one, scores)), None)


def _printed(quote: str, trace: Trace) -> Event | None:
    """The call that printed the line; of several that may have, the last, before which all the others trained."""
    best: tuple[float, Event | None] = (0, None)
    for event in trace.all(Kind.PRINT):
        alike = likeness(event.name, quote)
        if alike and alike >= best[0]:
            best = alike, event
    return best[1]


def _trained(trace: Trace) -> Iterator[Event]:
    """Gradients on training tokens alone that an optimizer steps with, in the same loop or beside them."""
    steps = trace.all(Kind.STEP)
    for learn in trace.all(Kind.LEARN):
        home = learn.loops()[-1] if learn.loops() else learn.trail[-1]
        if TRAIN in learn.labels and VAL not in learn.labels and any(home in step.trail for step in steps):
            yield learn


def _follows(learn: Event, told: Event) -> bool:
    how = relation(told, learn)
    return how.order is Order.BEFORE and not how.in_turn


def _is_scored(learn: Event, scores: list[Event]) -> bool:
    """Whether validation tokens are scored afterwards."""
    return any(VAL in score.labels and relation(learn, score).order is Order.BEFORE for score in scores)
