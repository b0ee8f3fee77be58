"""What the parts of the walker know of each other."""

from __future__ import annotations

import ast
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from rules.analysis.configuration import Configuration
from rules.analysis.flow.events import Block, Event, Kind, Trace
from rules.analysis.flow.labels import LEAST, NLL, NONE, TOLD, VAL, Kept, Labels, Lost, Token
from rules.analysis.flow.objects import Array, Count, Function, Instance, Scope
from rules.analysis.flow.values import NOTHING, Value

_LOSS = re.compile(r"loss|cross_entropy|nll|kl_div", re.I)
FAR = 1_000_000  # how far back an index points from which something unknown was taken away
FEW = 8  # numbers that are counted through to reach further back or ahead: of more, each is a position of its own
Arguments = tuple[Value, ...]
Named = dict[str, Value]


class Leave(Exception):  # noqa: N818 - control flow of the walk
    """The rest of the block is not reached."""


@dataclass(slots=True, eq=False)
class Asked:
    """A call of something of a library. A method of an unknown value is named `().…`, and its owner comes first.

    `last` is the last part of the name, `labels` those of all arguments together.
    """

    name: str
    last: str
    arguments: Arguments
    named: Named
    node: ast.AST
    labels: Labels

    @property
    def is_method(self) -> bool:
        """Whether it is called on a value that is not known."""
        return self.name.startswith("().")

    def argument(self, position: int, name: str = "", default: Value = NOTHING) -> Value:
        """An argument by its position or name."""
        if position < len(self.arguments):
            return self.arguments[position]
        return self.named.get(name, default)


@dataclass(frozen=True, slots=True)
class Answered:
    """A call of a network: which were asked, and how many arguments they were given."""

    asked: frozenset[Instance]
    given: int


class Walker(ABC):
    """State of a walk, and what each part asks of the others."""

    configuration: Configuration
    trace: Trace
    trail: list[Block]
    scope: Scope
    returned: list[list[Value]]
    times: dict[ast.AST, int]
    printers: dict[ast.AST, bool]  # functions, and whether they print what they are given
    asked: dict[ast.expr, list[str]]  # tests, and the names in them
    steps: int
    parts: int  # of networks that were asked, in methods of theirs
    depth: int
    changes: int  # grows when something is learnt that a second walk of a loop would see
    uncertain: int  # branches and loops around, that may not be taken
    bases: int
    places: dict[object, int]  # bases of indices of which nothing is known, by where they stand, or of what
    loops: int
    smaller: bool  # inside a branch that is taken where one loss is smaller than another
    doubt: bool = False  # switches that are off by the script's own default may have been on
    made: dict[str, Value]  # modules that the program makes at run time, by name
    answered: Answered | None = None  # the last call of a network
    once: bool  # loops are walked once only: an outer loop is walked for the first time
    seen: Mapping[ast.If, bool]  # which side of a statement a log shows to have run
    turning: list[ast.AST]  # the loops around
    left: list[list[dict[str, Value]]]  # of each loop around, the names where a turn ended early

    @abstractmethod
    def note(self, kind: Kind, node: ast.AST, name: str = "", labels: Labels = NONE, detail: Any = None) -> Event:
        """Write down what happens here."""

    def scored(self, node: ast.AST, name: str, labels: Labels, detail: str) -> Labels:
        """Note a score. What it is kept in or added to has these labels from now on.

        What a generator gave was scored where it gave it: it goes on there when the loop around the score asks again.
        """
        given = frozenset(label for label in labels if isinstance(label, Kept) and label.number in self.trace.given)
        if given:
            return given
        self.trace.scores.append(self.note(Kind.SCORE, node, name, labels, detail=detail))
        return frozenset({Kept(len(self.trace.scores) - 1)})

    def lost(self, node: ast.AST, labels: Labels) -> Labels:
        """Note where a loss of validation tokens is found. What is made of it has these labels from now on."""
        if VAL not in labels:
            return frozenset({TOLD})
        self.trace.losses.append(self.note(Kind.LOST, node, "", labels))
        return frozenset({TOLD, Lost(len(self.trace.losses) - 1)})

    @abstractmethod
    def setting(self, name: str, value: Value) -> Value:
        """The value that the logs print for a setting, else the one that is given."""

    def is_loss(self, answer: Answered | None) -> None:
        """What is differentiated as it is is a loss: networks that compute one give it whenever they are so asked."""
        for instance in answer.asked if answer is not None else ():
            forward = instance.cls.find("forward")
            if answer is not None and forward is not None and _computes_loss(forward.ref):
                instance.cls.losses |= {answer.given}
                self.changes += 1

    @abstractmethod
    def block(self, what: str, node: ast.AST, name: str = "", labels: Labels = NONE) -> AbstractContextManager[Block]:
        """What happens inside is put together."""

    @abstractmethod
    def body(self, statements: Sequence[ast.stmt]) -> None:
        """Walk statements in order; what follows an unconditional end is not reached."""

    @abstractmethod
    def leave_safely(self, statements: Sequence[ast.stmt]) -> None:
        """Walk the body of a function up to its end, however it ends."""

    @abstractmethod
    def store(self, target: ast.expr, value: Value, node: ast.AST) -> None:
        """Bind a target."""

    @abstractmethod
    def bind_attribute(self, owner: Value, name: str, value: Value, node: ast.AST) -> None:
        """Bind an attribute of an object, or a name of a module."""

    @abstractmethod
    def value(self, node: ast.expr | None) -> Value:
        """The value of an expression; what happens in it is noted."""

    @abstractmethod
    def texts_in(self, test: ast.expr) -> list[str]:
        """The texts that a test compares something with, plain or put together."""

    @abstractmethod
    def element(self, value: Value) -> Value:
        """What iterating over the value gives."""

    @abstractmethod
    def item(self, owner: Value, key: Value, node: ast.AST) -> Value:
        """`owner[key]`."""

    @abstractmethod
    def apply(self, called: Value, arguments: Arguments, named: Named, node: ast.AST) -> Value:
        """Call a value."""

    @abstractmethod
    def call_function(self, function: Function, arguments: Arguments, named: Named, node: ast.AST) -> Value:
        """Walk a function of the program with these arguments."""

    @abstractmethod
    def put(self, node: ast.AST, name: str, *given: Value) -> None:
        """Note that networks, or parts of them, are changed in place."""

    @abstractmethod
    def mixed_in(self, owner: ast.expr | None, labels: Labels) -> None:
        """Something computed is changed at some places: its name holds what it was and what was put in."""

    @abstractmethod
    def chosen_places(self, target: ast.expr | None, owner: Value, places: Value) -> None:
        """What is put at places that tokens of this turn choose is made of them."""

    @abstractmethod
    def looked_up(self, owner: Value, key: Value, node: ast.AST) -> Value:
        """`array[key]`."""

    @abstractmethod
    def wrote(self, owner: Value, key: Value, node: ast.AST) -> None:
        """Note a change of a table at a key made of data."""

    def picked(self, value: Value) -> Value:
        """What is kept where one loss was smaller than another."""
        return value.plus({LEAST}) if self.smaller and NLL in value.all_labels() else value

    def place_of(self, what: object) -> Token:
        """A place of its own for an index of which nothing is known, or for the sum of two."""
        if what not in self.places:
            self.bases += 1
            self.places[what] = self.bases
        return Token(self.places[what], 0)

    def moved(self, one: Value, other: Value, op: ast.AST) -> Token | None:
        """Where an index points after something was added or taken away."""
        if one.place is not None and other.place is not None and min(one.place.offset, other.place.offset) > -FAR:
            return _put_together(self, one, other, op)
        for place, by in ((one.place, other), (other.place, one)):
            if place is None or (by.place is not None and place.offset > -FAR // 2):
                continue
            if isinstance(op, ast.Add):
                step = by.const if by.known and isinstance(by.const, int) else 0
                return Token(place.base, place.offset + step)
            if isinstance(op, ast.Sub) and place is one.place:
                step = by.const if by.known and isinstance(by.const, int) else FAR
                return Token(place.base, place.offset - step)
            return None
        return None

    @abstractmethod
    def imported(self, name: str) -> Value:
        """A module: a file of the program, or one of a library."""

    @abstractmethod
    def executed(self, text: str, where: Value) -> bool:
        """Walk a text that the program runs in a module; False where the text is not known."""

    @abstractmethod
    def arithmetic(self, one: Value, other: Value, op: ast.AST, node: ast.AST | None = None) -> Value:
        """Two values put together."""

    @abstractmethod
    def attribute_of(self, owner: Value, name: str) -> Value:
        """An attribute of a value."""

    def array(self, node: ast.AST | None, element: Value = NOTHING, *, container: bool = False) -> Array:
        """A new array or container."""
        made = Array(getattr(node, "lineno", 1), self.scope.source, element=element, container=container)
        made.around = tuple(self.trail)
        return made


def _put_together(walker: Walker, one: Value, other: Value, op: ast.AST) -> Token | None:
    """The sum or difference of two indices: as far ahead as a few numbers reach that are counted through, else new."""
    place, by = one.place, other.place
    if place is None or by is None or not isinstance(op, (ast.Add, ast.Sub)):
        return None
    adds = isinstance(op, ast.Add)
    if not adds and isinstance(one.ref, Count):
        return None  # so many steps less others are no place
    steps, ahead = _furthest(other, last=adds), _furthest(one, last=True)
    if steps is not None and ahead is not None:
        return None  # one may be counted up to the other
    if steps is not None:
        return Token(place.base, place.offset + (by.offset + steps if adds else -by.offset - steps))
    if ahead is not None:
        return Token(by.base, by.offset + place.offset + ahead)
    if not adds:
        return Token(place.base, place.offset - FAR)  # so many back
    whole = walker.place_of((place.base, by.base, type(op)))
    return Token(whole.base, place.offset + by.offset)


def _furthest(index: Value, *, last: bool) -> int | None:
    """The end of a few numbers that are counted through, None where it is not known or they are many."""
    end = None if not isinstance(index.ref, Count) else index.ref.span.high if last else index.ref.span.low
    return end if end is not None and abs(end) <= FEW else None


def _computes_loss(function: object) -> bool:
    """Whether a loss is called for in a function, by what it is called."""
    if not isinstance(function, Function):
        return False
    called = (getattr(node, "func", None) for node in ast.walk(function.node))
    return any(_LOSS.search(getattr(func, "attr", getattr(func, "id", ""))) for func in called if func is not None)


def labels_of(arguments: Arguments, named: Named) -> Labels:
    """Labels of all arguments together."""
    found = [labels for value in (*arguments, *named.values()) if (labels := value.all_labels())]
    return found[0] if len(found) == 1 else NONE.union(*found)
