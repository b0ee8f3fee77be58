"""What is left out by its name, of weights that were read: the network keeps there what it had."""

from __future__ import annotations

import ast

from rules.analysis.flow.base import Asked
from rules.analysis.flow.labels import NONE, PARTLY, STORED, Labels

_ASKS = frozenset({"startswith", "endswith", "match", "search", "fullmatch", "fnmatch", "find", "count"})


def leaves_out(node: ast.expr) -> bool:
    """Whether a comprehension over names and things leaves some out by what their names are."""
    if not isinstance(node, ast.DictComp):
        return False
    names = _name_of(node.generators[0].target)
    return any(_asks_for_text(test, names) for test in node.generators[0].ifs)


def put_partly(labels: Labels, loops: list[ast.AST], target: ast.Subscript, node: ast.AST) -> Labels:
    """The mark, where a loop over names and things puts some of them, as they are, elsewhere, by their names."""
    loop, value = loops[-1] if loops else None, getattr(node, "value", None)
    if STORED not in labels or not isinstance(loop, ast.For) or not isinstance(loop.target, ast.Tuple):
        return NONE
    names, thing = _name_of(loop.target), loop.target.elts[-1]
    is_same = isinstance(value, ast.Name) and isinstance(thing, ast.Name) and value.id == thing.id
    if not is_same or not _is_one(target.slice, names):
        return NONE
    tests = [one for one in loop.body if isinstance(one, ast.If) and not one.orelse]
    found = any(_asks_for_text(one.test, names) and (_leaves(one) or _holds(one, target)) for one in tests)
    return frozenset({PARTLY}) if found else NONE


def left_out(asked: Asked) -> Labels:
    """What stays said of weights that are put into a network: of the whole of them it would have asked for the rest."""
    strict = asked.argument(2, "strict")
    return asked.labels if strict.const is False else asked.labels - {PARTLY}


def _name_of(target: ast.expr) -> frozenset[str]:
    """What the names are called that a loop gives: the first of two."""
    first = target.elts[0] if isinstance(target, ast.Tuple) and target.elts else target
    return frozenset({first.id}) if isinstance(first, ast.Name) else frozenset()


def _asks_for_text(test: ast.expr, names: frozenset[str]) -> bool:
    """Whether a test asks what a name reads like, and not whether another thing has that name."""
    for part in ast.walk(test):
        if isinstance(part, ast.Compare) and len(part.ops) == 1:
            left, op, right = part.left, part.ops[0], part.comparators[0]
            if isinstance(op, (ast.In, ast.NotIn)) and _is_one(right, names):
                return True
            if _is_one(left, names) and _is_plain(right):
                return True
        if isinstance(part, ast.Call) and getattr(part.func, "attr", getattr(part.func, "id", "")) in _ASKS:
            asked = (*part.args, getattr(part.func, "value", None))
            if any(_is_one(one, names) for one in asked):
                return True
    return False


def _is_one(node: ast.expr | None, names: frozenset[str]) -> bool:
    return isinstance(node, ast.Name) and node.id in names


def _is_plain(node: ast.expr) -> bool:
    """Whether names stand there as they are."""
    parts = node.elts if isinstance(node, (ast.Tuple, ast.List, ast.Set)) else [node]
    return bool(parts) and all(isinstance(part, ast.Constant) and isinstance(part.value, str) for part in parts)


def _leaves(statement: ast.If) -> bool:
    return len(statement.body) == 1 and isinstance(statement.body[0], ast.Continue)


def _holds(statement: ast.If, target: ast.expr) -> bool:
    return any(part is target for part in ast.walk(statement))
