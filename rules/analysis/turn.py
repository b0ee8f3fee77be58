"""One turn of a loop over a vocabulary, worked out for a piece without running it.

Names, text and numbers of a small part of Python are known; everything else is unknown, and a decision that rests on
something unknown leaves the whole turn unknown.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

PIECES = frozenset({"id_to_piece", "IdToPiece", "convert_ids_to_tokens", "id_to_token"})
_TEXT = frozenset(
    {"startswith", "endswith", "encode", "replace", "lstrip", "rstrip", "strip", "removeprefix", "lower", "upper"}
)
_PLAIN = {"len": len, "int": int, "max": max, "min": min, "bool": bool, "str": str, "float": float}
_MOST = 2_000  # nodes for one piece


@dataclass(frozen=True, slots=True)
class Sample:
    """A piece of a vocabulary, and what a tokenizer says of it."""

    piece: str
    kind: str = "normal"  # or control, byte

    def asked(self, question: str) -> bool | None:
        """`is_control`, `is_byte` and the like; None for another question."""
        name = question.lower().replace("_", "")
        known = {"iscontrol": "control", "isunknown": "unknown", "isunused": "unused", "isbyte": "byte"}
        return self.kind == known[name] if name in known else None


class _Unknown(Exception):  # noqa: N818 - control flow: a value is not known
    """A value that cannot be told."""


class _Returned(Exception):  # noqa: N818 - control flow: `return`
    """A function of the file gives this."""


class _Next(Exception):  # noqa: N818 - control flow: `continue`
    """The loop goes on with the next piece."""


class Turn:
    """One turn of a loop for one piece; `names` are known from around it, `functions` are those of the file."""

    def __init__(self, sample: Sample, names: Mapping[str, Any], functions: Mapping[str, ast.FunctionDef]) -> None:
        self._sample = sample
        self._functions = functions
        self._names: dict[str, Any] = dict(names)
        self._stored: dict[str, tuple[Any, int]] = {}
        self._left = _MOST

    def run(self, loop: ast.For) -> dict[str, tuple[Any, int]]:
        """What is stored in tables; {} where a decision depends on something that is not known."""
        try:
            self._body(loop.body)
        except (_Next, _Returned):
            pass
        except (_Unknown, RecursionError):
            return {}
        return self._stored

    def _body(self, statements: Sequence[ast.stmt]) -> None:
        for statement in statements:
            self._statement(statement)

    def _statement(self, node: ast.stmt) -> None:
        if isinstance(node, (ast.Continue, ast.Break)):
            raise _Next
        if isinstance(node, ast.Return):
            raise _Returned(self._value(node.value))
        if isinstance(node, ast.If):
            self._body(node.body if self._value(node.test) else node.orelse)
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                self._store(target, self._guess(node.value), node.lineno)
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            self._store(node.target, self._guess(node.value), node.lineno)
        elif isinstance(node, ast.AugAssign):
            self._add(node)
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            self._append(node.value)
        elif isinstance(node, ast.Try):
            self._body(node.body)

    def _append(self, node: ast.Call) -> None:
        """`table.append(value)` stores what `table[i] = value` does."""
        if isinstance(node.func, ast.Attribute) and node.func.attr == "append" and len(node.args) == 1:
            self._stored[_name(node.func.value)] = (self._guess(node.args[0]), node.lineno)

    def _guess(self, node: ast.expr) -> Any:
        """A value, or None where it is not known."""
        try:
            return self._value(node)
        except _Unknown:
            return None

    def _store(self, target: ast.expr, value: Any, line: int) -> None:
        if isinstance(target, ast.Name):
            self._names[target.id] = value
        elif isinstance(target, ast.Subscript):
            self._stored[_name(target.value)] = (value, line)

    def _add(self, node: ast.AugAssign) -> None:
        value = self._guess(node.value)
        target = node.target
        if isinstance(target, ast.Name):
            self._names[target.id] = _sum(self._names.get(target.id), value, node.op)
        elif isinstance(target, ast.Subscript):
            known = self._stored.get(_name(target.value), (0, 0))[0]
            self._stored[_name(target.value)] = (_sum(known, value, node.op), node.lineno)

    def _value(self, node: ast.expr | None) -> Any:
        self._left -= 1
        if self._left < 0:
            raise _Unknown
        if isinstance(node, ast.Constant):
            return node.value
        if isinstance(node, ast.Name) and self._names.get(node.id) is not None:
            return self._names[node.id]
        handler = None if node is None else _VALUES.get(type(node))
        if handler is None:
            raise _Unknown
        return handler(self, node)

    def _call(self, node: ast.Call) -> Any:
        func = node.func
        if isinstance(func, ast.Name) and func.id in _PLAIN:
            return _tried(_PLAIN[func.id], [self._value(item) for item in node.args])
        if isinstance(func, ast.Name) and func.id in self._functions:
            return self._own(self._functions[func.id], node)
        if not isinstance(func, ast.Attribute):
            raise _Unknown
        if func.attr in PIECES:
            return self._sample.piece
        answer = self._sample.asked(func.attr)
        if answer is not None:
            return answer
        if func.attr in _TEXT:
            owner = self._value(func.value)
            if isinstance(owner, (str, bytes)):
                return _tried(getattr(owner, func.attr, None), [self._value(item) for item in node.args])
        raise _Unknown

    def _own(self, function: ast.FunctionDef, node: ast.Call) -> Any:
        """What a function of the file gives for these arguments."""
        outer = self._names
        given = {argument.arg: self._guess(item) for argument, item in zip(function.args.args, node.args, strict=False)}
        self._names = {**outer, **given}
        try:
            self._body(function.body)
        except _Returned as returned:
            return returned.args[0]
        except _Next as error:
            raise _Unknown from error
        finally:
            self._names = outer
        raise _Unknown

    def _subscript(self, node: ast.Subscript) -> Any:
        if isinstance(node.value, ast.Name) and node.value.id not in self._names:
            if node.value.id in self._stored:
                return self._stored[node.value.id][0]
            raise _Unknown
        owner = self._value(node.value)
        if not isinstance(owner, (str, bytes)):
            raise _Unknown
        if isinstance(node.slice, ast.Slice):
            lower = None if node.slice.lower is None else self._value(node.slice.lower)
            upper = None if node.slice.upper is None else self._value(node.slice.upper)
            return _tried(lambda: owner[lower:upper], [])
        key = self._value(node.slice)
        return _tried(lambda: owner[key], [])

    def _compare(self, node: ast.Compare) -> bool:
        one, other = self._value(node.left), self._value(node.comparators[0])
        if len(node.ops) != 1 or type(node.ops[0]) not in _COMPARISONS:
            raise _Unknown
        return bool(_tried(_COMPARISONS[type(node.ops[0])], [one, other]))

    def _boolean(self, node: ast.BoolOp) -> bool:
        wanted = isinstance(node.op, ast.Or)
        unknown = False
        for operand in node.values:
            try:
                if bool(self._value(operand)) is wanted:
                    return wanted
            except _Unknown:
                unknown = True
        if unknown:
            raise _Unknown
        return not wanted

    def _unary(self, node: ast.UnaryOp) -> Any:
        value = self._value(node.operand)
        if isinstance(node.op, ast.Not):
            return not value
        if isinstance(node.op, ast.USub) and isinstance(value, int):
            return -value
        raise _Unknown

    def _binary(self, node: ast.BinOp) -> Any:
        found = _sum(self._value(node.left), self._value(node.right), node.op)
        if found is None:
            raise _Unknown
        return found

    def _conditional(self, node: ast.IfExp) -> Any:
        return self._value(node.body if self._value(node.test) else node.orelse)

    def _tuple(self, node: ast.Tuple) -> Any:
        return tuple(self._value(item) for item in node.elts)


def _tried(function: Any, arguments: list[Any]) -> Any:
    try:
        return function(*arguments)
    except (TypeError, ValueError, LookupError, AttributeError, OverflowError) as error:
        raise _Unknown from error


def _sum(one: Any, other: Any, op: ast.operator) -> Any:
    """A sum or difference of numbers, a sum of texts; None for anything else."""
    numbers = isinstance(one, int) and isinstance(other, int)
    if isinstance(op, ast.Add) and (numbers or (type(one) is type(other) and isinstance(one, (str, bytes)))):
        return one + other
    return one - other if isinstance(op, ast.Sub) and numbers else None


def _name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


_COMPARISONS: dict[type[ast.cmpop], Any] = {
    ast.Eq: lambda one, other: one == other,
    ast.NotEq: lambda one, other: one != other,
    ast.In: lambda one, other: one in other,
    ast.NotIn: lambda one, other: one not in other,
    ast.Gt: lambda one, other: one > other,
    ast.GtE: lambda one, other: one >= other,
    ast.Lt: lambda one, other: one < other,
}
_VALUES: dict[type[ast.expr], Any] = {
    ast.Call: Turn._call,
    ast.Subscript: Turn._subscript,
    ast.Compare: Turn._compare,
    ast.BoolOp: Turn._boolean,
    ast.UnaryOp: Turn._unary,
    ast.BinOp: Turn._binary,
    ast.IfExp: Turn._conditional,
    ast.Tuple: Turn._tuple,
}
