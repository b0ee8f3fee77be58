"""The last tokens of the validation text are scored by no window.

## Why it matters
A sliding window that must have a whole stride left skips up to a stride less one token at the end. It is a rounding of
some tens of tokens in tens of millions, and says nothing about the model.

## Flagged
    starts = [s for s in range(0, total, stride) if min(s + length, total) - s >= stride]

## Allowed
Windows that keep whatever is left (`>= 1`, or the first window in any case); text cut to whole sequences.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from rules.analysis.flow.events import Kind
from rules.analysis.flow.labels import VAL
from rules.analysis.flow.objects import Function
from rules.analysis.flow.walk import trace_of
from rules.competition import Competition
from rules.rule import Finding, Rule, Severity
from rules.submission import SourceFile, Submission
from rules.syntax import walk

RULE = Rule(code="C10", name="tail-window-dropped", category="partial-validation", severity=Severity.NOTE, doc=__doc__)


def check(submission: Submission, _competition: Competition) -> Iterator[Finding]:
    """Yield one finding for the first function that scores by such windows."""
    for source, function in _scoring(submission):
        for node in walk(function):
            if isinstance(node, ast.comprehension) and (test := _drops(node)) is not None:
                yield RULE.at(
                    source.locate(test.lineno),
                    "Only windows with a whole stride left are scored: the last tokens, fewer than a stride, are not.",
                    fix="Keep every window that has a token left.",
                    evidence=(source.evidence(test.lineno, "windows"),),
                )
                return


def _scoring(submission: Submission) -> Iterator[tuple[SourceFile, ast.AST]]:
    """The functions that are called in the run and in which validation tokens are scored."""
    trace = trace_of(submission)
    seen: set[int] = set()
    for event in [] if trace is None else trace.all(Kind.SCORE):
        for block in event.trail if VAL in event.labels else ():
            if isinstance(block.detail, Function) and id(block.detail.node) not in seen:
                seen.add(id(block.detail.node))
                yield block.detail.scope.source, block.detail.node


def _drops(windows: ast.comprehension) -> ast.expr | None:
    """The test that keeps only windows with a whole step left, the step being that of the windows' starts."""
    over = windows.iter
    if not isinstance(over, ast.Call) or len(over.args) != 3 or getattr(over.func, "id", "") != "range":
        return None
    step = ast.unparse(over.args[2])
    for test in windows.ifs:
        if not isinstance(test, ast.Compare) or not isinstance(test.ops[0], ast.GtE):
            continue
        left = isinstance(test.left, ast.BinOp) and isinstance(test.left.op, ast.Sub)
        if left and ast.unparse(test.comparators[0]) == step:
            return test
    return None
