"""The protocol of an evaluation: what is scored on the validation text, what is learnt from it, and in which order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property

from rules.analysis.flow.claimed import claimed_scores, kept_in
from rules.analysis.flow.events import Block, Event, Kind, Round, Trace
from rules.analysis.flow.labels import NLL, TRAIN, VAL, Cut, Lost, Once, Past, Turn
from rules.analysis.flow.objects import Array, Instance, Optimizer, leaves, owners, with_originals
from rules.analysis.flow.order import Order, Relation, first_turn_only, relation, repeats, walks
from rules.analysis.flow.remainder import is_rest
from rules.analysis.flow.walk import trace_of
from rules.analysis.once import once
from rules.submission import Submission


class Learning(StrEnum):
    """How learning on validation tokens stands to their score."""

    SCORE_FIRST = "score-first"  # each chunk is scored, then learnt from
    LEARN_FIRST = "learn-first"  # a chunk is learnt from, then scored
    CONTEXT = "context-first"  # the part of a window before what is scored is learnt from
    EARLIER = "earlier-pass"  # a whole pass of learning, then a pass that scores
    RESCORED = "rescored"  # a pass that scores before it learns, then another that scores again
    REPEATED = "repeated"  # scored and learnt from in turn, several times over the same tokens
    UNSCORED = "unscored"  # nothing is scored after it, or in the same turns


@dataclass(frozen=True, slots=True)
class Adaptation:
    """Gradients of a loss on validation tokens. `score` is the score that `how` is about, None for `UNSCORED`.

    `claimed`: the claimed number is made of that score; None where no log tells, and it is the program's last.
    `fresh`: only a tensor that is made anew for each chunk learns, no weight of the model.
    """

    learn: Event
    how: Learning
    score: Event | None = None
    again: Block | None = None  # the loop that comes back to the same tokens
    fresh: bool = False
    tensors: tuple[Array, ...] = ()  # what steps, where it is fresh
    claimed: bool | None = None
    kept: Event | None = None  # weights are written to a file between learning and score
    first: Event | None = None  # of RESCORED: the score in the same turns
    taught: frozenset[Instance] = frozenset()  # the networks whose weights step, as far as they are known
    sure: bool = True  # the network that is asked for the score is known to be one that learnt

    @property
    def by_passes(self) -> bool:
        """Whether what is learnt from, and what is scored, are walked through by a loop each, in one turn or after."""
        if self.score is None:
            return False
        shared = {id(block) for block in relation(self.learn, self.score).loops}
        learnt, scored = (
            [loop for loop in event.loops() if id(loop) not in shared and walks(loop, event)]
            for event in (self.learn, self.score)
        )
        return bool(learnt and scored)

    @property
    def taints(self) -> bool:
        """Whether the score depends on what was learnt from the same tokens before them."""
        return self.how not in (Learning.SCORE_FIRST, Learning.CONTEXT, Learning.UNSCORED)


@dataclass(frozen=True, slots=True)
class Protocol:
    """What was established of an evaluation. `claimed`: the scores that the claimed number is made of."""

    trace: Trace
    scores: tuple[Event, ...]
    claimed: tuple[Event, ...]
    adaptations: tuple[Adaptation, ...]
    training: Block | None = field(repr=False, default=None)


@once
def protocol_of(submission: Submission) -> Protocol | None:
    """The protocol of a submission's program, None where no program can be followed."""
    trace = trace_of(submission)
    return None if trace is None else read_protocol(trace, claimed_scores(trace, submission))


def read_protocol(trace: Trace, claimed: tuple[Event, ...] = ()) -> Protocol:
    """The protocol of a trace."""
    scores = _first_hand([event for event in trace.all(Kind.SCORE) if {VAL, NLL} <= event.labels], trace)
    claimed = tuple(
        event for event in scores if event in claimed or any(id(event) in kept_in(c, trace) for c in claimed)
    )
    reader = _Reader(trace, scores, claimed)
    learnt = [event for event in trace.all(Kind.LEARN) if VAL in event.labels]
    return Protocol(trace, scores, claimed, tuple(reader.adaptation(event) for event in learnt), _training(trace))


def _first_hand(scores: list[Event], trace: Trace) -> tuple[Event, ...]:
    """The scores that sum up no other: what comes later of them adds up what was committed before."""
    walked = {id(score) for score in scores}
    return tuple(score for score in scores if not (kept_in(score, trace) - {id(score)}) & walked)


def _training(trace: Trace) -> Block | None:
    """The outermost loop in which the model learns from training tokens, the last where there are several."""
    loops = [e.loops()[0] for e in trace.all(Kind.LEARN) if TRAIN in e.labels and VAL not in e.labels and e.loops()]
    return loops[-1] if loops else None


class _Reader:
    """Sets each learning against the scores of one trace."""

    def __init__(self, trace: Trace, scores: tuple[Event, ...], claimed: tuple[Event, ...]) -> None:
        self._trace = trace
        self._lost = {id(event) for event in trace.all(Kind.LOST, Kind.MODEL)}
        self._scores = scores
        self._claimed = claimed
        self._learnt = trace.all(Kind.LEARN)
        self._steps = trace.all(Kind.STEP)
        self._asked = trace.all(Kind.MODEL)
        self._moved = trace.all(Kind.GRADIENT)
        self._saves = [event for event in trace.all(Kind.SAVE) if not event.name.startswith("json.")]
        self._loads = trace.all(Kind.LOAD)

    def adaptation(self, learn: Event) -> Adaptation:
        """How it stands to the claimed scores, or to the last where they are unknown; else to any score."""
        taught = self._taught(learn)
        tensors = self._fresh(learn)
        fresh = bool(tensors)
        found = self._judged(learn, taught, self._claimed or self._scores[-1:])
        if found.how is not Learning.UNSCORED:
            claimed = True if self._claimed else None
            return replace(found, fresh=fresh, tensors=tensors, taught=taught, claimed=claimed)
        found = self._judged(learn, taught, self._scores)
        return replace(found, fresh=fresh, tensors=tensors, taught=taught, claimed=False)

    def _judged(self, learn: Event, taught: frozenset[Instance], scores: Sequence[Event]) -> Adaptation:
        related = [(score, relation(score, learn)) for score in scores if not is_rest(score, learn)]
        in_turn = [
            (score, how)
            for score, how in related
            if how.in_turn and how.order is not Order.INSTEAD and self._asks(score, taught)
        ]
        for score, how in in_turn:
            again = _comes_back(score, learn, how)
            if again is not None and how.order is Order.BEFORE:
                return Adaptation(learn, Learning.REPEATED, score, again)
        for score, how in related:
            again = _taken_turns(score, learn, how) if self._asks(score, taught) else None
            if again is not None:
                return Adaptation(learn, Learning.REPEATED, score, again)
        for score, how in in_turn:
            if how.order is Order.AFTER and not _is_past(learn, how):
                return self._after(learn, score, how)
        for score, how in reversed(related):
            if how.order is Order.AFTER and not how.in_turn:
                found = self._later(learn, score, taught)
                if found is not None:
                    return found
        for score, how in in_turn:
            if how.order is Order.BEFORE or _is_past(learn, how):
                return Adaptation(learn, Learning.SCORE_FIRST, score)
        return Adaptation(learn, Learning.UNSCORED)

    def _after(self, learn: Event, score: Event, how: Relation) -> Adaptation:
        """What is summed up after the learning in the same turn."""
        if _is_context(learn, score):
            return Adaptation(learn, Learning.CONTEXT, score)
        return self._found_before(score, learn, how) or Adaptation(learn, Learning.LEARN_FIRST, score)

    def _found_before(self, score: Event, learn: Event, how: Relation) -> Adaptation | None:
        """What is summed up after the learning, but was lost before it in the same turn, or in an earlier one."""
        numbers = (label.number for label in score.labels if isinstance(label, Lost))
        losses = [loss for number in numbers if id(loss := self._trace.losses[number]) in self._lost]
        if not losses or any(not _precedes(loss, learn, how) for loss in losses):
            return None
        inner = [loop for loop in learn.loops() if loop not in how.loops and repeats(loop, learn)]
        once = {label.loop for label in score.labels if isinstance(label, Once)}
        if any(isinstance(loop.detail, Round) and loop.detail.number in once for loop in inner):
            return Adaptation(learn, Learning.SCORE_FIRST, score)
        if _is_past(score, how):
            return None
        again = next((loop for loop in inner if any(loop in loss.trail for loss in losses)), None)
        again = again or _comes_back(score, learn, how)
        if again is not None:
            return Adaptation(learn, Learning.REPEATED, score, again)
        return Adaptation(learn, Learning.SCORE_FIRST, score)

    def _later(self, learn: Event, score: Event, taught: frozenset[Instance]) -> Adaptation | None:
        """A score of a later pass, where the weights reach it: in memory, or through a file."""
        if self._restored_at_once(learn, taught):
            return None
        kept = self._kept(learn, score, taught)
        if kept is None:
            if self._restored(learn, score, taught) or not self._asks(score, taught):
                return None
        elif not self._asks(score, taught) and not any(_between(kept, load, score) for load in self._loads):
            return None
        first = self._scored_before(learn, taught)
        if first is not None and (not taught or (kept is not None and not self._trained)):
            return None  # adapters, for all that is known: what they learnt does not outlive the pass
        how = Learning.EARLIER if first is None else Learning.RESCORED
        sure = kept is not None or self._asks(score, taught, surely=True)
        return Adaptation(learn, how, score, kept=kept, first=first, sure=sure)

    def _kept(self, learn: Event, score: Event, taught: frozenset[Instance]) -> Event | None:
        """Where the weights are written to a file that is read again; adapters and probes are not in it."""
        known = {instance.cls.name for instance in self._trained}
        if taught and known and not any(instance.cls.name in known for instance in taught):
            return None
        saves = (save for save in self._saves if _between(learn, save, score))
        if taught and all(instance.of is not None for instance in taught):  # a copy is written where it is given
            saves = (save for save in saves if with_originals(save.detail) & taught)
        return next(saves, None)

    @cached_property
    def _trained(self) -> frozenset[Instance]:
        """The networks that learn from training tokens."""
        learnt = [e for e in self._learnt if TRAIN in e.labels and VAL not in e.labels]
        return frozenset[Instance]().union(*(self._taught(event) for event in learnt))

    def _scored_before(self, learn: Event, taught: frozenset[Instance]) -> Event | None:
        """The score of the same turns that comes before the learning, as score-first asks for."""
        for score in self._scores:
            if self._asks(score, taught):
                how = relation(score, learn)
                if how.in_turn and how.order is Order.BEFORE:
                    return score
        return None

    def _restored(self, learn: Event, score: Event, taught: frozenset[Instance]) -> bool:
        """Whether weights of before are put back in between."""
        return any(
            _between(learn, load, score) and (not taught or not load.detail or with_originals(load.detail) & taught)
            for load in self._put_back
        )

    def _restored_at_once(self, learn: Event, taught: frozenset[Instance]) -> bool:
        """Whether weights of before are put back in each turn in which they learn."""
        for load in self._put_back:
            if load.detail & taught:
                how = relation(learn, load)
                if how.in_turn and how.order is Order.BEFORE:
                    return True
        return False

    @cached_property
    def _put_back(self) -> list[Event]:
        names = ("load_state_dict", "copy_")
        return [e for e in self._loads if isinstance(e.detail, frozenset) and e.name.rpartition(".")[2] in names]

    def _taught(self, learn: Event) -> frozenset[Instance]:
        """The networks whose parameters step after these gradients; empty where that is not known."""
        found: set[Instance] = set()
        for step in self._steps_after(learn):
            if isinstance(step.detail, Optimizer):
                found |= owners(step.detail.params)
        return frozenset(found)

    def _asks(self, score: Event, taught: frozenset[Instance], *, surely: bool = False) -> bool:
        """Whether a score comes from a network that was taught, or may come from one."""
        asked = self._asked_for(score)
        if surely:
            return any(one & taught for one in asked)
        return not taught or not asked or any(not one or one & taught for one in asked)

    def _asked_for(self, score: Event) -> list[frozenset[Instance]]:
        """The networks that are asked in the innermost loop around a score that asks any."""
        for loop in reversed(score.loops()):
            asked = [with_originals(event.detail) for event in self._asked if loop in event.trail]
            if asked:
                return asked
        return [with_originals(event.detail) for event in self._asked if event.trail[-1] in score.trail]

    def _fresh(self, learn: Event) -> tuple[Array, ...]:
        """The tensors that step next, where they are tensors of their own and no weights; () where not."""
        for step in self._steps_after(learn):
            optimizer = step.detail
            if isinstance(optimizer, Optimizer):
                return tuple(leaves(optimizer.params))
        return self._by_hand(learn)

    def _by_hand(self, learn: Event) -> tuple[Array, ...]:
        """The tensors that the program itself moves against their gradients, where no optimizer steps."""
        if learn.detail:
            return tuple(learn.detail)
        for block in (learn.trail[-1], *reversed(learn.loops())):
            found = [event.detail for event in self._moved if block in event.trail]
            if found:
                return tuple(dict.fromkeys(found))
        return ()

    def _steps_after(self, learn: Event) -> list[Event]:
        """The steps beside it, or in the innermost loop around it that has any."""
        for block in (learn.trail[-1], *reversed(learn.loops())):
            steps = [step for step in self._steps if block in step.trail]
            if steps:
                return steps
        return []


def _between(first: Event, event: Event, last: Event) -> bool:
    """Whether an event comes after one and before another, not in the turns of either."""
    begins, ends = relation(first, event), relation(event, last)
    return begins.order is Order.BEFORE and ends.order is Order.BEFORE and not begins.in_turn


def _precedes(loss: Event, learn: Event, how: Relation) -> bool:
    """Whether a loss is found before the learning, in the turns of the loops around that and the score."""
    return all(loop in loss.trail for loop in how.loops) and relation(loss, learn).order is Order.BEFORE


def _taken_turns(score: Event, learn: Event, how: Relation) -> Block | None:
    """The loop that comes back to the same tokens, and learns in some of its turns and scores in others, not the first.

    Which it does is decided by its number.
    """
    if how.order is not Order.INSTEAD:
        return None
    branches = [block for event in (score, learn) for block in event.trail if block.what == "branch"]
    for loop in how.loops:
        turn = loop.detail
        decides = isinstance(turn, Round) and any(Turn(turn.number) in branch.labels for branch in branches)
        if decides and repeats(loop, score) and repeats(loop, learn) and not first_turn_only(loop, score):
            return loop
    return None


def _comes_back(score: Event, learn: Event, how: Relation) -> Block | None:
    """The loop that picks neither what is scored nor what is learnt from."""
    for loop in how.loops:
        if repeats(loop, score) and repeats(loop, learn) and not first_turn_only(loop, score):
            return loop
    return None


def _is_past(learn: Event, how: Relation) -> bool:
    """Whether what is learnt from was met in an earlier turn of a loop around both."""
    return any(Past(loop.line) in learn.labels for loop in how.loops)


def _is_context(learn: Event, score: Event) -> bool:
    """Whether what is learnt from ends where the scored part of the window begins."""
    ends = {(cut.bound, cut.function) for cut in learn.labels if isinstance(cut, Cut) and cut.side == "to"}
    begins = {(cut.bound, cut.function) for cut in learn.labels if isinstance(cut, Cut) and cut.side == "from"}
    scored = {(cut.bound, cut.function) for cut in score.labels if isinstance(cut, Cut) and cut.side == "from"}
    return bool(ends & scored - begins)


def worst(found: Iterable[Adaptation]) -> Adaptation | None:
    """The one that weighs most: of the claimed score, then of the last, then of any."""
    return min(found, key=lambda one: (True, None, False).index(one.claimed), default=None)
