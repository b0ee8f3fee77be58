"""Training data is used for something else than calibration after the training budget is used up.

## Why it matters
Once the training budget is over, evaluation begins, and evaluation may read no training data: not to fit a temperature,
to choose what is pruned, or to fit weights of a mixture.

## Flagged
    while time.time() - start < 600: train_step()
    temperature = best(nll(model, train_tokens, t) for t in grid)

## Allowed
The same within the time that was taken off the training clock. Whether a small use of training tokens for a setting is
allowed was decided both ways, so that a person looks at it.
"""

from __future__ import annotations

from collections.abc import Iterator

from rules.analysis.budget import Room, budget_of
from rules.analysis.flow.calibration import home_of
from rules.analysis.flow.events import Event, Kind, Trace
from rules.analysis.flow.order import Order, relation
from rules.analysis.flow.values import NLL, TRAIN, VAL
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


def _late(trace: Trace) -> Iterator[tuple[Event, Event]]:
    """Questions to the model with training tokens after the last gradient on such, before the last score."""
    learnt = [e for e in trace.all(Kind.LEARN) if TRAIN in e.labels and VAL not in e.labels]
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
