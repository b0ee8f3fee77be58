"""Weights of distributions that are made of the very token that is scored.

A weight by the text before a token leaves a mixture a distribution; one by the token that came gives each token another
mixture, and these sum up to no more than chance has it. Whether a weight is so shows only where the token is picked:
until then a distribution carries, as `Aim`, what its weights were made of.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence

from rules.analysis.flow.base import Walker
from rules.analysis.flow.events import Event, Kind
from rules.analysis.flow.labels import (
    AIMED,
    HELD,
    HINTED,
    LOGITS,
    NLL,
    NONE,
    STATE,
    TARGET,
    VAL,
    Aim,
    Label,
    Labels,
    Past,
    Read,
    Token,
)
from rules.analysis.flow.marks import is_logarithm
from rules.analysis.flow.objects import Array
from rules.analysis.flow.values import Value


def aims(value: Value, walker: Walker) -> Labels:
    """What a weight or a test is made of in this turn: the target, or tokens at positions.

    Not what earlier turns have left, nor counts of text, which other rules are about.
    """
    labels = of_turn(value, walker)
    if labels & {LOGITS, NLL, STATE, HINTED} or any(isinstance(label, Past) for label in labels):
        return NONE
    found = NONE if HELD in labels else aimed(labels)
    reads = [walker.trace.reads[label.number] for label in labels if isinstance(label, Read)]
    counts = [read for read in reads if isinstance(read.detail, Array) and read.detail.writes]
    for read in reads:
        if read not in counts and is_of_this_turn(read, walker):
            found |= _made_of(read.labels)
    return found if counts or HELD in labels else found | _made_of(labels)


def of_turn(value: Value, walker: Walker) -> Labels:
    """Its labels; the targets of this batch that an array was filled with row by row are held no longer than it."""
    labels = value.all_labels()
    is_new = HELD in labels and isinstance(value.ref, Array) and _is_made_in_turn(value.ref, walker)
    return labels - {HELD} if is_new else labels


def aimed(labels: Labels) -> Labels:
    """Those that say what a weight is made of."""
    return frozenset(label for label in labels if isinstance(label, Aim))


def hinted(one: Value, other: Value) -> Labels:
    """Of `hint == target`: what a tilt of the hinted token gives at the token that came, and no weight of a class."""
    sides = ((one, other), (other, one))
    return frozenset({HINTED}) if any(_is_token(side) and not by.known for side, by in sides) else NONE


def _is_token(value: Value) -> bool:
    """Whether it is the token itself, and not what a table has for it."""
    labels = value.all_labels()
    return VAL in labels and bool(_made_of(labels)) and not any(isinstance(label, (Read, Aim)) for label in labels)


def weighed(labels: Labels, one: Value, other: Value, node: ast.AST, walker: Walker) -> Labels:
    """The labels of a product or a sum, with what a distribution in it is weighed by: logarithms are so by sums."""
    for part, by in ((one, other), (other, one)):
        if LOGITS in part.all_labels() and not {LOGITS, NLL} & by.all_labels() and NLL not in part.all_labels():
            return _weighed_by(labels, part, by, node, walker)
    return labels


def mixed(one: Value, other: Value, op: ast.AST, node: ast.AST, walker: Walker) -> Labels:
    """Labels of a product or a sum with the probability of the token that came, beside those of its parts."""
    if isinstance(op, ast.Mult):
        found = _at_token(one, other, walker) or _at_token(other, one, walker)
        return _noted(found, node, one.all_labels() | other.all_labels(), walker)
    if not isinstance(op, (ast.Add, ast.Sub)):
        return NONE
    by = _by_logarithm(one, other, node, walker)  # of a weight, beside that of the probability
    return _noted(by, node, one.all_labels() | other.all_labels(), walker) or mixed_beside((one, other), node, walker)


def _by_logarithm(one: Value, other: Value, node: ast.AST, walker: Walker) -> Labels:
    """Which of what a weight is made of is the token that came, where its logarithm is added."""
    if not isinstance(node, ast.BinOp):
        return NONE
    for part, by, weight in ((one, other, node.right), (other, one, node.left)):
        if is_logarithm(weight) and NLL not in by.all_labels():
            return _at_token(part, by, walker)
    return NONE


def blended(labels: Labels, parts: tuple[Value, ...], by: Value, node: ast.AST, walker: Walker) -> Labels | None:
    """The labels of `lerp(one, other, by)` and of `where(by, one, other)`, None where no distributions are in it."""
    taken = frozenset[Label]().union(*(part.all_labels() for part in parts))
    if LOGITS not in taken or NLL in taken:
        return None
    return _weighed_by(labels, Value(taken), by, node, walker)


def _weighed_by(labels: Labels, part: Value, by: Value, node: ast.AST, walker: Walker) -> Labels:
    """Where the text itself counts as the target, nothing can be told."""
    own = part.all_labels()
    found = frozenset(aim for aim in aims(by, walker) if isinstance(aim, Aim) and aim.at not in own)
    every = found | frozenset(label for label in own if isinstance(label, Aim) and label.at not in own)
    return (labels - _ats(every)) | _noted(found, node, own, walker)


def picked(answer: Labels, key: Labels, node: ast.AST, walker: Walker) -> Labels:
    """Labels of what an answer has at a token, beside its own: whether a weight of it was made of that token."""
    new = key - answer  # where the text itself counts as the target, nothing can be told
    hit = frozenset(label.at for label in answer if isinstance(label, Aim) and label.at in new)
    return _hit(hit, answer | key, node, walker)


def _at_token(part: Value, by: Value, walker: Walker) -> Labels:
    """Which of what a weight is made of is the token that a probability was picked at."""
    labels = part.all_labels()
    if NLL not in labels or STATE in labels:
        return NONE
    came = _came(labels)
    return frozenset(aim for aim in aims(by, walker) if isinstance(aim, Aim) and aim.at in came)


def mixed_beside(parts: Sequence[Value], node: ast.AST, walker: Walker) -> Labels:
    """The mark of two probabilities of the token that came, added up or put side by side, both weighed by it."""
    labels = [part.all_labels() for part in parts]
    every = frozenset[Label]().union(*labels)
    if len(parts) != 2 or NLL not in every or STATE in every:
        return NONE
    first, second = (_ats(own if NLL in own else aims(part, walker)) for part, own in zip(parts, labels, strict=True))
    came = frozenset[Token | str]().union(*(_came(own) for own in labels if NLL in own))
    return _hit(first & second & came, every, node, walker)


def _noted(found: Labels, node: ast.AST, labels: Labels, walker: Walker) -> Labels:
    if found:
        walker.note(Kind.WEIGHED, node, "", labels | {VAL}, detail=_ats(found))
    return found


def _hit(hit: frozenset[Token | str], labels: Labels, node: ast.AST, walker: Walker) -> Labels:
    if not hit:
        return NONE
    walker.note(Kind.AIMED, node, "", labels, detail=hit)
    return frozenset({AIMED})


def _ats(labels: Labels) -> frozenset[Token | str]:
    return frozenset(label.at for label in labels if isinstance(label, Aim))


def _came(labels: Labels) -> frozenset[Token | str]:
    """The token that a probability was picked at: the target, else the last at its positions."""
    if TARGET in labels:
        return frozenset({TARGET})
    tokens = [label for label in labels if isinstance(label, Token)]
    return frozenset(one for one in tokens if not any(o.base == one.base and o.offset > one.offset for o in tokens))


def _made_of(labels: Labels) -> Labels:
    """Which tokens of the validation text something is made of, or looked up at."""
    if VAL not in labels:
        return NONE
    found = {Aim(label) for label in labels if isinstance(label, Token)}
    return frozenset(found | {Aim(TARGET)} if TARGET in labels else found)


def _is_made_in_turn(array: Array, walker: Walker) -> bool:
    """Whether an array is made in the turn of the loops around that is walked now: it holds nothing of earlier ones."""
    made, now = ([id(block) for block in trail if block.what == "loop"] for trail in (array.around, walker.trail))
    return bool(now) and made == now


def is_of_this_turn(event: Event, walker: Walker) -> bool:
    """Whether something happened in the turn of the loops around that is walked now."""
    for then, now in zip(event.trail, walker.trail, strict=False):
        if then is not now:
            return not (then.what == now.what == "loop" and then.line == now.line)
    return True
