"""Numbers of a program by which it multiplies or divides."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from rules.analysis.expressions import name_of, number_of
from rules.analysis.index import SourceIndex, index_of
from rules.analysis.nodes import nodes_of
from rules.submission import SourceFile

_NUMBER = re.compile(r"\d{1,9}(?:\.\d{1,20})?")


def factors(sources: Iterable[SourceFile]) -> Iterator[tuple[float, SourceFile, int]]:
    """Each number by which something is multiplied or divided, however it is named, with the line where it stands."""
    for source in sources:
        named = _all_numbers(source) if source.tree is not None else {}
        for node in nodes_of(source, ast.BinOp):
            if isinstance(node.op, (ast.Div, ast.Mult)):
                for side in (node.left, node.right):
                    value = number_of(side)
                    found = named.get(name_of(side), ()) if value is None else [(value, side.lineno)]
                    yield from ((number, source, line) for number, line in found if number > 0)


def only_numbers(index: SourceIndex) -> dict[str, float]:
    """Numbers that a name is bound to anywhere, where it is bound to one number only."""
    found: dict[str, set[float | None]] = {}
    for scope in index.scopes:
        for binding in scope.bindings:
            found.setdefault(binding.name, set()).add(number_of(_default(binding.value)))
    return {name: value for name, values in found.items() if len(values) == 1 and (value := values.pop()) is not None}


def _all_numbers(source: SourceFile) -> dict[str, list[tuple[float, int]]]:
    """All numbers that a name is bound to, as variable, attribute, argument or setting, with their lines."""
    bound = [(b.name, b.value) for scope in index_of(source).scopes for b in scope.bindings]
    bound += [pair for function in nodes_of(source, ast.FunctionDef) for pair in _defaults(function.args)]
    found: dict[str, list[tuple[float, int]]] = {}
    for name, given in bound:
        value = number_of(_default(given))
        if given is not None and value is not None:
            found.setdefault(name, []).append((value, given.lineno))
    return found


def _defaults(arguments: ast.arguments) -> Iterator[tuple[str, ast.expr | None]]:
    """Arguments with what they are by default."""
    plain = [*arguments.posonlyargs, *arguments.args]
    first = len(plain) - len(arguments.defaults)
    yield from ((one.arg, value) for one, value in zip(plain[first:], arguments.defaults, strict=True))
    yield from ((one.arg, value) for one, value in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True))


def _default(node: ast.expr | None) -> ast.expr | None:
    """What a setting is by default: 2.75 for `float(os.environ.get("BYTES_PER_TOKEN", 2.75))`."""
    inner = node.args[0] if isinstance(node, ast.Call) and len(node.args) == 1 else node
    if isinstance(inner, ast.Call) and len(inner.args) == 2 and getattr(inner.func, "attr", "") in ("get", "getenv"):
        given = inner.args[1]
        text = given.value if isinstance(given, ast.Constant) else None
        return ast.Constant(float(text)) if isinstance(text, str) and _NUMBER.fullmatch(text) else given
    return node
