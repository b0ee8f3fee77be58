"""In which order two events happen, and which loops they share."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from enum import StrEnum

from rules.analysis.flow.events import Block, Event, Round
from rules.analysis.flow.labels import AGAIN, DATA, Turn


class Order(StrEnum):
    """How one event stands to another."""

    BEFORE = "before"
    AFTER = "after"
    INSTEAD = "instead"  # on another branch: one or the other happens


@dataclass(frozen=True, slots=True)
class Relation:
    """How `one` stands to `other`. `loops` are those around both, outermost first: the order holds within each turn."""

    order: Order
    loops: tuple[Block, ...]
    parts: tuple[Event | Block, Event | Block]  # what of the innermost block around both holds each

    @property
    def in_turn(self) -> bool:
        """Whether both happen in the turns of one loop."""
        return bool(self.loops)


def relation(one: Event, other: Event) -> Relation:
    """How `one` stands to `other` in the program's order."""
    shared = 0
    for first, second in zip(one.trail, other.trail, strict=False):
        if first is not second:
            break
        shared += 1
    around = one.trail[:shared]
    home = around[-1]
    first_part: Event | Block = one.trail[shared] if shared < len(one.trail) else one
    second_part: Event | Block = other.trail[shared] if shared < len(other.trail) else other
    loops = tuple(block for block in around if block.what == "loop")
    if _are_alternatives(first_part, second_part):
        return Relation(Order.INSTEAD, loops, (first_part, second_part))
    places = {id(child): place for place, child in enumerate(home.children)}
    earlier = places[id(first_part)] < places[id(second_part)]
    before = first_part if earlier else second_part
    if isinstance(before, Block) and before.leaves:
        return Relation(Order.INSTEAD, loops, (first_part, second_part))
    return Relation(Order.BEFORE if earlier else Order.AFTER, loops, (first_part, second_part))


def precedes(one: Event, other: Event) -> bool:
    """Whether `one` is over for good when `other` happens: it is before it, and not in turns of one loop."""
    how = relation(one, other)
    return how.order is Order.BEFORE and not how.in_turn


def _are_alternatives(one: Event | Block, other: Event | Block) -> bool:
    """Two branches of one statement."""
    if not (isinstance(one, Block) and isinstance(other, Block) and one is not other):
        return False
    return one.what == other.what == "branch" and _statement(one) is not None and _statement(one) is _statement(other)


def _statement(block: Block) -> ast.AST | None:
    return block.detail[0] if isinstance(block.detail, tuple) else None


def selects(loop: Block, event: Event) -> bool:
    """Whether the loop walks over the data of the event: its variable picks them, or it is no loop that counts."""
    turn = loop.detail
    if not isinstance(turn, Round) or turn.number == 0 or turn.times == 1 or not turn.counts:
        return True
    return Turn(turn.number) in event.labels


def walks(loop: Block, event: Event) -> bool:
    """Whether the loop is known to take the data of the event part by part."""
    turn = loop.detail
    if not isinstance(turn, Round) or turn.number == 0 or turn.times == 1:
        return False
    return Turn(turn.number) in event.labels or (not turn.counts and bool(loop.labels & DATA))


def repeats(loop: Block, event: Event) -> bool:
    """Whether the loop comes back to the same data, turn after turn."""
    return AGAIN in loop.labels or not selects(loop, event)


def first_turn_only(loop: Block, event: Event) -> bool:
    """Whether the event happens on the first turn of the loop alone: `if epoch == 0`."""
    turn = loop.detail
    if not isinstance(turn, Round) or loop not in event.trail:
        return False
    inside = event.trail[event.trail.index(loop) + 1 :]
    for block in inside:
        if block.what == "branch" and isinstance(block.detail, tuple) and Turn(turn.number) in block.labels:
            statement, which = block.detail
            if isinstance(statement, ast.If) and is_first(statement.test) and which == 0:
                return True
    return False


def is_first(test: ast.expr) -> bool:
    """Whether a test holds for the number of the first turn alone."""
    if isinstance(test, ast.Compare) and len(test.ops) == 1 and isinstance(test.ops[0], ast.Eq):
        return any(isinstance(side, ast.Constant) and side.value == 0 for side in (test.left, *test.comparators))
    return isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not)
