"""Functions of a program that print what they are given, whatever they are called."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from rules.syntax import walk

NAMED = frozenset({"print", "log", "log0", "print0", "logger", "rank0_print", "log_print", "logprint"})
METHODS = frozenset({"info", "warning", "debug", "critical"})  # of a logger
_SINKS = NAMED | METHODS
_WRITES = frozenset({"write"})
_MOST_STATEMENTS = 12
_BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")

_Callable = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


def prints_its_argument(function: _Callable) -> bool:
    """Whether a short function hands an argument on to `print`, a logger or a file of lines, as it is.

    One that makes the line itself from what it is given is followed instead: the line stands in it.
    """
    body: Sequence[ast.AST] = [function.body] if isinstance(function.body, ast.expr) else function.body
    if not _is_short(body):
        return False
    nodes = [node for part in body for node in walk(part)]
    if any(isinstance(node, ast.Return) and node.value is not None for node in nodes):
        return False
    calls = [node for node in nodes if isinstance(node, ast.Call)]
    given = set(_arguments(function))
    return any(_hands_on(call, given) for call in calls) or _prints_fields(function, calls)


def _prints_fields(function: _Callable, calls: Sequence[ast.Call]) -> bool:
    """Whether the names and values that it is given, `**fields`, are made into a line that is printed."""
    fields = function.args.kwarg
    if fields is None:
        return False
    shown = (call for call in calls if getattr(call.func, "attr", getattr(call.func, "id", "")) in _SINKS | _WRITES)
    parts = (node for call in shown for argument in call.args for node in walk(argument))
    return any(isinstance(node, ast.Name) and node.id == fields.arg for node in parts)


def _is_short(body: Sequence[ast.AST]) -> bool:
    """Whether there are few statements, counted without a look at what is in them: most functions are long."""
    waiting, statements = list(body), 0
    for part in waiting:  # grows while it is walked
        if isinstance(part, ast.expr):  # what a lambda gives: a choice or another lambda has a body that is no list
            continue
        statements += isinstance(part, ast.stmt)
        if statements > _MOST_STATEMENTS:
            return False
        for name in _BLOCKS:
            waiting += getattr(part, name, ())
    return True


def _arguments(function: _Callable) -> Iterator[str]:
    arguments = function.args
    for one in (*arguments.posonlyargs, *arguments.args, arguments.vararg):
        if one is not None and one.arg not in ("self", "cls"):
            yield one.arg


def _hands_on(call: ast.Call, given: set[str]) -> bool:
    name = getattr(call.func, "attr", getattr(call.func, "id", ""))
    if name in _SINKS:
        return any(_is_bare(argument, given) for argument in call.args)
    return name in _WRITES and any(_is_line(argument, given) for argument in call.args)


def _is_bare(node: ast.expr, given: set[str]) -> bool:
    """`message`, `*messages`, `str(message)`, or one of them with a few plain characters or a time beside it."""
    if isinstance(node, ast.Starred):
        return _is_bare(node.value, given)
    if isinstance(node, ast.Call):
        return len(node.args) == 1 and getattr(node.func, "id", "") == "str" and _is_bare(node.args[0], given)
    return _is_line(node, given) or (isinstance(node, ast.Name) and node.id in given)


def _is_line(node: ast.expr, given: set[str]) -> bool:
    """A message and the end of a line, added or formatted: a text, and no bytes that are put into a file."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        sides = (node.left, node.right)
        return any(_is_bare(side, given) for side in sides) and any(isinstance(side, ast.Constant) for side in sides)
    if not isinstance(node, ast.JoinedStr):
        return False
    plain = "".join(str(part.value) for part in node.values if isinstance(part, ast.Constant))
    shown = [part.value for part in node.values if isinstance(part, ast.FormattedValue)]
    whole = any(isinstance(one, ast.Name) and one.id in given for one in shown)
    return whole and not any(character.isalpha() for character in plain)
