"""The loss or the probability of the token that came, put together with something else that is made of the text.

Other rules know shapes of it that are no probability, and some that are. This only keeps where it happens, so that what
none of them understands is not passed over.
"""

from __future__ import annotations

import ast

from rules.analysis.flow.base import Asked, Walker
from rules.analysis.flow.events import Kind
from rules.analysis.flow.labels import (
    BYTES,
    HINTED,
    LENGTH,
    LOGITS,
    MATCHED,
    NLL,
    NONE,
    STATE,
    TARGET,
    VAL,
    Blend,
    Labels,
    Read,
)
from rules.analysis.flow.values import Value

_KNOWN = frozenset({NLL, LOGITS, STATE, LENGTH, BYTES, HINTED, MATCHED})


def blended_in(one: Value, other: Value, op: ast.AST, node: ast.AST, walker: Walker) -> Labels:
    """The mark of a sum. A product may be a mean times how many tokens it is of."""
    if not isinstance(op, (ast.Add, ast.Sub)):
        return NONE
    for loss, by in ((one.all_labels(), other.all_labels()), (other.all_labels(), one.all_labels())):
        if _is_loss(loss) and not by & _KNOWN and _is_of_text(by, walker):
            return _noted(loss | by, node, walker)
    return NONE


def chosen_by_itself(asked: Asked, walker: Walker) -> Labels:
    """The mark of `where(test, one, other)` whose test asks for the loss itself, or for the token that came."""
    if len(asked.arguments) != 3:
        return NONE
    test, *sides = (argument.all_labels() for argument in asked.arguments)
    asks = VAL in test and not test & {STATE, HINTED, MATCHED} and bool(test & {NLL, TARGET})
    return _noted(asked.labels, asked.node, walker) if asks and any(map(_is_loss, sides)) else NONE


def _is_loss(labels: Labels) -> bool:
    return {VAL, NLL} <= labels and STATE not in labels


def _is_of_text(labels: Labels, walker: Walker) -> bool:
    """Whether it is made of validation tokens, or was looked up by them."""
    reads = (walker.trace.reads[label.number] for label in labels if isinstance(label, Read))
    return VAL in labels or any(VAL in read.labels for read in reads)


def _noted(labels: Labels, node: ast.AST, walker: Walker) -> Labels:
    walker.trace.blends.append(walker.note(Kind.BLEND, node, "", labels))
    return frozenset({Blend(len(walker.trace.blends) - 1)})
