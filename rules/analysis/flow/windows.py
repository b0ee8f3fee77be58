"""Windows over a text, one for each position: their last token, and those before it.

A key that is made of whole windows, beside one of windows without their last token, is one of the token that follows.
"""

from __future__ import annotations

import ast

from rules.analysis.flow.base import Asked, Walker
from rules.analysis.flow.labels import INPUT, LOGITS, NLL, TARGET, VAL, Labels, Later, Token, Window
from rules.analysis.flow.objects import Array
from rules.analysis.flow.values import NOTHING, Value

WINDOWS = frozenset({"unfold", "sliding_window_view", "convolve"})


def windows_of(asked: Asked, walker: Walker) -> Value | None:
    """`text.unfold(0, n, 1)`, `sliding_window_view(text, n)`, `np.convolve(text, radix)`."""
    if not asked.arguments or (asked.last == "unfold" and asked.argument(3, "step").const != 1):
        return None
    return _over(asked.arguments[0], walker)


def of_shifts(asked: Asked, walker: Walker) -> Value | None:
    """`torch.stack([text[i : i + length] for i in range(n)], -1)`; rows of a batch stand along the first axis."""
    if asked.is_method or asked.argument(1, "dim", asked.named.get("axis", NOTHING)).const not in (1, -1):
        return None
    array = asked.arguments[0].ref if asked.arguments else None
    return _over(asked.arguments[0], walker) if isinstance(array, Array) and array.container else None


def shortened(labels: Labels, last: ast.expr) -> Labels | None:
    """Labels of windows that are cut along themselves, None where there are none: before the end they lack the last."""
    bases = {label.base for label in labels if isinstance(label, Window)}
    ends = isinstance(last, ast.Slice) and last.upper is not None
    return labels - {Token(base, 0) for base in bases if ends} if bases else None


def _over(text: Value, walker: Walker) -> Value | None:
    labels = text.all_labels()
    if VAL not in labels or labels & {NLL, LOGITS}:
        return None
    of = frozenset(label.base for label in labels if isinstance(label, (Token, Later)))
    base = walker.place_of(("windows", of)).base
    ends = {Token(base, -1)} if INPUT in labels else {Token(base, -1), Token(base, 0)}
    plain = frozenset(one for one in labels if not isinstance(one, (Token, Later))) - {INPUT, TARGET}
    return Value(plain | {Window(base)} | ends)
