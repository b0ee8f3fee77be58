"""Calls that pick by size: of losses of several evaluations they pick the one that scored best."""

from __future__ import annotations

from rules.analysis.flow.base import Asked, Walker
from rules.analysis.flow.events import Kind
from rules.analysis.flow.labels import DATA, NLL, NONE, SEVERAL, TRIED, VAL, Labels
from rules.analysis.flow.objects import Array, Bound, Count, Function
from rules.analysis.flow.rivals import goes_over_things, is_answer
from rules.analysis.flow.values import Value

_PLAIN = {"min", "max", "sorted", "sort", "nsmallest", "nlargest"}
_OF_TENSORS = {"argmin", "argmax", "argsort", "topk", "amin", "nanargmin"}
PICKS = frozenset(_PLAIN | _OF_TENSORS)


def note_pick(walk: Walker, asked: Asked) -> None:
    """Note that something is picked by a loss on validation tokens: of what is given, or what a key makes of it."""
    labels = asked.labels
    if NLL not in labels:
        labels |= _by_key(walk, asked)
    if {VAL, NLL} <= labels:
        walk.note(Kind.PICKED, asked.node, asked.last, labels, detail=asked.node)


def tries(over: Value, found: Labels) -> Labels:
    """The mark of losses, or answers, for each of some things, where these are no part of the text themselves."""
    if {VAL, NLL} <= found:
        return frozenset({TRIED}) if _is_no_text(over) or several_of(over) else NONE
    return frozenset({SEVERAL}) if is_answer(found) and (_is_no_text(over) or several_of(over)) else NONE


def _by_key(walk: Walker, asked: Asked) -> Labels:
    """What the key gives for one of the things that are picked from."""
    key = asked.named.get("key")
    over = asked.argument(1 if asked.last in ("nsmallest", "nlargest") else 0)
    if key is None or not isinstance(key.ref, (Function, Bound)):
        return NONE
    found = walk.apply(key, (walk.element(over),), {}, asked.node).all_labels()
    return found | tries(over, found)


def several_of(over: Value) -> Labels:
    """The mark of several answers for the same tokens that are gone over, in a list or given one by one."""
    labels = over.all_labels()
    several = is_answer(labels) and (SEVERAL in labels or _yielded(over.ref, labels))
    return frozenset({SEVERAL}) if several else NONE


def _yielded(given: object, labels: Labels) -> bool:
    """Whether a generator gives one for each turn of loops that pick nothing of the text."""
    if not isinstance(given, Array) or given.container:
        return False
    calls = [place for place, block in enumerate(given.around) if block.what == "call"]
    loops = [block for block in given.around[calls[-1] :] if block.what == "loop"] if calls else []
    return bool(loops) and all(goes_over_things(loop, labels) for loop in loops)


def _is_no_text(over: Value) -> bool:
    return not over.all_labels() & DATA and not isinstance(over.ref, Count)
