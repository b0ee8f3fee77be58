"""How far bounds reach that are counted from where the chunk of a turn begins.

`for start in range(0, total, 4096): end = min(start + 4096, total)` counts in chunks: `end` is where the next begins,
and `end + 512` so many tokens behind that.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable

from rules.analysis.flow.base import Asked
from rules.analysis.flow.labels import DATA, NONE, Along, Every, Labels, Turn
from rules.analysis.flow.objects import Count
from rules.analysis.flow.values import Value


def moved_along(labels: Labels, one: Value, other: Value, op: ast.AST) -> Labels:
    """The labels of two numbers put together, with how far they reach from where a chunk begins."""
    if not labels or labels & DATA:
        return labels
    by = other.const if type(other.const) is int else None
    if isinstance(op, ast.Add) and by is None and type(one.const) is int:
        one, by = other, one.const
    if by is None:
        return labels
    if isinstance(op, (ast.Add, ast.Sub)):
        return _shifted(labels, one, by if isinstance(op, ast.Add) else -by)
    if isinstance(op, ast.Mult):
        return labels | _begins(one, by)
    whole = isinstance(op, ast.FloorDiv) and by > 0  # so many whole rows: what is left over of them reaches nowhere
    kept = {Along(a.loop, a.size, a.size + (a.at - a.size) // by * by) for a in alongs(labels)} if whole else NONE
    return labels.difference(alongs(labels)) | kept


def least_along(asked: Asked) -> Labels:
    """The labels of the smallest of several numbers: it reaches no further than any of them."""
    given = [list(alongs(one.all_labels())) for one in asked.arguments]
    if sum(map(bool, given)) < 2:
        return asked.labels
    furthest = [_furthest(every) for every in given if every]
    shared = {key for key in furthest[0] if all(key in one for one in furthest)}
    dropped = {a for every in given for a in every if (a.loop, a.size) in shared}
    return asked.labels.difference(dropped) | {Along(*key, min(one[key] for one in furthest)) for key in shared}


def cut_along(labels: Labels, cut: ast.Slice, upper: Value) -> Labels:
    """The labels of a stretch with how far it reaches; of one that is cut again at a plain bound that is not known."""
    ends = frozenset(alongs(upper.labels))
    again = cut.upper is not None and not upper.turns and upper.const != -1
    return (labels.difference(alongs(labels)) if ends or again else labels) | ends


def beyond(learnt: Labels, scored: Labels, loops: Iterable[int]) -> int:
    """How many tokens what is learnt from reaches further than what is scored of the chunk of the same turn."""
    one, other = _furthest(alongs(learnt)), _furthest(alongs(scored))
    numbers = set(loops)
    shared = [key for key in one if key in other and key[0] in numbers and min(one[key], other[key]) >= key[1]]
    return max((one[key] - other[key] for key in shared), default=0)


def alongs(labels: Labels) -> Iterable[Along]:
    """What is said of how far something reaches."""
    return (label for label in labels if isinstance(label, Along))


def _furthest(given: Iterable[Along]) -> dict[tuple[int, int], int]:
    found: dict[tuple[int, int], int] = defaultdict(int)
    for label in given:
        found[label.loop, label.size] = max(found[label.loop, label.size], label.at)
    return dict(found)


def _shifted(labels: Labels, one: Value, by: int) -> Labels:
    known = list(alongs(labels))
    if known:
        return labels.difference(known) | {Along(label.loop, label.size, label.at + by) for label in known}
    turns = [label for label in one.labels if isinstance(label, Turn)]
    steps = [label.of for label in one.labels if isinstance(label, Every) and label.times == 1]
    if len(turns) != 1 or len(steps) != 1 or not isinstance(steps[0], int):
        return labels
    return labels | {Along(turns[0].loop, steps[0], by)}


def _begins(one: Value, size: int) -> Labels:
    """The mark of where a chunk begins, by its number: `number * 4096`, `(number + 1) * 4096`."""
    turns = [label for label in one.labels if isinstance(label, Turn)]
    if len(turns) != 1 or not isinstance(one.ref, Count) or one.place is None or size < 2:
        return NONE
    return frozenset({Along(turns[0].loop, size, size * one.place.offset)})
