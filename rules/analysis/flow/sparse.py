"""Stretches of a text between which others are left out: every eighth window, or steps longer than what is taken.

What a rank leaves out others score, and what a turn of a loop leaves out its other turns may.
"""

from __future__ import annotations

import ast

from rules.analysis.flow.base import Asked
from rules.analysis.flow.labels import NONE, RAMP, RANK, Every, Labels, Part, Turn
from rules.analysis.flow.objects import Count
from rules.analysis.flow.values import NOTHING, Value

_FEWEST = 2
_SHORTEST = 8  # tokens that are a stretch to score, and no look at single ones


def left_out(owner: Value, cut: ast.Slice, lower: Value, upper: Value, step: Value) -> Labels:
    """The mark of `windows[::8]`, and of `text[at : at + width]` where `at` goes on by more than that."""
    if isinstance(owner.ref, Count) and RAMP not in owner.labels:  # a range with steps: `range(first, last)[::8]`
        return frozenset({Every(1, step.const)}) if _skips(step) else NONE
    if _skips(step) and not _is_share(lower):
        return frozenset({Part(step.const)})
    turns = [label for label in lower.labels if isinstance(label, Turn)]
    if cut.lower is None or cut.upper is None or len(turns) != 1:  # another loop may fill what is between
        return NONE
    for label in lower.labels:
        if isinstance(label, Every) and _leaves_gaps(label, cut, lower, upper):
            return frozenset({Part(label.times)})
    return NONE


def steps_of(asked: Asked) -> Labels:
    """The mark of a range with steps of several times something."""
    if len(asked.arguments) != 3 or _is_share(asked.arguments[0]):
        return NONE
    step = getattr(asked.node, "args", [None] * 3)[2]
    if isinstance(asked.arguments[2].const, int) and asked.arguments[2].const >= _FEWEST:
        return frozenset({Every(1, asked.arguments[2].const)})
    if isinstance(step, ast.BinOp) and isinstance(step.op, ast.Mult):
        for times, of in ((step.left, step.right), (step.right, step.left)):
            if isinstance(times, ast.Constant) and isinstance(times.value, int) and times.value >= _FEWEST:
                return frozenset({Every(times.value, ast.unparse(of))})
    return NONE


def sliced(asked: Asked) -> Value | None:
    """`itertools.islice(windows, 0, None, 8)`."""
    if asked.is_method or len(asked.arguments) != 4 or not _skips(asked.arguments[3]):
        return None
    return None if _is_share(asked.arguments[1]) else asked.arguments[0].plus({Part(asked.arguments[3].const)})


def _skips(step: Value) -> bool:
    return isinstance(step.const, int) and step.const >= _FEWEST


def _is_share(start: Value) -> bool:
    """Whether it begins elsewhere for each rank, or in each turn of a loop."""
    return not (start.known or start is NOTHING) or any(one == RANK or isinstance(one, Turn) for one in start.labels)


def _leaves_gaps(step: Every, cut: ast.Slice, lower: Value, upper: Value) -> bool:
    """Whether a stretch ends, with the token that follows it, before the next begins."""
    if isinstance(step.of, int):
        if lower.place is None or upper.place is None or lower.place.base != upper.place.base:
            return False
        return _SHORTEST <= upper.place.offset - lower.place.offset + 1 < step.of
    end = cut.upper
    while isinstance(end, ast.BinOp) and isinstance(end.op, ast.Add) and isinstance(end.right, ast.Constant):
        end = end.left
    if not isinstance(end, ast.BinOp) or not isinstance(end.op, ast.Add) or cut.lower is None:
        return False
    return ast.unparse(end.left) == ast.unparse(cut.lower) and ast.unparse(end.right) == step.of
