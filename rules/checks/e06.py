"""The script checks the size of the artifact against mebibytes.

## Why it matters
The cap is decimal: 16,000,000 bytes. A script that compares with 16 * 1024 * 1024 says that an artifact fits when it is
up to 777,216 bytes too large.

## Flagged
    assert total_bytes <= 16 * 1024 * 1024

## Allowed
The same number for anything else: table sizes, buffers, masks. An artifact that lies between both numbers is over the
cap (`artifact-over-16mb`).
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from rules.analysis.expressions import number_of
from rules.analysis.index import index_of
from rules.analysis.nodes import nodes_of
from rules.analysis.program import program_sources
from rules.competition import Competition
from rules.rule import Finding, Rule, Severity
from rules.submission import SourceFile, Submission

RULE = Rule(code="E06", name="mib-instead-of-mb", category="over-cap", severity=Severity.NOTE, doc=__doc__)

# The literals that such a number is written with; anything else is not worth a walk through the tree.
_LITERAL = re.compile(
    r"16(?:\.0)? ?\* ?(?:\(?1_?024|1_?048_?576|\(?2 ?\*\* ?20|\(?1 ?<< ?20)|(?:1_?024|1_?048_?576) ?\* ?16\b"
    r"|16_?777_?216|16 ?<< ?20|1 ?<< ?24|2 ?\*\* ?24"
)
_SIZE = re.compile(r"byte|size|artifact|total|submission|limit|budget|cap\b|_mb|compressed|blob", re.I)


def check(submission: Submission, competition: Competition) -> Iterator[Finding]:
    """Yield the first comparison of a size with a mistaken cap."""
    wrong = {float(cap) for cap in competition.artifact.mistaken_caps}
    for source in program_sources(submission):
        line = _line(source, wrong)
        if line is not None:
            place = source.evidence(line, "read")
            yield RULE.at(
                place.location,
                f"A size is compared with a cap in mebibytes; the cap is {competition.artifact.max_bytes:,} bytes.",
                fix=f"Compare with {competition.artifact.max_bytes:_}.",
                evidence=(place,),
            )
            return


def _line(source: SourceFile, wrong: set[float]) -> int | None:
    if source.tree is None or not _LITERAL.search(source.code):
        return None
    constants = {bound.name: number_of(bound.value) for scope in index_of(source).scopes for bound in scope.bindings}
    for node in nodes_of(source, ast.Compare):
        if _compares_size(node, constants, wrong):
            return node.lineno
    return None


def _compares_size(node: ast.Compare, constants: dict[str, float | None], wrong: set[float]) -> bool:
    """Whether one side is a mistaken cap and another one is named like a size."""
    sides = [node.left, *node.comparators]
    caps = [side for side in sides if _value(side, constants) in wrong]
    others = [side for side in sides if _value(side, constants) is None]
    return bool(caps) and any(_SIZE.search(ast.unparse(side)[:500]) for side in others)


def _value(node: ast.expr, constants: dict[str, float | None]) -> float | None:
    number = number_of(node)
    return constants.get(node.id) if number is None and isinstance(node, ast.Name) else number
