"""Two evaluations on the validation text are compared inside the run, and what scored better goes on.

## Why it matters
A choice by the validation loss fits the choice to the validation text. One bit of choice is little, a grid over
temperatures or weights more; either way the score is no longer that of a model that had not seen the text.

## Flagged
    if evaluate(averaged, val_tokens) < evaluate(model, val_tokens):
        best_state = averaged.state_dict()

## Allowed
The same choice on training tokens or by the error of a quantiser; hyperparameters chosen between runs; a best loss that
is only printed; a choice that the claimed score does not come after.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from rules.analysis.configuration import configuration_of
from rules.analysis.flow.active import open_switches
from rules.analysis.flow.claimed import claimed_scores
from rules.analysis.flow.events import Event, Kind
from rules.analysis.flow.order import Order, relation
from rules.analysis.flow.values import TRAIN
from rules.analysis.flow.walk import trace_of
from rules.competition import Competition
from rules.rule import Finding, Rule, Severity
from rules.submission import Submission

RULE = Rule(code="B12", name="val-driven-selection-in-run", category="val-tuned", severity=Severity.REVIEW, doc=__doc__)

_PRINTS = frozenset({"print", "log", "log0", "print0", "info", "write"})


def check(submission: Submission, _: Competition) -> Iterator[Finding]:
    """Yield the first choice that something later depends on."""
    trace = trace_of(submission)
    if trace is None:
        return
    claimed = claimed_scores(trace, submission)
    for event in trace.all(Kind.COMPARED):
        chosen = _chosen(event) if TRAIN not in event.labels else ""
        if not chosen:
            continue
        later = [score for score in claimed if relation(event, score).order is Order.BEFORE]
        if claimed and not later:
            continue
        switch = next(open_switches(event, configuration_of(submission)), "")
        yield RULE.at(
            event.location,
            f"Losses on the validation text are compared at line {event.line}, and what scored better is used from "
            f"there on{', up to the claimed score' if later else ''}. "
            + (f"Whether `{switch}` held is open." if switch else "Whether that is tuning is for a person to judge."),
            fix="Choose on training tokens, or decide before the run.",
            severity=Severity.REVIEW if later and not switch else Severity.NOTE,
            evidence=(event.evidence("choice"), *(score.evidence("score") for score in later[:1])),
        )
        return


def _chosen(event: Event) -> str:
    """A name that is bound where the comparison holds, beside the losses, and that is used afterwards; "" for none."""
    tree = event.source.tree
    if tree is None:
        return ""
    statement = next((n for n in ast.walk(tree) if isinstance(n, ast.If) and event.detail in ast.walk(n.test)), None)
    if statement is None:
        return ""
    compared = {node.id for node in ast.walk(statement.test) if isinstance(node, ast.Name)}
    bound = {
        node.id
        for part in statement.body
        for node in ast.walk(part)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    } - compared
    return next((name for name in sorted(bound) if _is_used(name, statement, tree)), "")


def _is_used(name: str, statement: ast.If, tree: ast.Module) -> bool:
    """Whether a call or a return after the statement takes the name, other than to print it."""
    last = statement.end_lineno or statement.lineno
    home = _function_around(statement, tree)
    for node in ast.walk(home):
        if isinstance(node, (ast.Call, ast.Return)) and node.lineno > last and not _is_print(node):
            parts = node.args + [k.value for k in node.keywords] if isinstance(node, ast.Call) else [node.value]
            if any(isinstance(n, ast.Name) and n.id == name for p in parts if p is not None for n in ast.walk(p)):
                return True
    return False


def _is_print(node: ast.Call | ast.Return) -> bool:
    func = node.func if isinstance(node, ast.Call) else None
    return getattr(func, "id", getattr(func, "attr", "")) in _PRINTS


def _function_around(statement: ast.If, tree: ast.Module) -> ast.AST:
    """The innermost function that holds the statement, else the module."""
    found: ast.AST = tree
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and any(n is statement for n in ast.walk(node)):
            found = node
    return found
