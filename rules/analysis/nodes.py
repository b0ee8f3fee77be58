"""All nodes of a source by their kind, listed once for the rules that look for one kind."""

from __future__ import annotations

import ast
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import TypeVar

from rules.submission import SourceFile

Node = TypeVar("Node", bound=ast.AST)

_CAPACITY = 8  # sources; a list holds on to its tree
_recent: OrderedDict[str, Mapping[type[ast.AST], list[ast.AST]]] = OrderedDict()


def nodes_of(source: SourceFile, kind: type[Node]) -> Sequence[Node]:
    """The nodes of a kind, and of no kind derived from it; outer ones come before those inside them.

    The last few sources are kept. Not shared between threads.
    """
    if source.tree is None:
        return ()
    known = _recent.get(source.code)
    if known is None:
        known = _recent[source.code] = _by_kind(source.tree)
        if len(_recent) > _CAPACITY:
            _recent.popitem(last=False)
    return known.get(kind, ())  # type: ignore[return-value]  # listed under its own kind


def _by_kind(tree: ast.Module) -> Mapping[type[ast.AST], list[ast.AST]]:
    found: dict[type[ast.AST], list[ast.AST]] = {}
    waiting: list[ast.AST] = [tree]
    for node in waiting:  # grows while it is walked
        found.setdefault(type(node), []).append(node)
        for value in node.__dict__.values():
            if isinstance(value, list):
                waiting += [item for item in value if isinstance(item, ast.AST)]
            elif isinstance(value, ast.AST):
                waiting.append(value)
    return found
