"""What the walker knows of a value: its labels, what it is if that is plain, and how it indexes the text."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rules.analysis.flow.labels import (
    DATA,
    NONE,
    VAL,
    Aim,
    First,
    Label,
    Labels,
    Part,
    Read,
    Token,
    Turn,
    begins,
    literals,
)

MOST_ITEMS = 64


class _Unknown:
    def __repr__(self) -> str:
        return "?"

    def __bool__(self) -> bool:
        raise TypeError("an unknown constant has no truth")


UNKNOWN: Any = _Unknown()


class Value:
    """An abstract value. Not changed once made; what changes hangs on `ref`.

    `const` is the plain value where it is known, `items` the values of a short sequence, `ref` the object that it is
    (a function, an instance, an array), `place` base and offset of an index into the text, `optional` whether it may
    be None as well.
    """

    __slots__ = ("const", "items", "labels", "optional", "place", "ref")

    def __init__(
        self,
        labels: Labels = NONE,
        const: Any = UNKNOWN,
        items: tuple[Value, ...] | None = None,
        ref: Any = None,
        place: Token | None = None,
        optional: bool = False,
    ) -> None:
        self.labels = labels
        self.const = const
        self.items = items
        self.ref = ref
        self.place = place
        self.optional = optional

    def __repr__(self) -> str:
        return f"Value({set(self.labels) or ''}, {self.const!r}, {self.items}, {self.ref})"

    @property
    def turns(self) -> Labels:
        """The loops whose variable it is made of, and what of the text these leave out, or others before them."""
        if not self.labels:
            return NONE
        return frozenset([one for one in self.labels if isinstance(one, (Turn, Part)) or begins(one)])

    @property
    def known(self) -> bool:
        """Whether the plain value is known."""
        return self.const is not UNKNOWN

    @property
    def is_none(self) -> bool:
        """Whether it is None for sure."""
        return self.const is None

    def all_labels(self, depth: int = 4) -> Labels:
        """Labels of the value, of its items and of the array or container that it is."""
        found = self.labels
        if not depth:
            return found
        if self.items is not None:
            for item in self.items:
                found |= item.all_labels(depth - 1)
        if self.ref is not None:
            held = getattr(self.ref, "held", None)
            if held is not None:
                found |= held(depth - 1)
        return found

    def plus(self, labels: Iterable[Label]) -> Value:
        """The same with more labels."""
        return Value(self.labels | frozenset(labels), self.const, self.items, self.ref, self.place, self.optional)


NOTHING = Value()


def constant(value: Any) -> Value:
    """A plain value."""
    return Value(const=value)


def without(value: Value, label: Label) -> Value:
    """The same without a label of its own."""
    if label not in value.labels:
        return value
    return Value(value.labels - {label}, value.const, value.items, value.ref, value.place, value.optional)


def unaimed(value: Value) -> Value:
    """The same as it is kept for later: what it was made of then says nothing of the token that comes."""
    aims = frozenset(label for label in value.labels if isinstance(label, Aim))
    if not aims:
        return value
    return Value(value.labels - aims, value.const, value.items, value.ref, value.place, value.optional)


def joined(*values: Value) -> Value:
    """What may be any of these."""
    if not values:
        return NOTHING
    result = values[0]
    for other in values[1:]:
        result = _join(result, other)
    return result


def _join(one: Value, other: Value) -> Value:
    if one is other:
        return one
    if one.is_none != other.is_none:
        return _perhaps(other if one.is_none else one, one.labels | other.labels)
    items = None
    if one.items is not None and other.items is not None and len(one.items) == len(other.items):
        items = tuple(_join(a, b) for a, b in zip(one.items, other.items, strict=True))
    same = one.known and other.known and type(one.const) is type(other.const) and one.const == other.const
    labels = one.labels | other.labels
    if not same:
        labels |= literals(one.const) | literals(other.const)
    if items is None:
        for side in (one, other):
            for item in side.items or ():
                labels |= item.all_labels()
    if VAL in one.labels and VAL in other.labels and one.labels != other.labels:
        labels -= _first(one.labels) ^ _first(other.labels)  # the first tokens alone are so on either side
    place = one.place if other.place is None or one.place == other.place else None
    if one.place is None:
        place = other.place
    ref = one.ref if one.ref is not None else other.ref
    if one.ref is not None and other.ref is not None and one.ref is not other.ref:
        ref, more = _either(one.ref, other.ref)
        labels |= more
    optional = one.optional or other.optional
    return Value(labels, one.const if same else UNKNOWN, items, ref, place, optional)


def _first(labels: Labels) -> Labels:
    return frozenset(label for label in labels if isinstance(label, First))


def _either(one: Any, other: Any) -> tuple[Any, Labels]:
    """What may be one of two objects: the first, with the data of the other; two readers of data are put together."""
    if one.__class__ is not other.__class__:
        return one, NONE
    more = _data(other) - _data(one)
    beside = getattr(one, "beside", None) if more else None
    return (one if beside is None else beside(other)), more


def _data(ref: Any) -> Labels:
    """Of which splits an object holds data, and what look-ups gave it."""
    held = getattr(ref, "held", None)
    return NONE if held is None else frozenset(one for one in held(3) if one in DATA or isinstance(one, Read))


def _perhaps(value: Value, labels: Labels) -> Value:
    """The value, or None: what it is otherwise stays told apart."""
    return Value(labels, UNKNOWN, value.items, value.ref, value.place, optional=True)
