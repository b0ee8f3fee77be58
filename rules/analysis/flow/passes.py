"""Whether a loop reads the same text pass after pass, and what one pass left in a table is there in the next."""

from __future__ import annotations

from rules.analysis.flow.events import Block, Event, Kind, Round
from rules.analysis.flow.objects import Array
from rules.analysis.flow.order import Order, Relation, first_turn_only, selects
from rules.analysis.flow.values import Turn


def comes_again(how: Relation, write: Event, read: Event, score: Event) -> Block | None:
    """The loop in whose later turns a table is looked up that earlier turns filled with the same text.

    `how` is how the write stands to the read. None where each pass begins with a table of its own.
    """
    if how.order is Order.INSTEAD and not _turn_by_turn(how):
        return None
    for place, loop in enumerate(how.loops):
        inner = how.loops[place + 1 :]
        if not _is_pass(loop, inner, write, read, score) or _begins_anew(loop, read.detail):
            continue
        if not first_turn_only(loop, read) and not first_turn_only(loop, score):
            return loop
    return None


def _is_pass(loop: Block, inner: tuple[Block, ...], write: Event, read: Event, score: Event) -> bool:
    """Whether each turn of a loop goes through the text by a loop inside, and none of it picks what it goes through."""
    turn = loop.detail
    if not isinstance(turn, Round) or turn.number == 0 or turn.times == 1 or not turn.counts:
        return False
    if loop not in score.trail or any(Turn(turn.number) in event.labels for event in (write, read, score)):
        return False
    return any(_goes_through(one, read) for one in inner)


def _goes_through(loop: Block, read: Event) -> bool:
    turn = loop.detail
    return isinstance(turn, Round) and turn.number != 0 and selects(loop, read)


def _begins_anew(loop: Block, table: object) -> bool:
    """Whether a table is made, or emptied, in each turn of a loop."""
    if not isinstance(table, Array) or loop in table.around:
        return True
    return any(event.kind is Kind.RESET and event.detail is table for event in loop.events())


def _turn_by_turn(how: Relation) -> bool:
    """Whether one of two branches is taken in some turns of a loop, and the other in others."""
    turns = {Turn(loop.detail.number) for loop in how.loops if isinstance(loop.detail, Round)}
    return any(isinstance(part, Block) and bool(turns & part.labels) for part in how.parts)
