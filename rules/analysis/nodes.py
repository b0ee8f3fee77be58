"""All nodes of a source by their kind, listed once for the rules that look for one kind."""

from __future__ import annotations

import ast
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import TypeVar

from rules.submission import SourceFile
from rules.syntax import HOLDING

Node = TypeVar("Node", bound=ast.AST)

_CAPACITY = 4  # sources; a list holds on to its tree
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
    """What `walk` gives, written out: it is taken for every source there is."""
    found: dict[type[ast.AST], list[ast.AST]] = {}
    waiting: list[ast.AST | None] = [tree]
    add, holding = waiting.append, HOLDING
    for node in waiting:
        if node is None:  # the key of `**rest`, a keyword without default
            continue
        kind = node.__class__
        if kind in found:
            found[kind].append(node)
        else:
            found[kind] = [node]
        for name in holding[kind]:
            value = getattr(node, name, None)
            if value.__class__ is list:
                waiting += value
            elif value is not None:
                add(value)
    return found
