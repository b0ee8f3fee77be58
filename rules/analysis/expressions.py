"""Small questions about one expression: its dotted name, its text, its number."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Iterable, Iterator

from rules.syntax import parts_of

_DEPTH = 12  # levels of arithmetic that are folded
_LINES = 6  # an expression over more lines than this is not spelled out
_LARGEST = 1e18

_ARITHMETIC: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
}


def dotted(node: ast.expr) -> str:
    """A name with its attributes, dotted; "()" and "[]" stand for a call and a subscript at the root."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if isinstance(node, ast.Name):
        parts.append(node.id)
    elif isinstance(node, ast.Call):
        parts.append("()")
    else:
        parts.append("[]" if isinstance(node, ast.Subscript) else "")
    return ".".join(reversed(parts))


def text_of(node: ast.AST) -> str:
    """An expression as `ast.unparse` writes it, which takes its time even for a plain name. Raises what that raises."""
    names: list[str] = []
    inner = node
    while isinstance(inner, ast.Attribute):
        names.append(inner.attr)
        inner = inner.value
    return ".".join([inner.id, *reversed(names)]) if isinstance(inner, ast.Name) else ast.unparse(node)


def root_of(node: ast.expr | None) -> ast.expr | None:
    """What a part or a view is taken of: `warmth` for `warmth.view(-1)`."""
    while isinstance(node, (ast.Subscript, ast.Attribute, ast.Call)):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node


def name_of(node: ast.expr | None) -> str:
    """The last name of what a part is taken of: "nll" for `self.nll[i]`; "" where it has none."""
    while isinstance(node, ast.Subscript):
        node = node.value
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def constant_text(node: ast.expr) -> str:
    """A constant as the environment would spell it ("8", "True", "sp1024"); another expression as its source."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    number = number_of(node)
    if number is not None:
        return str(int(number)) if number == int(number) else str(number)
    if (node.end_lineno or 0) - node.lineno >= _LINES:
        return "…"
    try:
        return ast.unparse(node)[:200]
    except RecursionError:
        return "…"


def walk(*roots: ast.AST) -> Iterator[ast.AST]:
    """All nodes of several trees but contexts and operators, each once, however the trees overlap."""
    seen: set[int] = set()
    for root in roots:
        stack = [root]
        while stack:
            node = stack.pop()
            if id(node) not in seen:
                seen.add(id(node))
                yield node
                stack += parts_of(node)


def last_bindings(nodes: Iterable[ast.AST]) -> dict[str, ast.expr]:
    """The last expression that each plain name is bound to, among these nodes."""
    return {
        target.id: node.value
        for node in nodes
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def number_of(node: ast.expr | None, depth: int = _DEPTH) -> float | None:
    """The number that an expression of constants has, None where it has none. Truth values are no numbers."""
    if isinstance(node, ast.Constant):
        value = node.value
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < _LARGEST
        return value if is_number else None  # type: ignore[return-value]
    if depth == 0:
        return None
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.UAdd)):
        inner = number_of(node.operand, depth - 1)
        return None if inner is None else (-inner if isinstance(node.op, ast.USub) else inner)
    if isinstance(node, ast.BinOp) and type(node.op) in _ARITHMETIC:
        left, right = number_of(node.left, depth - 1), number_of(node.right, depth - 1)
        if left is None or right is None:
            return None
        try:
            result = _ARITHMETIC[type(node.op)](left, right)
        except ArithmeticError:
            return None
        return result if abs(result) < _LARGEST else None
    return None
