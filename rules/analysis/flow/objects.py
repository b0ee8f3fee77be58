"""Objects that values refer to while a program is walked: functions, classes, instances, arrays, containers."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from rules.analysis.flow.labels import HELD, NONE, TARGET, Aim, Label, Labels
from rules.analysis.flow.values import NOTHING, Value, joined
from rules.submission import SourceFile


class Scope:
    """Names of a function or module that is being walked, and the scope around it."""

    __slots__ = ("around", "function", "names", "outer", "source")

    def __init__(self, source: SourceFile, around: Scope | None = None, function: str = "") -> None:
        self.source = source
        self.around = around
        self.function = function
        self.names: dict[str, Value] = {}
        self.outer: set[str] = set()  # declared global or nonlocal

    def find(self, name: str) -> Value | None:
        """The value of a name, here or around."""
        scope: Scope | None = self
        while scope is not None:
            found = scope.names.get(name)
            if found is not None:
                return found
            scope = scope.around
        return None

    def home(self, name: str) -> Scope:
        """The scope that an assignment to the name changes."""
        if name in self.outer:
            scope = self.around
            while scope is not None:
                if name in scope.names or scope.around is None:
                    return scope
                scope = scope.around
        return self


@dataclass(slots=True, eq=False)
class Function:
    """A function of the program, with the scope that it was defined in.

    `hooks`: whether it hangs hooks into a network, None where nobody has asked.
    """

    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
    scope: Scope
    name: str
    owner: Class | None = None
    defaults: dict[str, Value] = field(default_factory=dict)
    hooks: bool | None = None


@dataclass(slots=True, eq=False)
class Class:
    """A class of the program. `module`: a neural network's; `optimizer`: steps with gradients.

    `losses`: given so many arguments, the network was seen to answer with a loss, not with logits. `fields`: names that
    its body gives types, as those of a dataclass, in order.
    """

    name: str
    names: dict[str, Value]
    bases: tuple[Class, ...] = ()
    module: bool = False
    optimizer: bool = False
    losses: frozenset[int] = frozenset()
    fields: tuple[str, ...] = ()

    def positions(self) -> list[str]:
        """What the arguments of a class without `__init__` are bound to, in order."""
        fields = [name for base in self.bases for name in base.fields] + list(self.fields)
        return fields or [name for name, value in self.names.items() if not isinstance(value.ref, Function)]

    def find(self, name: str) -> Value | None:
        """An attribute of the class or of a class above it."""
        found = self.names.get(name)
        if found is not None:
            return found
        return next((value for base in self.bases if (value := base.find(name)) is not None), None)


@dataclass(slots=True, eq=False)
class Instance:
    """An object of a class of the program. `of`: what it is a deep copy of."""

    cls: Class
    names: dict[str, Value] = field(default_factory=dict)
    of: Instance | None = None

    def held(self, depth: int) -> Labels:
        """Labels of what it holds; a network's weights are no data."""
        found = NONE
        if not self.cls.module and not self.cls.optimizer:
            for value in list(self.names.values()):
                found |= value.all_labels(depth - 1) if depth > 0 else value.labels
        return found

    def beside(self, other: Any) -> Instance:
        """What may be this or another object of its class; a network, or an object of another class, stays itself."""
        if self.cls.module or self.cls.optimizer or not isinstance(other, Instance) or other.cls is not self.cls:
            return self
        names = {name: joined(value, other.names.get(name, value)) for name, value in self.names.items()}
        return Instance(self.cls, names, self.of)


@dataclass(slots=True, eq=False)
class Bound:
    """A function with its first arguments given: a method, or a partial."""

    function: Any
    given: tuple[Value, ...]
    named: dict[str, Value] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Library:
    """Something of a library, by its dotted name: "numpy.add.at", "torch.nn.functional"."""

    name: str


@dataclass(slots=True, eq=False)
class Foreign:
    """A library of machine code, or a function in it: what it does is not followed."""

    name: str


@dataclass(slots=True, eq=False)
class Array:
    """An array or a container that is filled later. `element`: what stands in it; `fields`: by plain keys."""

    line: int
    source: SourceFile
    labels: set[Label] = field(default_factory=set)
    element: Value = NOTHING
    fields: dict[Any, Value] = field(default_factory=dict)
    writes: list[Any] = field(default_factory=list)
    leaf: bool = False  # a tensor that gradients are taken for
    zero: bool = False  # made of zeros, so that binding it to a name begins a sum anew
    container: bool = False  # a list or dictionary, empty unless something was put in
    around: tuple[Any, ...] = field(default=(), repr=False)  # the blocks that it is made in
    few: tuple[Value, ...] | None = None  # what walking through it gives, one by one, where that is known

    def held(self, depth: int) -> Labels:
        """Labels of what stands in it."""
        found = frozenset(self.labels)
        if depth > 0:
            if self.element is not NOTHING:
                found |= self.element.all_labels(depth - 1)
            for value in list(self.fields.values())[:64]:
                found |= value.all_labels(depth - 1)
        if not found:
            return NONE
        aims = [label for label in found if isinstance(label, Aim)]
        found = found.difference(aims) if aims else found
        return found | {HELD} if TARGET in found else found

    def take(self, value: Value) -> None:
        """Put a value in."""
        self.element = joined(self.element, value) if self.element is not NOTHING else value
        self.labels |= value.labels


class Span(NamedTuple):
    """The least and the largest of numbers, None where that is not known."""

    low: int | None
    high: int | None


UNBOUNDED = Span(None, None)


@dataclass(slots=True, eq=False)
class Count:
    """Numbers that are counted through: `range(times)`, or one of them. `times` None: unknown."""

    times: int | None
    span: Span = UNBOUNDED


@dataclass(frozen=True, slots=True)
class Written:
    """A text of which parts are known, with `{}` for those that are not."""

    text: str


@dataclass(slots=True, eq=False)
class Options:
    """A parser of the command line, with what its options are in the claimed run."""

    names: dict[str, Value] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Optimizer:
    """Something that steps. `params` is what it was given."""

    params: Value
    line: int


@dataclass(slots=True, eq=False)
class ModuleOf:
    """A file of the program, imported."""

    scope: Scope


def array_of(ref: Any) -> Array | None:
    """The array that something is a view of, or a pointer into."""
    while isinstance(ref, Bound) and ref.given:
        ref = ref.given[0].ref
    return ref if isinstance(ref, Array) else None


def owner_of(ref: Any) -> Instance | None:
    """The object of the program, or the network, that something is a part of."""
    while isinstance(ref, Bound) and ref.given:
        ref = ref.given[0].ref
    return ref if isinstance(ref, Instance) else None


def leaves(value: Value, depth: int = 4) -> Iterator[Array]:
    """The tensors that gradients are taken for, of which a value is made."""
    if isinstance(value.ref, Array):
        if value.ref.leaf:
            yield value.ref
        elif depth:
            for item in (value.ref.element, *value.ref.fields.values()):
                yield from leaves(item, depth - 1)
    for item in value.items or ():
        if depth:
            yield from leaves(item, depth - 1)


def with_originals(found: frozenset[Instance]) -> frozenset[Instance]:
    """The networks, and those that they are copies of: what one had learnt, its copy knows."""
    every = set(found)
    for one in found:
        while one.of is not None:
            one = one.of
            every.add(one)
    return frozenset(every)


def owners(value: Value, depth: int = 4) -> set[Instance]:
    """The networks that a value is made of: parameters, lists of them, groups."""
    found: set[Instance] = set()
    owner = owner_of(value.ref)
    if owner is not None:
        found.add(owner)
    if depth:
        if isinstance(value.ref, Array):
            for inner in (value.ref.element, *list(value.ref.fields.values())[:64]):
                found |= owners(inner, depth - 1)
        for item in value.items or ():
            found |= owners(item, depth - 1)
    return found
