"""What becomes of a thing that was picked by its loss on the validation text among several that were tried."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from rules.analysis.flow.claimed import claimed_print, kept_in
from rules.analysis.flow.events import Block, Event, Kind, Round, Trace
from rules.analysis.flow.labels import DATA, NLL, TRIED, VAL, Turn
from rules.analysis.flow.order import Order, relation
from rules.submission import Submission

_HOPS = 3  # names that are made of names
_TELLS = frozenset(
    {"print", "log", "log0", "print0", "info", "write", "float", "int", "str", "round", "format", "append"}
)


def is_among_tries(pick: Event, trace: Trace) -> bool:
    """Whether the losses that are picked from are those of several evaluations of the same tokens.

    A loop around an evaluation that does not pick its tokens, or the same sum reached by several calls.
    """
    if TRIED in pick.labels:
        return True
    kept = _kept(pick, trace)
    if any(_tries(loop, score) for score in kept for loop in score.loops() if loop not in pick.trail):
        return True
    places = [(score.source.path, score.line) for score in kept]
    return len(set(places)) < len(places)


def claims_pick(pick: Event, trace: Trace, submission: Submission) -> Event | None:
    """The print of the claimed number, where it comes after the pick and shows one of the losses picked from."""
    shown = claimed_print(trace, submission)
    if shown is None or relation(pick, shown).order is not Order.BEFORE:
        return None
    return shown if kept_in(shown, trace) & {id(score) for score in _kept(pick, trace)} else None


def is_last_word(pick: Event, trace: Trace) -> bool:
    """Whether nothing is scored after the losses picked from: whichever number is claimed, it is one of these."""
    scores = [score for score in trace.all(Kind.SCORE) if {VAL, NLL} <= score.labels]
    return bool(scores) and id(scores[-1]) in kept_in(pick, trace)


def is_used(pick: Event, shown: Event | None) -> bool:
    """Whether what was picked goes on: into a call, an attribute, an index, what is returned, or the claimed number."""
    tree = pick.source.tree
    statement = None if tree is None else _statement_of(pick.detail, tree)
    if tree is None or statement is None:
        return False
    if isinstance(statement, ast.Return) or (shown is not None and shown.line == pick.line):
        return True
    names = set(_bound(statement))
    after = [node for node in ast.walk(_home(statement, tree)) if getattr(node, "lineno", 0) > statement.lineno]
    made = [node for node in after if isinstance(node, ast.Assign)]
    for _ in range(_HOPS):
        names |= {name for node in made if _holds(node.value, names) for name in _bound(node)}
    return any(_goes_on(node, names, shown) for node in after)


def _tries(loop: Block, score: Event) -> bool:
    """Whether a loop picks nothing of what is scored, neither by number nor one by one."""
    turn = loop.detail
    if not isinstance(turn, Round) or turn.number == 0 or turn.times == 1 or loop.labels & DATA:
        return False
    return Turn(turn.number) not in score.labels


def _kept(pick: Event, trace: Trace) -> list[Event]:
    found = kept_in(pick, trace)
    return [score for score in trace.all(Kind.SCORE) if id(score) in found]


def _goes_on(node: ast.AST, names: set[str], shown: Event | None) -> bool:
    if isinstance(node, ast.Subscript):
        return _holds(node.slice, names)
    if isinstance(node, ast.Assign) and any(isinstance(target, ast.Attribute) for target in node.targets):
        return _holds(node.value, names)
    if isinstance(node, ast.Return):
        return node.value is not None and _holds(node.value, names)
    if isinstance(node, ast.Call) and not any(isinstance(part, ast.JoinedStr) for part in node.args):
        return any(_holds(part, names) for part in (*node.args, *(k.value for k in node.keywords))) and not _tells(node)
    return shown is not None and isinstance(node, ast.Call) and node.lineno == shown.line and _holds(node, names)


def _tells(node: ast.Call) -> bool:
    """Whether a call prints, or makes a plain number of what it is given."""
    return str(getattr(node.func, "id", getattr(node.func, "attr", ""))) in _TELLS


def _holds(node: ast.AST, names: set[str]) -> bool:
    return any(isinstance(inner, ast.Name) and inner.id in names for inner in ast.walk(node))


def _bound(statement: ast.AST) -> Iterator[str]:
    """Names that a statement binds; of `losses.sort()` the list."""
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        owner = getattr(statement.value.func, "value", None)
        if isinstance(owner, ast.Name):
            yield owner.id
        return
    for node in ast.walk(statement):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id


def _statement_of(call: ast.AST, tree: ast.Module) -> ast.stmt | None:
    """The innermost statement around a call."""
    found: ast.stmt | None = None
    for node in ast.walk(tree):
        around = isinstance(node, ast.stmt) and node.lineno <= getattr(call, "lineno", 0) <= (node.end_lineno or 0)
        if around and any(inner is call for inner in ast.walk(node)):
            found = node if isinstance(node, ast.stmt) else found
    return found


def _home(statement: ast.stmt, tree: ast.Module) -> ast.AST:
    """The innermost function around a statement, else the module."""
    found: ast.AST = tree
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and any(n is statement for n in ast.walk(node)):
            found = node
    return found
