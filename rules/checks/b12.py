"""Two evaluations on the validation text are compared inside the run, and what scored better goes on.

## Why it matters
A choice by the validation loss fits the choice to the validation text. One bit of choice is little, a grid over
temperatures or weights more; either way the score is no longer that of a model that had not seen the text.

## Flagged
    if evaluate(averaged, val_tokens) < evaluate(model, val_tokens):
        best_state = averaged.state_dict()

    results = {t: evaluate(model, val_tokens, temperature=t) for t in temperatures}
    val_bpb = results[min(results, key=results.get)]

## Allowed
The same choice on training tokens or by the error of a quantiser; hyperparameters chosen between runs; a best loss that
is only printed; a choice that the claimed score does not come after.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from rules.analysis.configuration import configuration_of
from rules.analysis.flow.active import open_switches
from rules.analysis.flow.choices import claims_pick, is_among_tries, is_last_word, is_used
from rules.analysis.flow.claimed import claimed_scores
from rules.analysis.flow.events import Event, Kind
from rules.analysis.flow.labels import TRAIN
from rules.analysis.flow.order import Order, relation, repeats
from rules.analysis.flow.walk import trace_of
from rules.analysis.nodes import nodes_of
from rules.competition import Competition
from rules.rule import Finding, Rule, Severity
from rules.submission import Submission
from rules.syntax import walk

RULE = Rule(code="B12", name="val-driven-selection-in-run", category="val-tuned", severity=Severity.REVIEW, doc=__doc__)

_PRINTS = frozenset({"print", "log", "log0", "print0", "info", "write"})


def check(submission: Submission, _: Competition) -> Iterator[Finding]:
    """Yield the first choice that something later depends on."""
    trace = trace_of(submission)
    if trace is None:
        return
    claimed = claimed_scores(trace, submission)
    for event in trace.all(Kind.COMPARED, Kind.PICKED):
        if TRAIN in event.labels:
            continue
        picked = event.kind is Kind.PICKED
        shown = claims_pick(event, trace, submission) if picked else None
        if not (is_among_tries(event, trace) and is_used(event, shown) if picked else _chosen(event)):
            continue
        later = [score for score in claimed if _rests_on(score, event) or shown is not None]
        if claimed and not later:
            continue
        last = picked and not claimed and is_last_word(event, trace)
        switch = next(open_switches(event, configuration_of(submission)), "")
        yield RULE.at(
            event.location,
            f"Losses on the validation text are compared at line {event.line}, and what scored better is used from "
            f"there on{', up to the claimed score' if later or last else ''}. "
            + (f"Whether `{switch}` held is open." if switch else "Whether that is tuning is for a person to judge."),
            fix="Choose on training tokens, or decide before the run.",
            severity=Severity.REVIEW if (later or last) and not switch else Severity.NOTE,
            evidence=(event.evidence("choice"), *(score.evidence("score") for score in later[:1])),
        )
        return


def _rests_on(score: Event, choice: Event) -> bool:
    """Whether a score comes after the choice, or is one of those of the same text that are compared turn by turn."""
    how = relation(choice, score)
    return how.order is Order.BEFORE or (how.in_turn and repeats(how.loops[-1], score))


def _chosen(event: Event) -> str:
    """What is bound or written where the comparison holds, beside the losses, and used afterwards; "" for nothing."""
    tree = event.source.tree
    if tree is None:
        return ""
    statement = next((n for n in nodes_of(event.source, ast.If) if event.detail in walk(n.test)), None)
    if statement is None:
        return ""
    compared = {node.id for node in walk(statement.test) if isinstance(node, ast.Name)}
    inside = [node for part in statement.body for node in walk(part)]
    bound = {node.id for node in inside if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)} - compared
    after = _after(statement, tree)
    used = (name for name in sorted(bound) if any(_uses(node, name) for node in after))
    return next(used, "") or _read_again(inside, after)


def _after(statement: ast.If, tree: ast.Module) -> list[ast.AST]:
    """What stands behind the statement in its function."""
    last = statement.end_lineno or statement.lineno
    return [node for node in walk(_function_around(statement, tree)) if getattr(node, "lineno", 0) > last]


def _uses(node: ast.AST, name: str) -> bool:
    """Whether a call or a return takes the name, other than to print it, or a test asks for it that decides a call."""
    if isinstance(node, ast.If):
        decided = [inner for part in node.body for inner in walk(part)]
        return _names(node.test, name) and any(isinstance(one, ast.Call) and not _is_print(one) for one in decided)
    if isinstance(node, ast.Call) and not _is_print(node):
        return any(_names(part, name) for part in (*node.args, *(k.value for k in node.keywords)))
    return isinstance(node, ast.Return) and node.value is not None and _names(node.value, name)


def _names(node: ast.AST, name: str) -> bool:
    return any(isinstance(inner, ast.Name) and inner.id == name for inner in walk(node))


def _read_again(inside: list[ast.AST], after: list[ast.AST]) -> str:
    """A file that is written where the comparison holds, and loaded afterwards; "" for none."""
    read = {path for node in after for path in _paths(node, "load")}
    return next((path for node in inside for path in _paths(node, "save") if path in read), "")


def _paths(node: ast.AST, verb: str) -> Iterator[str]:
    """Which files a call loads or saves, as they are written there."""
    if isinstance(node, ast.Call) and _called(node).startswith(verb):
        yield from (ast.unparse(one) for one in node.args if isinstance(one, (ast.Constant, ast.Name, ast.Attribute)))


def _is_print(node: ast.Call) -> bool:
    return _called(node) in _PRINTS


def _called(node: ast.Call) -> str:
    return str(getattr(node.func, "id", getattr(node.func, "attr", "")))


def _holds(function: ast.FunctionDef | ast.AsyncFunctionDef, statement: ast.If) -> bool:
    inside = function.lineno <= statement.lineno <= (function.end_lineno or 0)
    return inside and any(node is statement for node in walk(function))


def _function_around(statement: ast.If, tree: ast.Module) -> ast.AST:
    """The innermost function that holds the statement, else the module."""
    found: ast.AST = tree
    for node in walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and _holds(node, statement):
            found = node
    return found
