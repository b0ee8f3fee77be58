"""Passes over the text: how a table was filled before tokens are scored with it.

In a pass of its own, earlier in the same turn, or in an earlier turn of a loop that reads the text pass after pass.
"""

from __future__ import annotations

from dataclasses import dataclass

from rules.analysis.flow.events import Block, Event, Kind, Round
from rules.analysis.flow.labels import EARLIER, NLL, VAL, Turn
from rules.analysis.flow.objects import Array
from rules.analysis.flow.order import Order, Relation, first_turn_only, relation, selects
from rules.analysis.flow.tables import LookUp


@dataclass(frozen=True, slots=True)
class Filling:
    """A table was filled before a token was scored with it. `open`: what is not certain of that, "" where it is.

    `turns`: of the loop that has to turn more than once for it, None where there is none or it surely does.
    """

    write: Event
    what: str
    open: str = ""
    turns: Round | None = None


def filling_of(one: LookUp) -> Filling | None:
    """How the table was filled before it was looked up, None where each token is scored before it is written."""
    early = (write for write in one.written_by(VAL) if EARLIER not in write.labels)
    writes = [(write, relation(write, one.read)) for write in early]
    in_turn = [(write, how) for write, how in writes if _turning(how.loops, one)]
    for write, how in writes:
        if how.order is Order.BEFORE and not _turning(how.loops, one):
            again = "the same loop fills it further" if in_turn else ""
            return Filling(write, "the text in a pass of its own, before this one scores it", again)
    for write, how in in_turn:
        if how.order is Order.BEFORE and not _is_loss(write):
            return Filling(write, "tokens in the same turn, before they are scored", "which tokens it writes")
    for write, how in in_turn:
        loop = None if _is_loss(write) else _comes_again(how, write, one.read, one.score)
        if loop is not None:
            what = f"the same text in an earlier turn of the loop at line {loop.line}"
            if loop.detail.times:
                return Filling(write, what)
            return Filling(write, what, "whether that loop turns more than once", loop.detail)
    return None


def _turning(loops: tuple[Block, ...], one: LookUp) -> bool:
    """Whether a loop around both goes through the text."""
    return any(selects(loop, one.read) or selects(loop, one.score) for loop in loops)


def _is_loss(write: Event) -> bool:
    """Whether it is no count of text that is changed, but what was computed for each position."""
    table = write.detail
    return isinstance(table, Array) and NLL in table.labels


def _comes_again(how: Relation, write: Event, read: Event, score: Event) -> Block | None:
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
