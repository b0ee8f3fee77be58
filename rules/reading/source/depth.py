"""The depth of a syntax tree, measured without recursion, so that no hostile tree can exhaust a stack.

A level of a tree takes at least one character of text. So a statement that is short cannot be deep, and only the
few long ones are walked: real scripts are about 20 levels deep.
"""

from __future__ import annotations

import ast
from itertools import accumulate

from rules.syntax import parts_of

_SLACK = 4  # levels of a statement that take no character: the statement itself, a name in it
_BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")
_COMPOUND = frozenset(
    (
        *(ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.If, ast.For, ast.AsyncFor, ast.While),
        *(ast.With, ast.AsyncWith, ast.Try, ast.TryStar, ast.Match, ast.ExceptHandler, ast.match_case),
    )
)
_Holder = ast.stmt | ast.excepthandler | ast.match_case


def too_deep(tree: ast.Module, code: str, limit: int) -> int | None:
    """The line where `tree`, parsed from `code`, nests deeper than `limit` levels, else None."""
    starts = [0, *accumulate(len(line) + 1 for line in code.split("\n"))]
    level: list[_Holder] = list(tree.body)
    depth = 1
    while level:
        room = limit - depth
        short = room - _SLACK
        if room <= 0:
            return _line_of(level[0])
        deeper: list[_Holder] = []
        for holder in level:
            if type(holder) in _COMPOUND:
                inner = _blocks_of(holder)
                deeper += inner
                if _head_length(holder, inner, starts) <= short:
                    continue
            else:
                inner = []
                if _length(holder, starts) <= short:
                    continue
            if _height(holder, inner) > room:
                return _line_of(holder)
        level = deeper
        depth += 1
    return None


def _blocks_of(holder: _Holder) -> list[_Holder]:
    """The statements, handlers and cases inside a statement."""
    found: list[_Holder] = []
    fields = vars(holder)
    for name in _BLOCKS:
        found += fields.get(name, ())
    return found


def _length(holder: ast.AST, starts: list[int]) -> int:
    """An upper bound for the characters of a statement without blocks (columns count UTF-8 bytes)."""
    first: int = holder.lineno  # type: ignore[attr-defined]
    last: int = holder.end_lineno  # type: ignore[attr-defined]
    if first == last:
        return holder.end_col_offset - holder.col_offset  # type: ignore[attr-defined, no-any-return]
    return starts[last - 1] + holder.end_col_offset - starts[first - 1]  # type: ignore[attr-defined, no-any-return]


def _head_length(holder: _Holder, inner: list[_Holder], starts: list[int]) -> int:
    """An upper bound for the characters of a statement before its blocks."""
    if isinstance(holder, ast.match_case) or isinstance(inner[0], ast.match_case):
        return starts[-1]
    first = min((d.lineno for d in getattr(holder, "decorator_list", ())), default=holder.lineno)
    return starts[inner[0].lineno - 1] + inner[0].col_offset - starts[first - 1]


def _height(root: ast.AST, without: list[_Holder]) -> int:
    """Levels below `root`, leaving out the subtrees in `without`."""
    skipped = {id(node) for node in without}
    level: list[ast.AST] = [root]
    height = 0
    while level:
        height += 1
        deeper: list[ast.AST] = []
        for node in level:
            deeper += parts_of(node)
        level = [node for node in deeper if id(node) not in skipped] if skipped else deeper
    return height


def _line_of(holder: _Holder) -> int:
    if isinstance(holder, ast.match_case):
        return holder.pattern.lineno
    return holder.lineno
