"""Numbers that were computed outside the training budget are built into the entry.

## Why it matters
Weights, tables or coefficients that an earlier run produced are training that the clock did not see. Tuned settings
are fine; learned parameters are not.

## Flagged
    weights = np.load("structured_embeddings.npy")

A long table of fractions in the script, an array file in the folder that the script loads.

## Allowed
Tuned scalars, closed-form initial values, coefficients of a polynomial; arrays that the script itself writes before it
reads them. Whether a table was learned only a person can tell, so that this never blocks.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from rules.analysis.expressions import number_of
from rules.analysis.helpers import Helper, array_helpers
from rules.analysis.index import index_of
from rules.analysis.program import program_sources
from rules.analysis.scopes import Binding
from rules.competition import Competition
from rules.rule import Evidence, Finding, Location, Rule, Severity
from rules.submission import SourceFile, Submission
from rules.syntax import walk

RULE = Rule(
    code="E08", name="external-compute-baked-in", category="external-compute", severity=Severity.REVIEW, doc=__doc__
)

LONG = 64  # numbers of a table that nobody types by hand
FRACTIONS = 0.5  # share of them that are not whole: indices and shapes are
DIGITS = 4  # decimals that a measured or learned number has, and a chosen one has not
_SAVES = ("save", "savez", "savez_compressed", "save_file", "dump")

_FIX = "Compute these numbers inside the training budget, or show that no training produced them."


def check(submission: Submission, competition: Competition) -> Iterator[Finding]:
    """Yield array files that the program loads, and long tables of fractions in its code."""
    program = program_sources(submission)
    written = {text for source in program for text in _written(source)}
    for helper in array_helpers(submission):
        if helper.entry.name not in written and helper.entry.size:
            yield _file(helper)
    for source in program:
        for binding, count in _tables(source):
            place = source.evidence(binding.line, "read")
            yield RULE.at(
                place.location,
                f"`{binding.name}` is a table of {count} numbers written into the script. If an earlier run produced "
                "them, they are training outside the budget.",
                fix=_FIX,
                evidence=(place,),
            )


def _file(helper: Helper) -> Finding:
    place = helper.named or Evidence(Location(helper.entry.path))
    return RULE.at(
        place.location,
        f"The script loads `{helper.entry.name}` ({helper.entry.size or 0:,} bytes) from its folder: numbers that it "
        "did not compute itself, and that no total counts.",
        fix=_FIX,
        evidence=(place,),
    )


def _written(source: SourceFile) -> Iterator[str]:
    """Names of files that the script writes itself."""
    for call in index_of(source).calls_of(*_SAVES):
        for node in walk(call.node):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value.rsplit("/", 1)[-1]


def _tables(source: SourceFile) -> Iterator[tuple[Binding, int]]:
    for scope in index_of(source).scopes:
        for binding in scope.bindings:
            numbers = list(_numbers(binding.value)) if binding.value is not None else []
            if len(numbers) < LONG:
                continue
            long = [n for n in numbers if len(repr(n).partition(".")[2]) >= DIGITS]
            if len(long) >= FRACTIONS * len(numbers):
                yield binding, len(numbers)


def _numbers(node: ast.expr, depth: int = 3) -> Iterator[float]:
    """Numbers of a display, of displays in it, and of a display that is the argument of one call."""
    if isinstance(node, ast.Call) and node.args and depth:
        yield from _numbers(node.args[0], depth - 1)
    elif isinstance(node, (ast.List, ast.Tuple)) and depth:
        for item in node.elts:
            if isinstance(item, (ast.List, ast.Tuple)):
                yield from _numbers(item, depth - 1)
            elif (value := number_of(item)) is not None:
                yield value
