"""Tests that ask how far a loop has come: both of their sides run in some turn, as no switch from outside does."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator

from rules.analysis.configuration import Configuration
from rules.analysis.flow.objects import Function, Library
from rules.analysis.flow.values import Value

_CLOCKS = frozenset({"time", "perf_counter", "monotonic", "process_time", "perf_counter_ns", "time_ns", "elapsed_time"})


def comes_true(test: ast.expr, loop: ast.AST, value: Callable[[ast.expr], Value], configuration: Configuration) -> bool:
    """Whether every part of a test is plain, or asks the clock or what changes in the turns of the loop."""
    changing = {name for node in ast.walk(loop) if (name := _stored(node))}
    return all(_is_of_turn(part, changing, value, configuration) for part in _operands(test))


def _operands(test: ast.expr) -> Iterator[ast.expr]:
    if isinstance(test, ast.BoolOp):
        for part in test.values:
            yield from _operands(part)
    elif isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        yield from _operands(test.operand)
    else:
        yield test


def _is_of_turn(
    part: ast.expr, changing: set[str], value: Callable[[ast.expr], Value], configuration: Configuration
) -> bool:
    timed = any(isinstance(node, ast.Call) and _last(node.func) in _CLOCKS for node in ast.walk(part))
    asked = [name for node in _asked(part) if (name := _last(node)) and not _is_plain(value(node))]
    return all(name in changing or (timed and configuration.value(name) is None) for name in asked)


def _asked(node: ast.AST) -> Iterator[ast.expr]:
    """Names and attributes that stand for values, without what they are a part of."""
    if isinstance(node, (ast.Name, ast.Attribute)):
        yield node
    else:
        for inner in ast.iter_child_nodes(node):
            yield from _asked(inner)


def _is_plain(found: Value) -> bool:
    """Whether it is a plain value, or something that is called."""
    return found.known or isinstance(found.ref, (Function, Library))


def _stored(node: ast.AST) -> str:
    return _last(node) if isinstance(getattr(node, "ctx", None), ast.Store) else ""


def _last(node: ast.AST) -> str:
    return str(getattr(node, "attr", getattr(node, "id", "")))
