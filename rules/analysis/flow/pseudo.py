"""What an answer says of no token in particular, such as its largest probability, put beside losses of those that came.

As a weight that is made before the token is known it may stand; as one more prediction it gives every token the same.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable

from rules.analysis.flow.base import Walker
from rules.analysis.flow.events import Kind
from rules.analysis.flow.labels import ENTROPY, LOGITS, NLL, NONE, PSEUDO, TOP, VAL, Labels, Read
from rules.analysis.flow.trust import is_own
from rules.analysis.flow.values import Value


def top_of(given: Value) -> Labels:
    """The mark of the largest of an answer over all tokens."""
    labels = given.all_labels()
    return frozenset({TOP}) if {VAL, LOGITS} <= labels and NLL not in labels else NONE


def beside(parts: Iterable[Value], node: ast.AST, walker: Walker, name: str = "") -> Labels:
    """The mark of predictions that are put together, of which one says nothing of the token that came."""
    labels = [part.all_labels() for part in parts]
    silent = [one for one in labels if NLL not in one and (TOP in one or _is_entropy(one))]
    losses = [one for one in labels if NLL in one]
    if not silent or not losses:
        return NONE
    sure = any(TOP in one for one in silent) and any(is_own(one, walker) for one in losses)
    if sure or any(map(_is_entropy, silent)):
        walker.note(Kind.BESIDE, node, name, frozenset().union(*labels))
    return frozenset({PSEUDO}) if sure else NONE


def _is_entropy(labels: Labels) -> bool:
    """Whether it is an entropy by itself, and no prediction out of a table that is weighed by one."""
    return ENTROPY in labels and not any(isinstance(label, Read) for label in labels)


def added(labels: Labels, one: Value, other: Value, node: ast.AST, walker: Walker) -> Labels:
    """The labels of a sum or difference: weighed, they are a mixture; the largest that is taken from all is no part."""
    if not isinstance(node, ast.BinOp) or not isinstance(node.op, (ast.Add, ast.Sub)):
        return labels
    first, second = one.all_labels(), other.all_labels()
    if any(TOP in top and LOGITS in rest and NLL not in top | rest for top, rest in ((first, second), (second, first))):
        return labels - {TOP}
    weighed = all(isinstance(part, ast.BinOp) and isinstance(part.op, ast.Mult) for part in (node.left, node.right))
    mixes = weighed and isinstance(node.op, ast.Add) and TOP in first ^ second
    return labels | beside((one, other), node, walker) if mixes else labels
