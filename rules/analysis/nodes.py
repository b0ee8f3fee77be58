"""All nodes of a source by their kind, listed once for the rules that look for one kind; and a quick walk."""

from __future__ import annotations

import ast
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar

from rules.submission import SourceFile

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


def walk(node: ast.AST) -> Iterator[ast.AST]:
    """The node and all below it, outer ones first, as `ast.walk` gives them, without contexts and operators."""
    waiting: list[ast.AST | None] = [node]
    for item in waiting:  # grows while it is walked
        if item is not None:
            yield item
            for name in _HOLDING[item.__class__]:
                value = getattr(item, name, None)
                if value.__class__ is list:
                    waiting += value
                elif value is not None:
                    waiting.append(value)


def _by_kind(tree: ast.Module) -> Mapping[type[ast.AST], list[ast.AST]]:
    """The same walk, written out: it is taken for every source there is."""
    found: dict[type[ast.AST], list[ast.AST]] = {}
    waiting: list[ast.AST | None] = [tree]
    add, holding = waiting.append, _HOLDING
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


_PLAIN = {"ctx", "op", "ops", "id", "attr", "arg", "name", "asname", "module", "level", "type_comment", "kind"}
_PLAIN |= {"conversion", "simple", "is_async", "rest", "kwd_attrs", "type_ignores"}
_WITHOUT_PARTS = (ast.Constant, ast.Global, ast.Nonlocal, ast.MatchSingleton)  # what they hold is plain


def _kinds(kind: type[ast.AST]) -> Iterator[type[ast.AST]]:
    yield kind
    for derived in kind.__subclasses__():
        yield from _kinds(derived)


_HOLDING: dict[type, tuple[str, ...]] = {
    kind: () if issubclass(kind, _WITHOUT_PARTS) else tuple(name for name in kind._fields if name not in _PLAIN)
    for kind in _kinds(ast.AST)
}
"""The fields of each kind that hold nodes with a place."""
