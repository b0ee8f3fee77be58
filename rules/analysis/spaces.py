"""Where an evaluation adds one byte for a leading space that follows no boundary.

n = base[y] + (opens[y] & ~boundary[x])        n = where(opens[y] & inside[x], base[y] + 1, base[y])
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from rules.analysis.expressions import last_bindings
from rules.analysis.nodes import nodes_of
from rules.submission import SourceFile
from rules.syntax import parts_of, walk

_ANDS = frozenset({"logical_and", "bitwise_and", "mul", "multiply"})
_NOTS = frozenset({"logical_not", "bitwise_not"})
_ADDING = frozenset({"add", "add_"})
_LOOK_UPS = frozenset({"take", "index_select", "gather"})
_STEPS = 2  # names between a condition and where it is added

Bindings = Mapping[str, ast.expr]


def additions(source: SourceFile) -> Iterator[tuple[ast.AST, str]]:
    """Where the byte is added, with the function's name."""
    for function in nodes_of(source, ast.FunctionDef):
        nodes = list(walk(function))
        names = last_bindings(nodes)
        for node in nodes:
            if _adds(node, names):
                yield node, function.name


def _adds(node: ast.AST, names: Bindings) -> bool:
    """Whether a statement or expression gives more by one byte where a space leads."""
    if isinstance(node, ast.AugAssign):
        at = node.target.slice if isinstance(node.target, ast.Subscript) and _is_one(node.value) else None
        return isinstance(node.op, ast.Add) and (
            _holds_space(node.value, names) or (at is not None and _is_space(at, names))  # `n[space] += 1`
        )
    if isinstance(node, ast.BinOp):
        return isinstance(node.op, ast.Add) and any(_holds_space(side, names) for side in (node.left, node.right))
    if isinstance(node, ast.Call) and getattr(node.func, "attr", "") in _ADDING:
        return any(_holds_space(given, names) for given in node.args)
    if isinstance(node, ast.If):
        return _is_space(node.test, names) and any(_counts_one(part) for part in node.body)
    chosen = _chosen(node)
    return chosen is not None and _is_space(chosen[0], names) and _is_one_more(chosen[1], chosen[2])


def _holds_space(node: ast.AST, names: Bindings, steps: int = _STEPS) -> bool:
    """Whether one byte for a leading space is among what an expression adds up."""
    if _is_space(node, names, steps):
        return True
    chosen = _chosen(node)
    if chosen is not None:
        test, *arms = chosen
        return _is_space(test, names, steps) if _is_one(arms[0]) and _is_zero(arms[1]) else False
    if isinstance(node, ast.Name) and node.id in names and steps:
        return _holds_space(names[node.id], names, steps - 1)
    if isinstance(node, ast.Subscript):
        return _holds_space(node.value, names, steps)
    taken = node.right if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub) else None
    return any(_holds_space(part, names, steps) for part in parts_of(node) if part is not taken)


def _is_space(node: ast.AST, names: Bindings, steps: int = _STEPS) -> bool:
    """`opens[token] & ~boundary[earlier]`, cast in any way, or the product of the two."""
    node = _bare(node)
    if isinstance(node, ast.Name) and node.id in names and steps:
        return _is_space(names[node.id], names, steps - 1)
    sides = _both(node)
    if sides is None:
        return False
    for one, other in (sides, sides[::-1]):
        if _looks_up(one) and _negated(one) is None and (no := _negated(other)) is not None:
            return _looks_up(no)
    token, earlier = (_index(_bare(side)) for side in sides)  # `opens[token] & inside[earlier]`
    return token is not None and earlier is not None and ast.dump(token) != ast.dump(earlier)


def _both(node: ast.AST) -> tuple[ast.expr, ast.expr] | None:
    """The two sides of something that holds where both do."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.BitAnd, ast.Mult)):
        return node.left, node.right
    if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.And) and len(node.values) == 2:
        return node.values[0], node.values[1]
    if isinstance(node, ast.Call) and getattr(node.func, "attr", "") in _ANDS:
        of = [*node.args, node.func.value] if isinstance(node.func, ast.Attribute) else node.args
        return (of[0], of[1]) if len(of) >= 2 else None
    return None


def _bare(node: ast.AST) -> ast.AST:
    """A truth value without casts and comparisons that leave it what it is: `x` for `(x > 0).double()`."""
    while True:
        if isinstance(node, ast.Compare) and len(node.ops) == 1 and _keeps(node.ops[0], node.comparators[0]):
            node = node.left
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and _is_cast(node.func.attr):
            node = node.func.value
        else:
            return node


def _is_cast(name: str) -> bool:
    return name not in _LOOK_UPS | _ANDS | _NOTS | _ADDING


def _keeps(op: ast.cmpop, to: ast.expr) -> bool:
    return (isinstance(op, (ast.Gt, ast.NotEq)) and _is_zero(to)) or (isinstance(op, (ast.Eq, ast.GtE)) and _is_one(to))


def _turns(op: ast.cmpop, to: ast.expr) -> bool:
    return (isinstance(op, ast.Eq) and _is_zero(to)) or (isinstance(op, (ast.Lt, ast.NotEq)) and _is_one(to))


def _negated(node: ast.expr) -> ast.expr | None:
    """What is not to hold: of `~x`, `not x`, `logical_not(x)`, `1 - x`, `x == 0`; None for anything else."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.Invert, ast.Not)):
        return node.operand
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        return node.left if _turns(node.ops[0], node.comparators[0]) else None
    if isinstance(node, ast.Call) and getattr(node.func, "attr", "") in _NOTS:
        return node.args[0] if node.args else node.func
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub):
        return node.right if _is_one(node.left) else None
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):  # a cast, or a look-up: `(~x).double()`
        inner = _negated(node.func.value)
        return node if inner is not None and node.func.attr in _LOOK_UPS else inner
    return None


def _looks_up(node: ast.expr) -> bool:
    return any(
        isinstance(part, ast.Subscript) or (isinstance(part, ast.Attribute) and part.attr in _LOOK_UPS)
        for part in walk(node)
    )


def _index(node: ast.AST) -> ast.expr | None:
    """By what a table is looked up; None for a stretch of it, one certain place, or anything else."""
    at: ast.expr | None = None
    if isinstance(node, ast.Subscript):
        at = node.slice
    elif isinstance(node, ast.Call) and getattr(node.func, "attr", "") in _LOOK_UPS and node.args:
        at = node.args[-1]
    return None if isinstance(at, (ast.Slice, ast.Tuple, ast.Constant)) else at


def _chosen(node: ast.AST) -> tuple[ast.expr, ast.expr, ast.expr] | None:
    """The test and both arms of `where(test, one, other)` and of `one if test else other`."""
    if isinstance(node, ast.IfExp):
        return node.test, node.body, node.orelse
    if isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) == "where":
        return (node.args[0], node.args[1], node.args[2]) if len(node.args) == 3 else None
    return None


def _is_one_more(one: ast.expr, other: ast.expr) -> bool:
    """`base[y] + 1` beside `base[y]`."""
    if not isinstance(one, ast.BinOp) or not isinstance(one.op, ast.Add):
        return False
    pairs = ((one.left, one.right), (one.right, one.left))
    return any(_is_one(added) and ast.dump(rest) == ast.dump(other) for rest, added in pairs)


def _counts_one(node: ast.stmt) -> bool:
    return isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Add) and _is_one(node.value)


def _is_one(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value == 1


def _is_zero(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value == 0
