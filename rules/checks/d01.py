"""The byte of a leading space is counted twice.

## Why it matters
A piece that begins with the marker U+2581 stands for a space and a word. Its byte is either part of the byte table or
added in the evaluation where no boundary comes before. Counted in both places it adds about one byte for each word, a
sixth of the text, and the score looks better by as much.

## Flagged
    base_bytes[i] = len(piece[1:].encode("utf-8")) + 1          # the table has the space
    ...
    count += base_bytes[y] + (has_space[y] & ~is_boundary[x])   # and the evaluation adds it

A table that gives a byte to the piece that is nothing but a space, and marks it too.

## Allowed
Either of the two alone, and a byte for the lone space in a table that does not mark it. Logs whose loss and score
divide by the bytes that the split has: then another table was used.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from rules.analysis.bytecount import byte_count, consistent
from rules.analysis.bytetable import INNER, LONE, WORD, Builder, builders
from rules.analysis.flow.walk import trace_of
from rules.analysis.headline import headlines_of
from rules.analysis.program import program_sources
from rules.analysis.spaces import additions
from rules.analysis.turn import Sample
from rules.competition import Competition
from rules.rule import Evidence, Finding, Rule, Severity
from rules.submission import SourceFile, Submission
from rules.syntax import walk

RULE = Rule(
    code="D01", name="bpb-lut-leading-space-twice", category="byte-accounting", severity=Severity.BLOCK, doc=__doc__
)

CERTAIN = 0.01  # more bytes than this share above the split's are no matter of how a document ends

_FIX = "Leave the space out of the table, or do not add it in the evaluation, and score again."


class Pair(NamedTuple):
    """A table that has the space, the piece that shows it, and where a function adds it again.

    `named` says that the addition names the table.
    """

    builder: Builder
    sample: Sample
    added: Evidence
    function: str
    named: bool


def check(submission: Submission, competition: Competition) -> Iterator[Finding]:
    """Yield the table and the addition that count a space twice, in the program or, where a log shows it, beside it."""
    logs = _logs(submission, competition)
    program = program_sources(submission)
    found = _pair(program)
    others = [source for source in submission.python_sources() if source not in program] if found is None else []
    found = found or _pair(others)
    if found is None:
        return
    severity, doubt = Severity.BLOCK, ""
    if logs is False:
        severity, doubt = Severity.NOTE, " The logs divide by the bytes that the split has, so another table was used."
    elif not logs and others:
        severity, doubt = Severity.NOTE, " The file is no part of the program that is scored."
    elif not logs and not (_is_alone(found, program) and _is_reached(found.function, submission)):
        severity, doubt = Severity.REVIEW, " Whether the claimed run counts with these two is open."
    elif not logs and found.sample is LONE:
        severity, doubt = Severity.REVIEW, " How many bytes that makes is told by no log."
    yield _finding(found, severity, doubt)


def _finding(found: Pair, severity: Severity, doubt: str) -> Finding:
    builder, line = found.builder, found.builder.line(found.sample)
    what = "a piece with a leading space its byte" if found.sample is WORD else "the piece of a lone space its byte"
    return RULE.at(
        builder.source.locate(line),
        f"The table `{builder.table}` gives {what}, and `{found.function}` adds that byte again.{doubt}",
        fix=_FIX,
        severity=severity,
        evidence=(builder.source.evidence(line, "table"), found.added),
    )


def _pair(sources: Sequence[SourceFile]) -> Pair | None:
    """A table with the space inside and where it is added again."""
    tables = [(builder, sample) for builder in builders(sources) if builder.marks and (sample := _twice(builder))]
    known = {builder.table for builder in builders(sources)} if tables else set()
    for source in sources if tables else ():
        for node, function in additions(source):
            named = known & _names(node)
            for builder, sample in tables:
                if not named or builder.table in named:
                    added = source.evidence(getattr(node, "lineno", 1), "added")
                    return Pair(builder, sample, added, function, bool(named))
    return None


def _twice(builder: Builder) -> Sample | None:
    """A piece whose space has its byte in the table: every word, or the space that stands alone."""
    word, inner = builder.stored(WORD).number(builder.table), builder.stored(INNER).number(builder.table)
    if word is None or inner is None:
        return None
    if word > inner:
        return WORD
    lone = builder.stored(LONE)
    known = inner == len(INNER.piece) and lone.marked(builder.marks)
    return LONE if known and lone.number(builder.table) else None


def _names(node: ast.AST) -> set[str]:
    return {part.attr if isinstance(part, ast.Attribute) else getattr(part, "id", "") for part in walk(node)}


def _is_alone(found: Pair, sources: Sequence[SourceFile]) -> bool:
    """Whether the program has no other table, of that name where the addition names it, that leaves the space out."""
    others = (one for one in builders(sources) if one.marks and not _twice(one))
    return not any(not found.named or one.table == found.builder.table for one in others)


def _is_reached(function: str, submission: Submission) -> bool:
    """Whether the claimed run calls the function."""
    trace = trace_of(submission)
    return trace is not None and any(
        block.what == "call" and block.name == function for event in trace.root.events() for block in event.trail
    )


def _logs(submission: Submission, competition: Competition) -> bool | None:
    """Whether the claimed runs divide by too many bytes; None where no log tells."""
    answers = []
    for run in headlines_of(submission):
        count = byte_count(run.score, run.log, competition)
        if count is not None and count.shown is not None and consistent(run.log, competition):
            if count.excess(competition) > CERTAIN + count.uncertainty:
                answers.append(True)
            elif count.agrees(competition):
                answers.append(False)
    return any(answers) if answers else None
