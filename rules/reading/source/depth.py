"""The depth of a syntax tree, measured without recursion, so that no hostile tree can exhaust a stack.

A level of a tree takes at least one character of text. So a statement that is short cannot be deep, and only the
long ones are walked: real scripts are about 20 levels deep.
"""

from __future__ import annotations

import ast
from itertools import accumulate

_SHORT = 120  # characters; nothing so short can be deeper than this
_BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")
_Holder = ast.stmt | ast.excepthandler | ast.match_case


def too_deep(tree: ast.Module, code: str, limit: int) -> int | None:
    """The line where `tree`, parsed from `code`, nests deeper than `limit` levels, else None."""
    starts = [0, *accumulate(len(line) + 1 for line in code.split("\n"))]
    level: list[_Holder] = list(tree.body)
    depth = 1
    while level:
        room = limit - depth
        if room <= 0:
            return _line_of(level[0])
        deeper: list[_Holder] = []
        for holder in level:
            inner = _blocks_of(holder)
            if _length(holder, inner, starts) > min(_SHORT, room) and _height(holder, inner) > room:
                return _line_of(holder)
            deeper += inner
        level = deeper
        depth += 1
    return None


def _blocks_of(holder: _Holder) -> list[_Holder]:
    """The statements, handlers and cases inside a statement."""
    found: list[_Holder] = []
    for name in _BLOCKS:
        block = getattr(holder, name, None)
        if isinstance(block, list):
            found += block
    return found


def _length(holder: _Holder, inner: list[_Holder], starts: list[int]) -> int:
    """An upper bound for the characters of a statement before its blocks (columns count UTF-8 bytes)."""
    if isinstance(holder, ast.match_case):
        return _SHORT + 1
    first = min((d.lineno for d in getattr(holder, "decorator_list", ())), default=holder.lineno)
    if inner and not isinstance(inner[0], ast.match_case):
        last, column = inner[0].lineno, inner[0].col_offset
    else:
        last, column = holder.end_lineno or holder.lineno, holder.end_col_offset or 0
    begin = holder.col_offset if first == last else 0
    return starts[last - 1] + column - starts[first - 1] - begin


def _height(root: ast.AST, without: list[_Holder]) -> int:
    """Levels below `root`, leaving out the subtrees in `without`."""
    skipped = {id(node) for node in without}
    level: list[ast.AST] = [root]
    height = 0
    while level:
        height += 1
        deeper: list[ast.AST] = []
        for node in level:
            for value in vars(node).values():
                if isinstance(value, list):
                    deeper += value
                elif isinstance(value, ast.AST):
                    deeper.append(value)
        level = [node for node in deeper if isinstance(node, ast.AST) and node._fields and id(node) not in skipped]
    return height


def _line_of(holder: _Holder) -> int:
    if isinstance(holder, ast.match_case):
        return holder.pattern.lineno
    return holder.lineno
