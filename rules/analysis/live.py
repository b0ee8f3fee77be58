"""A program under its settings: only what may run, asked by name.

`Program` is what technique detectors read. It leaves out branches and functions that the settings of the submission
keep from running, so a detector need not know by which switch a technique is turned off.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeVar, cast

from rules.analysis.configuration import Configuration, configuration_of
from rules.analysis.evaluation import Values, may_be
from rules.analysis.index import index_of
from rules.analysis.liveness import live_parts
from rules.analysis.once import once
from rules.analysis.program import program_sources
from rules.analysis.scopes import Binding, Call, Scope, ScopeKind, Text
from rules.analysis.words import words_of
from rules.rule import Location
from rules.submission import SourceFile, Submission

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Sighting:
    """A line where something is seen, with what more is known of it."""

    source: SourceFile = field(repr=False)
    line: int
    detail: str = ""

    @property
    def location(self) -> Location:
        """Where a person finds it in the pull request."""
        return self.source.locate(self.line)


class Unit:
    """A live function, class or module: its own live code without that of the functions and classes inside it."""

    __slots__ = ("bindings", "calls", "names", "scope", "source", "strings")

    def __init__(self, source: SourceFile, scope: Scope) -> None:
        self.source = source
        self.scope = scope
        self.names: dict[str, int] = {}  # what is read or called, with its first line
        self.calls: list[Call] = []
        self.bindings: list[Binding] = []
        self.strings: list[Text] = []

    def __repr__(self) -> str:
        return f"Unit({self.scope!r})"

    def take(self, scope: Scope) -> None:
        """Add the code of one scope."""
        self.calls += scope.calls
        self.bindings += scope.bindings
        self.strings += scope.strings
        names = self.names
        for name, line in scope.names.items():
            if names.get(name, line) >= line:
                names[name] = line
        for call in scope.calls:
            if names.get(call.name, call.line) >= call.line:
                names[call.name] = call.line

    def uses(self, *names: str) -> bool:
        """Whether all the names are read or called."""
        return all(name in self.names for name in names)

    def at(self, line: int | None = None, detail: str = "") -> Sighting:
        """A sighting in this unit, at its first line unless told."""
        return Sighting(self.source, self.scope.line if line is None else line, detail)


class Program:
    """What may run of a submission. Names are asked for as the script spells them."""

    def __init__(
        self, sources: Sequence[SourceFile], configuration: Configuration, submission: Submission | None = None
    ) -> None:
        self.submission = submission
        self.sources = tuple(sources)
        self.configuration = configuration
        self.units: list[Unit] = []
        self._remembered: dict[object, object] = {}
        indexes = [index_of(source) for source in sources]
        live = live_parts(indexes, configuration)
        self._names = live.names
        self._live = {id(source): frozenset(scopes) for source, scopes in zip(sources, live.scopes, strict=True)}
        for source, scopes in zip(sources, live.scopes, strict=True):
            self.units += _units(source, scopes)

    @cached_property
    def functions(self) -> dict[str, list[Unit]]:
        """Live functions and methods by their last name."""
        return _by_name(u for u in self.units if u.scope.kind is ScopeKind.FUNCTION)

    @cached_property
    def classes(self) -> dict[str, list[Unit]]:
        """Live classes by their last name."""
        return _by_name(u for u in self.units if u.scope.kind is ScopeKind.CLASS)

    @cached_property
    def names(self) -> dict[str, tuple[Unit, int]]:
        """Names that live code reads or calls, each with one unit that does and its first line there."""
        found: dict[str, tuple[Unit, int]] = {}
        for unit in self.units:
            for name, line in unit.names.items():
                found.setdefault(name, (unit, line))
        return found

    @cached_property
    def calls(self) -> dict[str, list[tuple[Unit, Call]]]:
        """Live calls by the last name of what is called."""
        found: dict[str, list[tuple[Unit, Call]]] = {}
        for unit in self.units:
            for call in unit.calls:
                found.setdefault(call.name, []).append((unit, call))
        return found

    @cached_property
    def bindings(self) -> dict[str, list[tuple[Unit, Binding]]]:
        """What live code binds to a name, by name."""
        found: dict[str, list[tuple[Unit, Binding]]] = {}
        for unit in self.units:
            for bound in unit.bindings:
                found.setdefault(bound.name, []).append((unit, bound))
        return found

    @cached_property
    def _by_word(self) -> dict[str, list[str]]:
        """Word → names that hold it, of what live code defines, calls or binds, classes and functions first."""
        found: dict[str, list[str]] = {}
        for name in {**self.classes, **self.functions, **self.calls, **self.bindings}:
            for word in words_of(name):
                found.setdefault(word, []).append(name)
        return found

    def dead_lines(self, source: SourceFile) -> list[range] | None:
        """Lines of a file that cannot run under the settings; None where nothing of the program imports the file."""
        live = self._live.get(id(source))
        if live is None:
            return None
        return [_lines_of(scope) for scope in index_of(source).scopes if scope not in live]

    def remember(self, work_out: Callable[[Program], T]) -> T:
        """What `work_out` says of this program; asked once, whoever asks."""
        if work_out not in self._remembered:
            self._remembered[work_out] = work_out(self)
        return cast("T", self._remembered[work_out])

    def named(self, *words: str) -> Iterator[str]:
        """Names that live code defines, calls or binds and that hold all the words, in any order."""
        wanted = set(words)
        for name in self._by_word.get(words[0], ()):
            if len(words) == 1 or wanted <= set(words_of(name)):
                yield name

    def made(self, *words: str) -> Sighting | None:
        """Where live code defines, calls or builds something whose name holds all the words, in any order."""
        places = (self._made_at(name) for name in self.named(*words) if words_of(name)[0] not in _TALK)
        return next((place for place in places if place is not None), None)

    def _made_at(self, name: str) -> Sighting | None:
        for units in (self.classes.get(name), self.functions.get(name)):
            if units:
                return units[0].at()
        if name in self.calls:
            unit, call = self.calls[name][0]
            return unit.at(call.line)
        built = ((u, b) for u, b in self.bindings.get(name, ()) if b.how != "keyword" and self._is_built(b.value))
        return next((unit.at(bound.line) for unit, bound in built), None)

    def made_any(self, *phrases: str) -> Sighting | None:
        """The first of several: each phrase holds the words of one name ("bigram hash")."""
        return next((s for phrase in phrases if (s := self.made(*phrase.split())) is not None), None)

    def _is_built(self, value: ast.expr | None) -> bool:
        """Whether a value is made by a call that does more than read a setting or convert."""
        if not isinstance(value, ast.Call) or self._names.setting(value) is not None:
            return False
        func = value.func
        name = func.id if isinstance(func, ast.Name) else func.attr if isinstance(func, ast.Attribute) else ""
        empty = name in _CONTAINERS and not value.args and not value.keywords
        return name not in _CONVERTS and not empty

    def with_string(self, part: str) -> Sighting | None:
        """The first live string constant that holds `part`."""
        for unit in self.units:
            for text in unit.strings:
                if part in text.value:
                    return unit.at(text.line)
        return None

    def defaults(self, unit: Unit) -> Iterator[tuple[str, ast.expr]]:
        """Parameters of a live function with their defaults, where some call may leave them out."""
        node = unit.scope.node
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            plain = [*node.args.posonlyargs, *node.args.args]
            pairs = [*zip(reversed(plain), reversed(node.args.defaults), strict=False)]
            pairs += [(a, d) for a, d in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True) if d is not None]
            yield from ((a.arg, d) for a, d in pairs if self._names.default_may_hold(unit.scope, a.arg))

    def may_be_on(self, expression: ast.expr | None) -> bool:
        """Whether an expression may have a true value: not 0, False, None or empty."""
        return expression is not None and may_be(self._names.values(expression), True)

    def values(self, expression: ast.expr) -> Values:
        """The values that an expression may have, as far as constants and settings tell."""
        return self._names.values(expression)


# A name that begins so says something about a technique, or reads a setting of it; it does not use it.
_TALK = {"parse", "log", "print", "is", "has", "should", "validate", "describe", "format", "estimate", "test", "maybe"}
_CONVERTS = {"int", "float", "bool", "str", "len", "max", "min", "sum", "abs", "range", "sorted", "tuple", "list"}
_CONVERTS |= {"set", "dict", "get", "getenv", "getattr", "hasattr", "isinstance", "strip", "lower", "split", "item"}
_CONVERTS |= {"Path", "perf_counter", "time", "format", "join", "pop", "round", "any", "all", "next", "replace"}
_CONVERTS |= {"add_argument", "zeros", "ones", "empty", "full", "tensor", "zeros_like"}
_CONTAINERS = {"ModuleList", "ModuleDict", "ParameterList", "ParameterDict", "Sequential", "Identity"}


@once
def program_of(submission: Submission) -> Program:
    """The program of a submission under its settings; empty where no entry could be read."""
    return Program(program_sources(submission), configuration_of(submission), submission)


def _lines_of(scope: Scope) -> range:
    """The lines of a function, a class or a branch, without those that decide whether it runs."""
    node = scope.node
    body = getattr(node, "body", None)
    if scope.kind is ScopeKind.BRANCH and not scope.holds:
        body = getattr(node, "orelse", None)  # none where it is what follows `if test: return`: that counts as live
    if not isinstance(body, list) or not body:
        return range(0)
    return range(body[0].lineno, (body[-1].end_lineno or body[-1].lineno) + 1)


def _units(source: SourceFile, scopes: Iterable[Scope]) -> list[Unit]:
    """Live scopes, branches put back into the function, class or module that they lie in."""
    found: dict[Scope, Unit] = {}
    for scope in scopes:  # a parent comes before what lies inside it
        if scope.kind is ScopeKind.BRANCH and scope.parent is not None:
            unit = found[scope.parent]
        else:
            unit = Unit(source, scope)
        found[scope] = unit
        unit.take(scope)
    return [unit for scope, unit in found.items() if unit.scope is scope]


def _by_name(units: Iterable[Unit]) -> dict[str, list[Unit]]:
    found: dict[str, list[Unit]] = {}
    for unit in units:
        found.setdefault(unit.scope.name, []).append(unit)
    return found
