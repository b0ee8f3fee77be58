"""What one script holds, found in one pass over its tree and shared by all rules and detectors.

Annotations and docstrings are no part of it: they do nothing when a script runs.
"""

from __future__ import annotations

import ast
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from functools import cached_property

from rules.analysis.expressions import number_of
from rules.analysis.indexing import Parts, build
from rules.analysis.scopes import Binding, Call, EnvironmentRead, Import, Option, Scope, ScopeKind, Text
from rules.submission import SourceFile


class SourceIndex:
    """What one script holds. `scopes` begins with the module; lines are those of `SourceFile.code`."""

    def __init__(self, parts: Parts) -> None:
        self.scopes: tuple[Scope, ...] = tuple(parts.scopes)
        self.imports: tuple[Import, ...] = tuple(parts.imports)
        self.environment: tuple[EnvironmentRead, ...] = tuple(sorted(parts.settings.reads, key=lambda r: r.line))
        self.options: tuple[Option, ...] = tuple(parts.settings.options)

    @classmethod
    def of(cls, tree: ast.Module) -> SourceIndex:
        """Index a parsed script. Linear in its nodes and free of recursion."""
        return cls(build(tree))

    @property
    def module(self) -> Scope:
        """The scope that runs first."""
        return self.scopes[0]

    @cached_property
    def inside(self) -> dict[Scope, list[Scope]]:
        """For each scope that has any, the scopes that lie directly inside it."""
        found: dict[Scope, list[Scope]] = {}
        for scope in self.scopes[1:]:
            if scope.parent is not None:
                found.setdefault(scope.parent, []).append(scope)
        return found

    def below(self, scope: Scope) -> Iterator[Scope]:
        """The scope and all that lie inside it, at any depth."""
        stack = [scope]
        while stack:
            taken = stack.pop()
            yield taken
            stack.extend(self.inside.get(taken, ()))

    @cached_property
    def functions(self) -> dict[str, Scope]:
        """Functions and methods by qualified name ("GPT.forward"); of two with one name the later one."""
        return {s.qualname: s for s in self.scopes if s.kind is ScopeKind.FUNCTION}

    @cached_property
    def classes(self) -> dict[str, Scope]:
        """Classes by qualified name."""
        return {s.qualname: s for s in self.scopes if s.kind is ScopeKind.CLASS}

    @cached_property
    def calls(self) -> tuple[Call, ...]:
        """All calls in the order of their lines."""
        return tuple(sorted((c for s in self.scopes for c in s.calls), key=lambda c: c.line))

    @cached_property
    def calls_by_name(self) -> dict[str, list[Call]]:
        """Calls by the last component of what is called."""
        found: dict[str, list[Call]] = {}
        for call in self.calls:
            found.setdefault(call.name, []).append(call)
        return found

    @cached_property
    def strings(self) -> tuple[Text, ...]:
        """All string constants in the order of their lines."""
        return tuple(sorted((t for s in self.scopes for t in s.strings), key=lambda t: t.line))

    @cached_property
    def first_lines(self) -> dict[str, int]:
        """Every identifier (names, attributes, keywords, arguments, functions, classes) with its first line."""
        found: dict[str, int] = {}
        for scope in self.scopes:
            _earliest(found, scope.names.items())
            _earliest(found, ((c.name, c.line) for c in scope.calls if c.name))
            _earliest(found, ((b.name, b.line) for b in scope.bindings))
            _earliest(found, ((a, scope.line) for a in scope.args))
            if scope.kind is ScopeKind.FUNCTION or scope.kind is ScopeKind.CLASS:
                _earliest(found, ((scope.name, scope.line),))
        return found

    @cached_property
    def identifiers(self) -> frozenset[str]:
        """Every identifier of the script."""
        return frozenset(self.first_lines)

    @cached_property
    def class_defaults(self) -> tuple[Binding, ...]:
        """What class bodies bind to an expression: hyperparameters, fields of dataclasses."""
        return tuple(b for s in self.classes.values() for b in s.bindings if b.value is not None and b.how == "name")

    @cached_property
    def numeric_constants(self) -> dict[str, tuple[float, int]]:
        """Numbers that the module binds to a name, with their lines; of several the last."""
        found: dict[str, tuple[float, int]] = {}
        for bound in self.module.bindings:
            number = number_of(bound.value)
            if number is not None:
                found[bound.name] = (number, bound.line)
        return found

    def calls_of(self, *names: str) -> list[Call]:
        """Calls whose last component is one of the names, in the order of their lines."""
        found = [call for name in names for call in self.calls_by_name.get(name, ())]
        return sorted(found, key=lambda c: c.line) if len(names) > 1 else found

    @cached_property
    def escapes(self) -> tuple[Call, ...]:
        """Calls that leave what can be read here: processes, foreign libraries, code made at run time."""
        found = self.calls_of(*_ESCAPES)
        return tuple(c for c in found if c.name not in _ONLY_DOTTED or c.text.startswith(_ESCAPE_ROOTS))


_ONLY_DOTTED = {"run", "call", "Popen", "check_call", "check_output", "system", "popen", "execv", "execvp", "load"}
_ESCAPES = (*sorted(_ONLY_DOTTED), "CDLL", "LoadLibrary", "exec", "eval", "load_inline", "run_path", "exec_module")
_ESCAPE_ROOTS = ("subprocess.", "os.", "ctypes.", "torch.utils.cpp_extension.", "cpp_extension.")


def _earliest(found: dict[str, int], items: Iterable[tuple[str, int]]) -> None:
    for name, line in items:
        known = found.get(name)
        if known is None or line < known:
            found[name] = line


_CAPACITY = 400_000  # characters of code whose indexes are kept, besides the newest; each holds on to its tree
_recent: OrderedDict[str, SourceIndex] = OrderedDict()


def index_of(source: SourceFile) -> SourceIndex:
    """The index of what `source` runs; empty where it does not parse.

    The same code gives the same index, whatever its path: locations come from `source.locate(line)`. The last few
    are kept. Not shared between threads.
    """
    if source.tree is None:
        return _EMPTY
    known = _recent.get(source.code)
    if known is None:
        known = _recent[source.code] = SourceIndex.of(source.tree)
        while len(_recent) > 1 and sum(map(len, _recent)) > _CAPACITY:
            _recent.popitem(last=False)
    else:
        _recent.move_to_end(source.code)
    return known


_EMPTY = SourceIndex.of(ast.Module(body=[], type_ignores=[]))
