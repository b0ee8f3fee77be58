"""A quick walk over syntax trees, which are walked for every rule: without contexts, operators and plain fields."""

from __future__ import annotations

import ast
from collections.abc import Iterator

_PLAIN = {"ctx", "op", "ops", "id", "attr", "arg", "name", "asname", "module", "level", "type_comment", "kind"}
_PLAIN |= {"conversion", "simple", "is_async", "rest", "kwd_attrs", "type_ignores"}
_WITHOUT_PARTS = (ast.Constant, ast.Global, ast.Nonlocal, ast.MatchSingleton)  # what they hold is plain


def walk(node: ast.AST) -> Iterator[ast.AST]:
    """The node and all below it, outer ones first, as `ast.walk` gives them, without contexts and operators."""
    waiting: list[ast.AST | None] = [node]
    for item in waiting:  # grows while it is walked
        if item is not None:
            yield item
            for name in HOLDING[item.__class__]:
                value = getattr(item, name, None)
                if value.__class__ is list:
                    waiting += value
                elif value is not None:
                    waiting.append(value)


def parts_of(node: ast.AST) -> list[ast.AST]:
    """The nodes directly below a node, as `ast.iter_child_nodes` gives them, without contexts and operators."""
    found: list[ast.AST] = []
    for name in HOLDING[node.__class__]:
        value = getattr(node, name, None)
        if value.__class__ is list:
            found += [part for part in value if part is not None]  # the key of `**rest`, a keyword without default
        elif value is not None:
            found.append(value)
    return found


def _kinds(kind: type[ast.AST]) -> Iterator[type[ast.AST]]:
    yield kind
    for derived in kind.__subclasses__():
        yield from _kinds(derived)


HOLDING: dict[type, tuple[str, ...]] = {
    kind: () if issubclass(kind, _WITHOUT_PARTS) else tuple(name for name in kind._fields if name not in _PLAIN)
    for kind in _kinds(ast.AST)
}
"""The fields of each kind that hold nodes with a place."""
