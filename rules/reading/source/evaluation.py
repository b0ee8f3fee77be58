"""What evaluating expressions and following statements share: names, budget, origins, assignment."""

from __future__ import annotations

import ast
from abc import ABC, abstractmethod

from rules.reading.source.functions import CONSTANTS
from rules.reading.source.values import (
    ITEM_LIMIT,
    UNKNOWN,
    Budget,
    ExhaustedError,
    Function,
    Origin,
    Origins,
    Symbol,
    Value,
    is_scalar,
)

_PARTS = 1_000  # items of a list whose origin is remembered


class Frame:
    """The names of the function (or module) being followed; `module` are those of the module."""

    __slots__ = ("module", "names", "result", "shared")

    def __init__(self, names: dict[str, Value], module: dict[str, Value]) -> None:
        self.names = names
        self.module = module
        self.result: list[Value] = []
        self.shared: set[str] = set()  # names of the module, by a `global` statement

    def lookup(self, name: str) -> Value:
        """The value bound to a name; an unbound one is taken for a builtin."""
        if name in self.names:
            return self.names[name]
        return self.module[name] if name in self.module else Symbol(f"builtins.{name}")


class Evaluation(ABC):
    """The state of one script being followed. Subclasses say what an expression and a call give."""

    def __init__(self, budget: Budget) -> None:
        self.budget = budget
        self.origins = Origins()
        self._scopes: dict[int, dict[str, Value]] = {}

    @abstractmethod
    def value(self, node: ast.expr | None, frame: Frame) -> Value:
        """The value of an expression. Raises ExhaustedError and RecursionError alone."""

    @abstractmethod
    def call(
        self, function: Value, args: list[Value], keywords: dict[str, Value], node: ast.Call, _frame: Frame
    ) -> Value:
        """What calling `function` gives; UNKNOWN where that is not known."""

    def symbol(self, name: str) -> Value:
        """What a full name stands for."""
        return CONSTANTS[name] if name in CONSTANTS else Symbol(name)

    def function(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda, frame: Frame) -> Function:
        """A function of the script that sees the names of `frame`."""
        self.remember(frame.names)
        return Function(node, frame.names)

    def remember(self, scope: dict[str, Value]) -> None:
        """Note names that `forget` drops."""
        self._scopes[id(scope)] = scope

    def forget(self) -> None:
        """Drop all names, so that functions and the names that they see do not keep each other and the tree alive."""
        for scope in self._scopes.values():
            scope.clear()

    def items(self, value: Value) -> list[Value] | None:
        """The items of an iterable as a list, None where they are not known."""
        if isinstance(value, dict):
            value = list(value)
        if not isinstance(value, (str, bytes, list, tuple, range)):
            return None
        if len(value) > ITEM_LIMIT:
            raise ExhaustedError(f"a loop over more than {ITEM_LIMIT:,} items")
        return list(value)

    def bind(self, target: ast.expr, value: Value, frame: Frame) -> None:
        """Assign a value to a name, to several, or to an item of a known container."""
        if isinstance(target, ast.Name):
            (frame.module if target.id in frame.shared else frame.names)[target.id] = value
        elif isinstance(target, (ast.Tuple, ast.List)):
            items = self.items(value)
            fits = items is not None and len(items) == len(target.elts)
            for position, part in enumerate(target.elts):
                plain = fits and not isinstance(part, ast.Starred)
                inner = part.value if isinstance(part, ast.Starred) else part
                self.bind(inner, items[position] if plain and items is not None else UNKNOWN, frame)
        elif isinstance(target, ast.Subscript):
            owner, index = self.value(target.value, frame), self.value(target.slice, frame)
            fits = isinstance(owner, dict) and is_scalar(index) and len(owner) < ITEM_LIMIT
            if fits or (isinstance(owner, list) and isinstance(index, int) and -len(owner) <= index < len(owner)):
                owner[index] = value

    def derived(self, result: Value, *sources: Value, form: str = "") -> Value:
        """Remember that `result` was made from the first of `sources` whose origin is known; returns it."""
        for source in sources:
            origin = self._origin_of(source)
            if origin is not None:
                origin = Origin(origin.line, (*origin.forms, form) if form else origin.forms)
                self.origins.put(result, origin)
                for part in self._parts(result):
                    self.origins.put(part, origin)
                break
        return result

    def _origin_of(self, value: Value) -> Origin | None:
        """The origin of a value, or of the first item of a list without one of its own."""
        own = self.origins.of(value)
        return self.origins.of(value[0]) if own is None and isinstance(value, (list, tuple)) and value else own

    def _parts(self, value: Value) -> list[Value]:
        """The items of a list or the values of a dict, such as a split or an archive gives."""
        if isinstance(value, dict):
            return [item for item in list(value.values())[:_PARTS] if isinstance(item, str)]
        return list(value[:_PARTS]) if isinstance(value, (list, tuple)) else []
