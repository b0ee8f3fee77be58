"""What arithmetic makes of losses and probabilities: what several rules must tell apart later, as labels.

- `ENTROPY`: p·log p over all tokens, which says nothing of the token that came;
- `SHARE`: a loss divided by a number of bytes, `SPREAD`: a probability for each byte that is made of such a share;
- `MATCHED`: whether what a file holds for a place is the token that came there;
- `GATED`: the product of two things that both depend on the token that came: a weight made of its own loss.
"""

from __future__ import annotations

import ast

from rules.analysis.flow.labels import (
    CLOCK,
    EARLIER,
    ENTROPY,
    GATED,
    GEN,
    LENGTH,
    LOGITS,
    MATCHED,
    NLL,
    NONE,
    OWN,
    PACKED,
    RANK,
    SCALED,
    SHARE,
    SPREAD,
    STATE,
    STORED,
    TRAIN,
    VAL,
    First,
    Labels,
    Limit,
)
from rules.analysis.flow.values import Value
from rules.syntax import walk

_BEGINS = frozenset({RANK, OWN})
_KNOWING = frozenset({VAL, TRAIN, GEN, LOGITS, NLL})
_ANSWERED = frozenset({NLL, LOGITS, STORED, PACKED})
_NO_TEXT = frozenset({NLL, LOGITS, TRAIN})
_LEAST_SHIFT, _MOST_SHIFT = 1.0e-5, 0.1  # nats or bits


def marked(one: Labels, other: Labels, op: ast.AST) -> Labels:
    """Labels that a result has beside those of its parts."""
    if isinstance(op, ast.Mult):
        return _product(one, other)
    if isinstance(op, ast.Div) and NLL in one and LENGTH in other and NLL not in other:
        return frozenset({SHARE})
    if isinstance(op, ast.Pow) and NLL in one and LENGTH in other:
        return frozenset({SPREAD})
    return NONE


def _product(one: Labels, other: Labels) -> Labels:
    if NLL in one and NLL in other and STATE not in one | other:
        return frozenset({GATED})
    if LOGITS in one and LOGITS in other and NLL not in one | other:
        return frozenset({ENTROPY})
    if any(NLL in loss and LENGTH in share for loss, share in ((one, other), (other, one))):
        return frozenset({SHARE})
    return NONE


def matched(one: Labels, other: Labels) -> Labels:
    """Of whether two things are equal: what is stored, by itself and looked up by no token, and a token that came."""
    for stored, came in ((one, other), (other, one)):
        if VAL in came and not came & _ANSWERED and _is_kept(stored):
            return frozenset({MATCHED})
    return NONE


def packed(labels: Labels) -> Labels:
    """Labels of something compressed: validation text is so put away, whichever part of it."""
    if VAL in labels and not labels & _NO_TEXT:
        labels = frozenset(label for label in labels if not isinstance(label, First))
    return labels | {PACKED}


def _is_kept(labels: Labels) -> bool:
    """Whether something was put away before and told no more since."""
    return (STORED in labels and not labels & _KNOWING) or ({PACKED, VAL} <= labels and not labels & _NO_TEXT)


def limited(one: Value, other: Value) -> Labels:
    """Of a clock and a plain number that are compared, or added up to a time to come: the number."""
    for time, by in ((one, other), (other, one)):
        if CLOCK in time.labels and isinstance(by.const, (int, float)) and by.const > 1:
            return frozenset({Limit(float(by.const))})
    return NONE


def is_mixture(one: Labels, other: Labels, op: ast.AST) -> bool:
    """Whether a loss that was made smaller is a weighted term beside another."""
    if not isinstance(op, (ast.Add, ast.Sub)):
        return False
    return any(SCALED in part and rest for part, rest in ((one, other), (other, one)))


def is_shifted(one: Value, other: Value, op: ast.AST) -> bool:
    """Whether a small constant is added to a loss; the smallest keep a logarithm or a division from failing."""
    if not isinstance(op, (ast.Add, ast.Sub)):
        return False
    return any(
        {VAL, NLL} <= loss.labels and isinstance(by.const, float) and _LEAST_SHIFT < abs(by.const) < _MOST_SHIFT
        for loss, by in ((one, other), (other, one))
    )


def is_own_share(part: ast.expr, whole: ast.expr | None) -> bool:
    """Whether a thing is divided by its own sum: `weights / weights.sum()`."""
    if whole is None or not isinstance(part, (ast.Name, ast.Attribute, ast.Subscript)):
        return False
    calls = [node for node in walk(whole) if isinstance(node, ast.Call)]
    sums = [node for node in calls if getattr(node.func, "attr", getattr(node.func, "id", "")) == "sum"]
    owners = [one for node in sums for one in (getattr(node.func, "value", None), *node.args) if one is not None]
    if not owners:
        return False
    name = ast.dump(part).replace("Store", "Load")
    return any(ast.dump(one) == name for one in owners)


def exponent(labels: Labels) -> Labels:
    """Labels of `exp` of something, beside its own."""
    return frozenset({SPREAD}) if SHARE in labels and NLL in labels else NONE


def before_own(lower: Value, upper: Value) -> Labels:
    """Of what ends where the share of this process begins: it was scored by others, who come before."""
    if EARLIER in lower.labels:
        return frozenset({EARLIER})
    return (
        frozenset({EARLIER}) if (OWN in upper.labels or RANK in upper.labels) and not _BEGINS & lower.labels else NONE
    )


def begins_own(owner: Value, key: Value) -> bool:
    """Whether `windows[0]` is the first of the share of this process, or `windows[first]`."""
    if RANK in key.labels:
        return True
    return RANK in owner.labels and key.known and key.const == 0 and not owner.turns


def is_logarithm(node: ast.AST | None) -> bool:
    """Whether a term is a log-probability, which is taken away from a sum to score it."""
    while node is not None:
        if isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if "log" in name.casefold():
                return True
            if node.args and is_logarithm(node.args[0]):
                return True
            node = getattr(node.func, "value", None)
        elif isinstance(node, ast.BinOp):
            if is_logarithm(node.right):
                return True
            node = node.left
        elif isinstance(node, ast.Name):
            return "log" in node.id.casefold()
        else:
            node = getattr(node, "value", getattr(node, "operand", None))
    return False
