"""How far a loop had come when it ended, and what begins there: the rest, which no turn of it reached."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from rules.analysis.flow.events import Block, Event, Round
from rules.analysis.flow.labels import DATA, NLL, Came, Labels, Turn
from rules.analysis.flow.objects import Count
from rules.analysis.flow.order import walks
from rules.analysis.flow.values import Value
from rules.syntax import walk


def leave(names: dict[str, Value], begins: dict[str, Value], loop: ast.AST, turn: object) -> None:
    """Mark the numbers that a loop leaves behind: those of its last turn, or what it counted up by itself."""
    number = turn.number if isinstance(turn, Round) else 0
    counted = set() if number else _asked(loop) & _stored(loop)
    for name, value in names.items():
        if begins.get(name) is not value and (Turn(number) in value.labels if number else name in counted):
            names[name] = _come_to(value, getattr(loop, "lineno", 1))


def returned(value: Value, trail: Sequence[Block]) -> Value:
    """What a function gives back out of the turn of a loop."""
    loops: list[Block] = []
    for block in reversed(trail):
        if block.what == "call":
            break
        if block.what == "loop" and isinstance(block.detail, Round) and block.detail.number:
            loops.append(block)
    for loop in loops:
        number = loop.detail.number
        if value.items is not None:
            items = [_come_to(one, loop.line) if Turn(number) in one.labels else one for one in value.items]
            value = Value(value.labels, value.const, tuple(items), value.ref, value.place, value.optional)
        elif Turn(number) in value.labels:
            value = _come_to(value, loop.line)
    return value


def begins_at(lower: Value) -> Labels:
    """The mark of what begins where a loop had come to."""
    came = {label for label in lower.labels if isinstance(label, Came) and label.side == "to"}
    return frozenset(Came(label.line, "from") for label in came)


def is_rest(score: Event, learn: Event) -> bool:
    """Whether what is scored begins where the loop had come to that learns part by part."""
    ended = (loop for loop in learn.loops() if loop not in score.trail and Came(loop.line, "from") in score.labels)
    return any(walks(loop, learn) or getattr(loop.detail, "number", 1) == 0 for loop in ended)


def _come_to(value: Value, line: int) -> Value:
    """The same, where it is a number: what holds many things tells nothing of the last."""
    is_number = value.items is None and (value.ref is None or isinstance(value.ref, Count))
    return value.plus({Came(line)}) if is_number and not value.labels & (DATA | {NLL}) else value


def _asked(loop: ast.AST) -> set[str]:
    """The names that the test of a loop asks for."""
    test = getattr(loop, "test", None)
    return set() if test is None else {node.id for node in walk(test) if isinstance(node, ast.Name)}


def _stored(loop: ast.AST) -> set[str]:
    return {n.id for n in walk(loop) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
