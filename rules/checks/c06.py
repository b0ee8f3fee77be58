"""Training data is used for something else than calibration after the training budget is used up.

## Why it matters
Once the training budget is over, evaluation begins, and evaluation may read no training data: not to fit a temperature,
to choose what is pruned, or to fit weights of a mixture.

## Flagged
    while time.time() - start < 600: train_step()
    temperature = best(nll(model, train_tokens, t) for t in grid)

    model.load_state_dict(torch.load("model.pt"))           # the artifact is written and read again
    bias = fit(model, train_tokens)                         # and this is not in it

## Allowed
The same within the time that was taken off the training clock. Whether a small use of training tokens for a setting is
allowed was decided both ways, so that a person looks at it.
"""

from __future__ import annotations

from collections.abc import Iterator

from rules.analysis.budget import Room, budget_of
from rules.analysis.flow.calibration import home_of
from rules.analysis.flow.events import Event, Kind, Trace
from rules.analysis.flow.gradients import trained_with
from rules.analysis.flow.labels import NLL, STORED, TRAIN, VAL
from rules.analysis.flow.objects import Instance
from rules.analysis.flow.order import Order, precedes, relation
from rules.analysis.flow.walk import trace_of
from rules.competition import Competition
from rules.rule import Finding, Rule, Severity
from rules.submission import Submission

RULE = Rule(
    code="C06", name="train-data-at-eval-other", category="gptq-data-at-eval", severity=Severity.REVIEW, doc=__doc__
)

_FIX = "Do it within the training budget, or without training data."


def check(submission: Submission, competition: Competition) -> Iterator[Finding]:
    """Yield the first time that the model is asked with training tokens after training."""
    track, trace = competition.track(submission.scope.track), trace_of(submission)
    if trace is None or (track is not None and not track.timed):
        return
    read = next(_read_again(trace), None)
    if read is not None:
        asked, load = read
        yield RULE.at(
            asked.location,
            f"The model is asked with training tokens after line {load.line} has put what was read from the artifact "
            "into it: what is made of them is in no artifact.",
            fix=_FIX,
            evidence=(asked.evidence("use"), load.evidence("read")),
        )
        return
    found = next(_late(trace), None)
    if found is None:
        return
    budget = budget_of(submission, competition.limits)
    if budget.room is Room.COVERED:
        return
    asked, training = found
    taken = budget.room is Room.SHORT
    why = "time was taken off the training clock" if taken else "no time was taken off the training clock"
    yield RULE.at(
        asked.location,
        f"The model is asked with training tokens after the training loop, outside of a calibration of the quantizer; "
        f"{why}.",
        fix=_FIX,
        severity=Severity.NOTE if taken else Severity.REVIEW,
        evidence=(asked.evidence("use"), training.evidence("training"), *budget.shown),
    )


def _read_again(trace: Trace) -> Iterator[tuple[Event, Event]]:
    """Questions with training tokens to a network that was read from a file which this run wrote, before a score."""
    score = next((e for e in reversed(trace.all(Kind.SCORE)) if {VAL, NLL} <= e.labels), None)
    saves = [event for event in trace.all(Kind.SAVE) if not event.name.startswith("json.")]
    for load in trace.all(Kind.LOAD) if score is not None else ():
        into = load.detail or frozenset()
        if STORED not in load.labels or not any(precedes(save, load) for save in saves):
            continue
        for asked in trace.all(Kind.MODEL):
            if not _is_trained_on(asked, into) or not precedes(load, asked) or home_of(asked) is not None:
                continue
            kept = any(precedes(asked, save) for save in saves) or _put_later(trace, asked, score)
            if score is not None and relation(asked, score).order is Order.BEFORE and not kept:
                yield asked, load


def _put_later(trace: Trace, asked: Event, score: Event | None) -> bool:
    """Whether weights are put into a network once more before the score: what was made may be a part of them."""
    after = (e for e in trace.all(Kind.LOAD) if e.detail and relation(asked, e).order is Order.BEFORE)
    return score is not None and any(relation(e, score).order is Order.BEFORE for e in after)


def _is_trained_on(asked: Event, into: frozenset[Instance]) -> bool:
    """Whether one of these networks is asked with training tokens alone."""
    return TRAIN in asked.labels and VAL not in asked.labels and bool(into & (asked.detail or frozenset()))


def _late(trace: Trace) -> Iterator[tuple[Event, Event]]:
    """Questions to the model with training tokens after the last gradient on such, before the last score."""
    learnt = trained_with(trace)
    scores = [e for e in trace.all(Kind.SCORE) if {VAL, NLL} <= e.labels]
    if not learnt or not scores:
        return
    last, score = learnt[-1], scores[-1]
    for asked in trace.all(Kind.MODEL):
        if TRAIN not in asked.labels or VAL in asked.labels or home_of(asked) is not None:
            continue
        how = relation(asked, last)
        if how.order is Order.AFTER and not how.in_turn and relation(score, asked).order is Order.AFTER:
            yield asked, last
