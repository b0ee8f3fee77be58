"""The protocol of an evaluation: what is scored on the validation text, what is learnt from it, and in which order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from rules.analysis.flow.events import Block, Event, Kind, Trace
from rules.analysis.flow.objects import Array, Instance, Optimizer, owners
from rules.analysis.flow.order import Order, Relation, first_turn_only, relation, repeats
from rules.analysis.flow.values import NLL, TRAIN, VAL, Value
from rules.analysis.flow.walk import trace_of
from rules.analysis.once import once
from rules.submission import Submission


class Learning(StrEnum):
    """How learning on validation tokens stands to their score."""

    SCORE_FIRST = "score-first"  # each chunk is scored, then learnt from
    LEARN_FIRST = "learn-first"  # a chunk is learnt from, then scored
    EARLIER = "earlier-pass"  # a whole pass of learning, then a pass that scores
    REPEATED = "repeated"  # scored and learnt from in turn, several times over the same tokens
    UNSCORED = "unscored"  # nothing is scored after it, or in the same turns


@dataclass(frozen=True, slots=True)
class Adaptation:
    """Gradients of a loss on validation tokens. `score` is the score that `how` is about, None for `UNSCORED`.

    `fresh`: only a tensor that is made anew for each chunk learns, no weight of the model.
    """

    learn: Event
    how: Learning
    score: Event | None = None
    again: Block | None = None  # the loop that comes back to the same tokens
    fresh: bool = False


@dataclass(frozen=True, slots=True)
class Protocol:
    """What was established of an evaluation."""

    trace: Trace
    scores: tuple[Event, ...]
    adaptations: tuple[Adaptation, ...]
    training: Block | None = field(repr=False, default=None)


@once
def protocol_of(submission: Submission) -> Protocol | None:
    """The protocol of a submission's program, None where no program can be followed."""
    trace = trace_of(submission)
    if trace is None:
        return None
    scores = tuple(event for event in trace.all(Kind.SCORE) if {VAL, NLL} <= event.labels)
    training = _training(trace)
    learnt = [event for event in trace.all(Kind.LEARN) if VAL in event.labels]
    return Protocol(trace, scores, tuple(_adaptation(event, scores, trace) for event in learnt), training)


def _training(trace: Trace) -> Block | None:
    """The outermost loop in which the model learns from training tokens, the last where there are several."""
    loops = [e.loops()[0] for e in trace.all(Kind.LEARN) if TRAIN in e.labels and VAL not in e.labels and e.loops()]
    return loops[-1] if loops else None


def _adaptation(learn: Event, scores: tuple[Event, ...], trace: Trace) -> Adaptation:
    taught = _taught(learn, trace)
    heard = [score for score in scores if not _is_loss_of(score, learn) and _asks(score, taught, trace)]
    related = [(score, relation(score, learn)) for score in heard]
    fresh = _is_fresh(learn, trace)
    in_turn = [(score, how) for score, how in related if how.in_turn and how.order is not Order.INSTEAD]
    for score, how in in_turn:
        again = _comes_back(score, how)
        if again is not None and how.order is Order.BEFORE:
            return Adaptation(learn, Learning.REPEATED, score, again, fresh)
    for score, how in in_turn:
        if how.order is Order.AFTER:
            return Adaptation(learn, Learning.LEARN_FIRST, score, None, fresh)
    for score, how in in_turn:
        if how.order is Order.BEFORE:
            return Adaptation(learn, Learning.SCORE_FIRST, score, None, fresh)
    for score, how in related:
        if how.order is Order.AFTER:
            return Adaptation(learn, Learning.EARLIER, score, None, fresh)
    return Adaptation(learn, Learning.UNSCORED, None, None, fresh)


def _taught(learn: Event, trace: Trace) -> frozenset[Instance]:
    """The networks whose parameters step after these gradients; empty where that is not known."""
    found: set[Instance] = set()
    for step in _steps_after(learn, trace):
        if isinstance(step.detail, Optimizer):
            found |= owners(step.detail.params)
    return frozenset(found)


def _asks(score: Event, taught: frozenset[Instance], trace: Trace) -> bool:
    """Whether a score comes from a network that was taught, or may come from one."""
    asked = [e.detail for e in trace.all(Kind.MODEL) if e.trail[-1] in score.trail or score.trail[-1] in e.trail]
    return not taught or not asked or any(not one or one & taught for one in asked)


def _comes_back(score: Event, how: Relation) -> Block | None:
    for loop in how.loops:
        if repeats(loop, score) and not first_turn_only(loop, score):
            return loop
    return None


def _is_loss_of(score: Event, learn: Event) -> bool:
    """Whether the sum is the loss that is then differentiated: it is summed up where it is learnt from."""
    return score.trail[-1] is learn.trail[-1] and score.name in _names_of(learn)


def _names_of(learn: Event) -> set[str]:
    return {str(learn.detail)} if learn.detail else set()


def _is_fresh(learn: Event, trace: Trace) -> bool:
    """Whether what steps next was made within the same loop, and is a tensor of its own."""
    for step in _steps_after(learn, trace):
        optimizer = step.detail
        if isinstance(optimizer, Optimizer):
            tensors = list(_tensors(optimizer.params))
            return bool(tensors) and all(tensor.leaf for tensor in tensors)
    return False


def _steps_after(learn: Event, trace: Trace) -> Iterator[Event]:
    for step in trace.all(Kind.STEP):
        if step.trail[: len(learn.trail)] == learn.trail or set(map(id, step.loops())) & set(map(id, learn.loops())):
            yield step


def _tensors(value: Value, depth: int = 4) -> Iterator[Array]:
    if isinstance(value.ref, Array):
        if value.ref.leaf:
            yield value.ref
        elif depth:
            yield from _tensors(value.ref.element, depth - 1)
            for item in value.ref.fields.values():
                yield from _tensors(item, depth - 1)
    for item in value.items or ():
        if depth:
            yield from _tensors(item, depth - 1)
