"""Weights that are made of the losses of the very tokens whose probabilities they then weigh.

Losses of tokens before are no such thing: what a turn has left, what sums and arrays remember, what is cut off before
the end or moved on by a place.
"""

from __future__ import annotations

import ast

from rules.analysis.flow.aims import is_of_this_turn
from rules.analysis.flow.base import Asked, Walker
from rules.analysis.flow.events import Kind
from rules.analysis.flow.labels import (
    BETTER,
    ENTROPY,
    EXCESS,
    GAP,
    LEAST,
    LOGITS,
    NLL,
    NONE,
    OWNED,
    PRIOR,
    SPREAD,
    STATE,
    TOLD,
    TRUST,
    VAL,
    Kept,
    Labels,
    Past,
)
from rules.analysis.flow.rivals import losts
from rules.analysis.flow.values import Value

SQUASHES = frozenset({"sigmoid", "expit", "tanh", "softmax", "log_softmax", "logsigmoid", "softmin"})
MOVES = frozenset({"roll", "cumsum", "cumulative_sum", "accumulate", "lfilter", "shift", "logcumsumexp", "cummin"})


def is_own(labels: Labels, walker: Walker) -> bool:
    """Whether it is made of losses of validation tokens of this turn, that were surely taken at these tokens."""
    if not {VAL, NLL, TOLD} <= labels or STATE in labels or PRIOR in labels:
        return False
    if any(isinstance(label, Past) for label in labels):
        return False
    kept = (walker.trace.scores[label.number] for label in labels if isinstance(label, Kept))
    return all(score.detail == "kept" and is_of_this_turn(score, walker) for score in kept)


def squashed(asked: Asked, walker: Walker) -> Labels:
    """The mark of a share that is made of own losses: `torch.sigmoid(nll - other)`."""
    return _trusted(asked.arguments[0].all_labels() if asked.arguments else NONE, asked.node, walker)


def by_itself(one: Labels, other: Labels, node: ast.AST, walker: Walker) -> bool:
    """Whether a product is of a loss and of something that is made of the same loss alone, and is no share or test.

    A square is for the spread of losses.
    """
    if isinstance(node, ast.BinOp) and ast.dump(node.left) == ast.dump(node.right):
        return False
    marks = (TRUST, OWNED, GAP, EXCESS, BETTER, LEAST, SPREAD, ENTROPY)
    if any(mark in one | other for mark in marks) or not is_own(one, walker) or not is_own(other, walker):
        return False
    return losts(one) == losts(other) != NONE


def moved_on(asked: Asked) -> Value | None:
    """Losses that are summed up along the text or moved on by a place are of tokens before."""
    return Value(asked.labels | {PRIOR}) if NLL in asked.labels else None


def owned(one: Value, other: Value, op: ast.AST, node: ast.AST, walker: Walker) -> Labels:
    """Marks of two values together: a share by hand, `1 / (1 + exp(loss))`, and what is weighed by own losses."""
    first, second = one.all_labels(), other.all_labels()
    if isinstance(op, ast.Div):
        return _trusted(second, node, walker) if one.known and not other.known else NONE
    if not isinstance(op, (ast.Mult, ast.Add, ast.Sub)):
        return NONE
    pairs = ((first, second), (second, first))
    if isinstance(op, ast.Mult):
        found = any(
            _is_trust(weight, walker) and TRUST not in part and _answers(part, walker) for weight, part in pairs
        )
    else:
        found = any(_is_weighed(part, walker) and TRUST not in rest and is_own(rest, walker) for part, rest in pairs)
    if not found:
        return NONE
    walker.note(Kind.TRUSTED, node, "", first | second)
    return frozenset({OWNED})


def _trusted(labels: Labels, node: ast.AST, walker: Walker) -> Labels:
    if not is_own(labels, walker):
        return NONE
    walker.note(Kind.TRUST, node, "", labels)
    return frozenset({TRUST})


def _is_weighed(labels: Labels, walker: Walker) -> bool:
    """Whether it is a logarithm of a share."""
    return is_own(labels, walker) and TRUST in labels


def _is_trust(labels: Labels, walker: Walker) -> bool:
    return TRUST in labels and is_own(labels, walker)


def _answers(labels: Labels, walker: Walker) -> bool:
    """Whether it is an answer over all tokens, or what one has at the token that came."""
    return is_own(labels, walker) or (VAL in labels and LOGITS in labels and NLL not in labels)
