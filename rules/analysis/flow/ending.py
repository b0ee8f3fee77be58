"""What ends the training loop by the clock: all the time there is, or less, as something is taken off for later."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, replace

from rules.analysis.flow.events import Block
from rules.analysis.flow.gradients import loops_of, trained_with
from rules.analysis.flow.walk import trace_of
from rules.analysis.nodes import nodes_of
from rules.analysis.once import once
from rules.rule import Evidence
from rules.submission import SourceFile, Submission
from rules.syntax import walk

_LIMITS = ("wallclock", "wall_clock", "budget", "limit", "seconds", "secs", "cap", "max_time", "train_time", "deadline")
_READS = ("time", "perf_counter", "monotonic", "elapsed", "spent", "t0", "start", "began", "passed")
_MOST = 400  # expressions that are looked through


@once
def taken_off(submission: Submission) -> Evidence | None:
    """Where the clock that ends the training loop is made shorter; None where nothing shows that."""
    trace = trace_of(submission)
    for learn in reversed([] if trace is None else trained_with(trace)):
        for loop in reversed(learn.loops()):
            found = _shorter(loop)
            if found is not None:
                return loop.source.evidence(found.lineno, "reserve")
    return None


def _shorter(loop: Block) -> ast.BinOp | None:
    """What is taken off in the tests that end a loop, or in what they are made of."""
    around = _around(loop)
    bound = _bindings(loop.source, around)
    waiting: list[ast.AST] = [test for node in loops_of(loop) for test in _ends(node)]
    seen = set[str]()
    for test in waiting:  # grows while it is walked
        for part in walk(test):
            if isinstance(part, ast.BinOp) and _takes_off(part):
                return part
            name = getattr(part, "id", getattr(part, "attr", ""))
            if name and name not in seen and len(waiting) < _MOST:
                seen.add(name)
                waiting += bound.get(name, [])
    return None


def _ends(loop: ast.For | ast.While) -> Iterator[ast.expr]:
    """The tests that end a loop: its own, and those of branches that leave it."""
    if isinstance(loop, ast.While):
        yield loop.test
    for node in _own(loop.body):
        if isinstance(node, ast.If) and any(isinstance(part, (ast.Break, ast.Return)) for part in _own(node.body)):
            yield node.test


def _own(statements: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Statements and those below them, without those of loops and functions within."""
    for statement in statements:
        yield statement
        if not isinstance(statement, (ast.For, ast.While, ast.FunctionDef, ast.ClassDef)):
            for name in ("body", "orelse", "finalbody"):
                yield from _own(getattr(statement, name, []))


def _around(loop: Block) -> list[ast.AST]:
    """The functions that the loop stands in."""
    line = loop.line
    return [node for node in nodes_of(loop.source, ast.FunctionDef) if node.lineno <= line <= (node.end_lineno or 0)]


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a statement stands: the tests around it, its functions, and whether its names are those of another one."""

    tests: tuple[ast.expr, ...] = ()
    functions: tuple[str, ...] = ()
    local: bool = False


def _bindings(source: SourceFile, around: list[ast.AST]) -> dict[str, list[ast.AST]]:
    """What names are made of: those of these functions and of the module, and attributes wherever they are bound.

    With it go the tests of the branches in which a name is bound, and what functions give back.
    """
    found: dict[str, list[ast.AST]] = {}
    for statement, place in _placed([] if source.tree is None else source.tree.body, _Place(), around):
        if isinstance(statement, (ast.Assign, ast.AnnAssign, ast.AugAssign)) and statement.value is not None:
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            made: ast.AST = _as_sum(statement) if isinstance(statement, ast.AugAssign) else statement.value
            for target in targets:
                name = getattr(target, "id", getattr(target, "attr", ""))
                if name and not (place.local and isinstance(target, ast.Name)):
                    found.setdefault(name, []).extend([made, *place.tests])
        elif isinstance(statement, ast.Return):
            for name in place.functions:
                found.setdefault(name, []).append(statement)
    return found


def _placed(statements: list[ast.stmt], place: _Place, around: list[ast.AST]) -> Iterator[tuple[ast.stmt, _Place]]:
    for statement in statements:
        yield statement, place
        inner = place
        if isinstance(statement, ast.If):
            inner = replace(place, tests=(*place.tests, statement.test))
        elif isinstance(statement, ast.FunctionDef):
            inner = _Place((), (*place.functions, statement.name), place.local or statement not in around)
        elif isinstance(statement, (ast.ClassDef, ast.For, ast.While)):
            inner = replace(place, tests=())  # that a loop goes on is no reason for what is bound in it
        for name in ("body", "orelse", "finalbody"):
            yield from _placed(getattr(statement, name, []), inner, around)
        for handler in getattr(statement, "handlers", []):
            yield from _placed(handler.body, inner, around)


def _as_sum(statement: ast.AugAssign) -> ast.BinOp:
    """`limit -= reserve` as what it gives."""
    return ast.copy_location(ast.BinOp(statement.target, statement.op, statement.value), statement)


def _takes_off(node: ast.BinOp) -> bool:
    """Whether it is a limit less something that is no reading of the clock."""
    limit, less = _words(node.left), _words(node.right)
    if not isinstance(node.op, ast.Sub) or not any(one in word for one in _LIMITS for word in limit):
        return False
    return not any(_is_reading(word) for word in (*limit, *less)) and not isinstance(node.right, ast.Constant)


def _is_reading(word: str) -> bool:
    return word in _READS or word.startswith(("elapsed", "now")) or word.endswith(("elapsed", "elapsed_ms", "_t0"))


def _words(node: ast.expr) -> set[str]:
    """Names in an expression, and texts by which it looks something up."""
    found = set[str]()
    for part in walk(node):
        text = getattr(part, "id", getattr(part, "attr", getattr(part, "value", "")))
        found |= {text.lower()} if isinstance(text, str) else set()
    return found
