"""Losses of several predictions of one token, side by side, and calls that pick the best of them for each token.

The largest is picked as the smallest is: of probabilities it is the best. Taken out of exponents and added to their
logarithm again it is no choice, but keeps a sum of exponents from failing.
"""

from __future__ import annotations

import ast
from typing import Any

from rules.analysis.flow.base import Asked, Walker
from rules.analysis.flow.events import Block, Kind, Round, Trace
from rules.analysis.flow.labels import (
    BEST,
    BETTER,
    DATA,
    EXCESS,
    GAP,
    LEAST,
    LOGITS,
    NLL,
    NONE,
    RELATIVE,
    SEVERAL,
    STATE,
    TRIED,
    VAL,
    Kept,
    Labels,
    Lost,
    Past,
    Ranked,
    Rivals,
    Turn,
)
from rules.analysis.flow.objects import Array
from rules.analysis.flow.values import Value, without

RECTIFIES = frozenset({"relu", "relu_", "clamp", "clamp_min", "clamp_max", "clip", "abs"})
STACKS = frozenset({"stack", "vstack", "column_stack", "array", "asarray", "tensor", "as_tensor"})
SMALLEST = frozenset({"minimum", "min", "fmin", "amin", "nanmin"})
LARGEST = frozenset({"maximum", "max", "fmax", "amax", "nanmax"})
INDICES = frozenset({"argmin", "argmax", "nanargmin", "nanargmax"})
ORDERS = frozenset({"sort", "sorted", "msort", "topk", "kthvalue", "nsmallest", "nlargest"})
FIRST_ONES = frozenset({"topk", "kthvalue"})  # of several in order, so many
ORDERED_PLACES = frozenset({"argsort"})
_TOGETHER = frozenset({"mean", "sum", "fsum", "logsumexp", "median", "average", "einsum", "lerp"})
PLACES = "places"  # of several losses in order: where each of them stands
MOST_TRIES = 8  # that stand in a program one by one
_AXES = ("dim", "axis")
_SAME_AXIS: dict[int, frozenset[int]] = {  # in how many dimensions there are, where that is not known
    0: frozenset({0, -2, -3}),
    1: frozenset({1, -1, -2}),
    2: frozenset({2, -1}),
    -1: frozenset({-1, 1, 2}),
}


def side_by_side(asked: Asked, trace: Trace) -> Labels:
    """The mark of losses, or answers, of the same tokens put side by side, with the axis that tells them apart."""
    if asked.is_method or not asked.arguments:
        return NONE
    given = asked.arguments[0]
    axis = 1 if asked.last == "column_stack" else 0
    chosen = next((asked.named[name].const for name in _AXES if name in asked.named), asked.argument(1).const)
    mark = frozenset({Rivals(chosen if isinstance(chosen, int) else axis)})
    if given.items is not None:
        labels = [item.all_labels() for item in given.items]
        return mark if len(labels) > 1 and all(is_fresh(one, trace) for one in labels) else NONE
    if SEVERAL in given.all_labels() and is_answer(given.all_labels()):
        return mark
    return mark if _are_rivals(given.all_labels()) and is_fresh(given.all_labels(), trace) else NONE


def kept_beside(array: Array, labels: Labels, walker: Walker) -> Labels:
    """The mark of a list that takes a loss, or an answer, for each turn of a loop which picks nothing of the text."""
    inner = walker.trail[len(array.around) :] if array.around == tuple(walker.trail[: len(array.around)]) else []
    loops = [block for block in inner if block.what == "loop"]
    if not loops or not all(goes_over_things(loop, labels) for loop in loops):
        return NONE
    if is_answer(labels):
        return frozenset({SEVERAL})
    return frozenset({Rivals(0)}) if is_fresh(labels, walker.trace) else NONE


def kept_in_columns(array: Array, key: Value, labels: Labels, walker: Walker) -> Labels:
    """The mark of a table with a place for each of several tries on the text: `paid[trial, start:end] = losses`."""
    if key.items is None or len(key.items) < 2 or array.container or not is_fresh(labels, walker.trace):
        return NONE
    loops = {one.detail.number: one for one in walker.trail if one.what == "loop" and isinstance(one.detail, Round)}
    for axis, part in enumerate(key.items):
        counted = [loops[label.loop] for label in part.labels if isinstance(label, Turn) and label.loop in loops]
        if len(counted) == 1 and not part.all_labels() & DATA and _tries(counted[0], labels):
            return frozenset({Rivals(axis)})
    return NONE


def _tries(loop: Block, labels: Labels) -> bool:
    """Whether a loop goes over tries: nothing of the text is picked by its turn, or a few things are gone over."""
    return not _picks(loop, labels) or (1 < (loop.detail.times or 0) <= MOST_TRIES and not loop.labels & DATA)


def goes_over_things(loop: Block, labels: Labels) -> bool:
    """Whether a loop picks nothing of the text, be it that it goes over answers for it, or over a few other things."""
    turn = loop.detail
    if isinstance(turn, Round) and SEVERAL in loop.labels and is_answer(loop.labels):
        return True
    few = isinstance(turn, Round) and not turn.ranges and 1 < (turn.times or 0) <= MOST_TRIES
    return (few and not loop.labels & DATA) or not _picks(loop, labels)


def brought_together(value: Value, asked: Asked) -> Value:
    """What is made of several answers that stood side by side: their mean is one answer."""
    if asked.last in _TOGETHER and is_answer(value.labels):
        for label in (SEVERAL, *rivalry(value.labels)):
            value = without(value, label)
    return value


def is_answer(labels: Labels) -> bool:
    """Whether it is what networks answered for validation tokens, and no loss yet."""
    return {VAL, LOGITS} <= labels and NLL not in labels


def best_of(asked: Asked, walker: Walker) -> Labels:
    """The mark of what is the best of several for each token, () where nothing is picked so."""
    given = asked.arguments[0] if asked.arguments else Value()
    labels = given.all_labels()
    single = len(asked.arguments) == 1 or not any(NLL in one.all_labels() for one in asked.arguments[1:])
    if single and not asked.is_method and given.items is not None and asked.last in ("min", "max", "sorted"):
        several = [item.all_labels() for item in given.items]
        return _marked(asked, len(several) > 1 and all(is_fresh(one, walker.trace) for one in several), walker)
    if single:
        along = not asked.is_method and asked.last in ("min", "max", "sorted") and isinstance(given.ref, Array)
        is_among = _are_rivals(labels) if along else _reduces(asked, labels)
        return _marked(asked, is_among and is_fresh(labels, walker.trace), walker)
    losses = [found for one in asked.arguments if NLL in (found := one.all_labels())]
    if len(losses) < 2 or asked.last not in SMALLEST | LARGEST:
        return NONE
    picks = asked.last in SMALLEST or all(is_fresh(one, walker.trace) and not _is_old(one, walker) for one in losses)
    return _marked(asked, picks, walker)


def smaller(one: Labels, other: Labels, walker: Walker) -> Labels:
    """The mark of a comparison of two losses that the same tokens have by two predictions."""
    if not all(is_fresh(side, walker.trace) and not _is_old(side, walker) for side in (one, other)):
        return NONE
    return frozenset({BETTER}) if losts(one) and losts(other) and losts(one) != losts(other) else NONE


def gap(labels: Labels, one: Labels, other: Labels, op: ast.AST, node: ast.AST, walker: Walker) -> Labels:
    """The labels of a sum or difference: of two losses of the same tokens, or of one and what it is larger by."""
    if not isinstance(op, (ast.Add, ast.Sub)):
        return labels
    if isinstance(op, ast.Sub) and not {GAP, EXCESS} & labels and smaller(one, other, walker):
        return labels | {GAP}
    for loss, by in ((one, other), (other, one)):
        if EXCESS in by and not {GAP, EXCESS} & loss and losts(loss) and losts(loss) <= losts(by):
            walker.note(Kind.LEAST, node, "", labels)
            return (labels - {EXCESS}) | {LEAST}
    return labels


def rectified(asked: Asked) -> Labels:
    """The mark of how far one loss is the larger: `relu(one - other)`, `(one - other).clamp(min=0)`."""
    return frozenset({EXCESS}) if GAP in asked.labels and {VAL, NLL} <= asked.labels else NONE


def chooses_better(test: Labels, *sides: Labels) -> bool:
    """Whether a test asks which of these losses is the smaller, whatever it was called in between."""
    return BETTER in test and all(losts(side) and losts(side) <= losts(test) for side in sides)


def losts(labels: Labels) -> Labels:
    """Which losses, as they were found, something is made of."""
    return frozenset(label for label in labels if isinstance(label, Lost))


def picked_by_best(owner: Value, key: Value, node: ast.AST, walker: Walker) -> Labels:
    """The mark of what is looked up where the best of several stands, or is the first of them in order."""
    labels = owner.all_labels()
    if NLL in labels and key.all_labels() & {BEST, LEAST}:
        walker.note(Kind.LEAST, node, "", labels)
        return frozenset({LEAST})
    ends = key.known and key.const in (0, -1)
    return _end_of(labels, node, walker) if ends else NONE


def picked_first(owner: Value, index: ast.expr, walker: Walker) -> Labels:
    """The mark of the first or last of several in order, or of its place, by a cut: `ordered[:1]`, `ordered[:, 0]`."""
    parts = index.elts if isinstance(index, ast.Tuple) else [index]
    return _end_of(owner.all_labels(), index, walker) if sum(map(_is_end, parts)) == 1 else NONE


def _end_of(labels: Labels, node: ast.AST, walker: Walker) -> Labels:
    if NLL not in labels or not any(isinstance(label, Ranked) for label in labels):
        return NONE
    if PLACES in labels:
        return frozenset({BEST})
    walker.note(Kind.LEAST, node, "", labels)
    return frozenset({LEAST})


def _is_end(part: ast.expr) -> bool:
    """Whether an index is the first or the last: 0, -1, `:1` or `-1:`."""
    if not isinstance(part, ast.Slice):
        return _number(part) in (0, -1)
    begins = part.lower is None or _number(part.lower) == 0
    return (begins and _number(part.upper) == 1) or (part.upper is None and _number(part.lower) == -1)


def _number(node: ast.expr | None) -> Any:
    negative = isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub)
    value = getattr(node.operand if isinstance(node, ast.UnaryOp) else node, "value", None)
    return -value if negative and isinstance(value, int) else value


def relative(labels: Labels, one: Labels, other: Labels, op: ast.AST) -> Labels:
    """The labels of a sum or difference, where the best of several is taken away from all, or added again."""
    if isinstance(op, ast.Sub) and LEAST in other and LEAST not in one and (NLL in one or _are_rivals(one)):
        return (labels - {LEAST}) | {RELATIVE}
    if isinstance(op, (ast.Add, ast.Sub)) and any(
        LEAST in top and RELATIVE in rest for top, rest in ((one, other), (other, one))
    ):
        return labels - {LEAST, RELATIVE}
    return labels


def rivalry(labels: Labels) -> Labels:
    """The marks of several losses side by side, which the best of them is no longer."""
    return frozenset(label for label in labels if isinstance(label, (Rivals, Ranked)) or label == PLACES)


def is_fresh(labels: Labels, trace: Trace) -> bool:
    """Whether it is a loss of validation tokens as it was found, and no sum of losses."""
    if not {VAL, NLL} <= labels or STATE in labels:
        return False
    return not any(isinstance(label, Kept) and trace.scores[label.number].detail == "added" for label in labels)


def _marked(asked: Asked, picks: bool, walker: Walker) -> Labels:
    if not picks:
        return NONE
    if asked.last in INDICES:
        return frozenset({BEST})
    if asked.last in ORDERS and not (asked.last in FIRST_ONES and asked.argument(1, "k").const == 1):
        return frozenset({Ranked()})
    if asked.last in ORDERED_PLACES:
        return frozenset({Ranked(), PLACES})
    walker.note(Kind.LEAST, asked.node, asked.last, asked.labels)
    return frozenset({LEAST})


def _are_rivals(labels: Labels) -> bool:
    return TRIED in labels or any(isinstance(label, Rivals) for label in labels)


def _reduces(asked: Asked, labels: Labels) -> bool:
    """Whether a call goes over the axis that tells several losses apart."""
    axes = [label.axis for label in labels if isinstance(label, Rivals)]
    chosen = next((asked.named[name] for name in _AXES if name in asked.named), None)
    if chosen is None:
        place = 2 if asked.last in FIRST_ONES else 1
        chosen = asked.argument(place) if len(asked.arguments) > place else None
    if chosen is None or not isinstance(chosen.const, int):
        return bool(axes)
    return any(chosen.const in _SAME_AXIS.get(axis, ()) for axis in axes)


def _picks(loop: Block, labels: Labels) -> bool:
    """Whether a loop takes the text part by part."""
    turn = loop.detail
    return (
        not isinstance(turn, Round)
        or turn.number == 0
        or turn.times == 1
        or Turn(turn.number) in labels
        or bool(loop.labels & DATA)
    )


def _is_old(labels: Labels, walker: Walker) -> bool:
    """Whether it is left over from the text before, and not from another prediction of the same tokens."""
    past = {label.line for label in labels if isinstance(label, Past)}
    around = [block for block in walker.trail if block.what == "loop" and block.line in past]
    return len(around) < len(past) or any(_picks(loop, labels) for loop in around)
