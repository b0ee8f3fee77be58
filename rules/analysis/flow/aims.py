"""Weights of distributions that are made of the very token that is scored.

A weight by the text before a token leaves a mixture a distribution; one by the token that came gives each token another
mixture, and these sum up to no more than chance has it. Whether a weight is so shows only where the token is picked:
until then a distribution carries, as `Aim`, what its weights were made of.
"""

from __future__ import annotations

import ast

from rules.analysis.flow.base import Walker
from rules.analysis.flow.events import Event, Kind
from rules.analysis.flow.objects import Array
from rules.analysis.flow.values import (
    AIMED,
    HELD,
    LOGITS,
    NLL,
    NONE,
    STATE,
    TARGET,
    VAL,
    Aim,
    Labels,
    Past,
    Read,
    Token,
    Value,
)


def aims(value: Value, walker: Walker) -> Labels:
    """What a weight or a test is made of in this turn: the target, or tokens at positions.

    Not what earlier turns have left, nor counts of text, which other rules are about.
    """
    labels = value.all_labels()
    if labels & {LOGITS, NLL, STATE} or any(isinstance(label, Past) for label in labels):
        return NONE
    found = NONE if HELD in labels else frozenset(label for label in labels if isinstance(label, Aim))
    reads = [walker.trace.reads[label.number] for label in labels if isinstance(label, Read)]
    counts = [read for read in reads if isinstance(read.detail, Array) and read.detail.writes]
    for read in reads:
        if read not in counts and _is_of_this_turn(read, walker):
            found |= _made_of(read.labels)
    return found if counts or HELD in labels else found | _made_of(labels)


def weighed(one: Value, other: Value, op: ast.AST, node: ast.AST, walker: Walker) -> Labels:
    """Labels of a product or a sum, beside those of its parts."""
    if isinstance(op, (ast.Mult, ast.Div)):
        for part, by in ((one, other), (other, one)):
            found = _on(part, by, walker)
            if found:
                return _noted(found, node, part, walker)
    if isinstance(op, (ast.Add, ast.Sub)):
        return _mixed(one, other, node, walker)
    return NONE


def blended(parts: tuple[Value, ...], by: Value, node: ast.AST, walker: Walker) -> Labels:
    """Labels of `lerp(one, other, by)` and of `where(by, one, other)`."""
    if not any(LOGITS in part.all_labels() for part in parts):
        return NONE
    taken = frozenset[object]().union(*(part.all_labels() for part in parts))
    if NLL in taken:
        return NONE
    found = frozenset(aim for aim in aims(by, walker) if isinstance(aim, Aim) and aim.at not in taken)
    return _noted(found, node, parts[0], walker)


def picked(answer: Labels, key: Labels, node: ast.AST, walker: Walker) -> Labels:
    """Labels of what an answer has at a token, beside its own: whether a weight of it was made of that token."""
    new = key - answer  # where the text itself counts as the target, nothing can be told
    hit = frozenset(label.at for label in answer if isinstance(label, Aim) and label.at in new)
    return _hit(hit, answer | key, node, walker)


def _on(part: Value, by: Value, walker: Walker) -> Labels:
    labels = part.all_labels()
    if LOGITS in labels and NLL not in labels:
        return frozenset(aim for aim in aims(by, walker) if isinstance(aim, Aim) and aim.at not in labels)
    if NLL in labels and STATE not in labels:
        came = _came(labels)
        return frozenset(aim for aim in aims(by, walker) if isinstance(aim, Aim) and aim.at in came)
    return NONE


def _mixed(one: Value, other: Value, node: ast.AST, walker: Walker) -> Labels:
    """The sum of two probabilities of the token that came, of which both are weighed by it."""
    first, second = one.all_labels(), other.all_labels()
    if NLL not in first | second or STATE in first | second:
        return NONE
    both = [_ats(labels if NLL in labels else aims(part, walker)) for part, labels in ((one, first), (other, second))]
    came = frozenset[object]().union(*(_came(labels) for labels in (first, second) if NLL in labels))
    return _hit(both[0] & both[1] & came, first | second, node, walker)


def _noted(found: Labels, node: ast.AST, part: Value, walker: Walker) -> Labels:
    if found:
        walker.note(Kind.WEIGHED, node, "", part.all_labels() | {VAL}, detail=_ats(found))
    return found


def _hit(hit: frozenset[object], labels: Labels, node: ast.AST, walker: Walker) -> Labels:
    if not hit:
        return NONE
    walker.note(Kind.AIMED, node, "", labels, detail=hit)
    return frozenset({AIMED})


def _ats(labels: Labels) -> frozenset[object]:
    return frozenset(label.at for label in labels if isinstance(label, Aim))


def _came(labels: Labels) -> frozenset[object]:
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


def _is_of_this_turn(read: Event, walker: Walker) -> bool:
    """Whether a look-up happened in the turn of the loops around that is walked now."""
    for then, now in zip(read.trail, walker.trail, strict=False):
        if then is not now:
            return not (then.what == now.what == "loop" and then.line == now.line)
    return True
