"""The byte of a leading space is counted twice.

## Why it matters
A piece that begins with the marker U+2581 stands for a space and a word. Its byte is either part of the byte table or
added in the evaluation where no boundary comes before. Counted in both places it adds about one byte for each word, a
sixth of the text, and the score looks better by as much.

## Flagged
    base_bytes[i] = len(piece[1:].encode("utf-8")) + 1          # the table has the space
    ...
    count += base_bytes[y] + (has_space[y] & ~is_boundary[x])   # and the evaluation adds it

## Allowed
Either of the two alone. Logs whose loss and score divide by the bytes that the split has: then another table was used.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rules.analysis.bytecount import byte_count, consistent
from rules.analysis.bytetable import INNER, WORD, Builder, additions, builders
from rules.analysis.flow.walk import trace_of
from rules.analysis.headline import headlines_of
from rules.analysis.program import program_sources
from rules.competition import Competition
from rules.rule import Evidence, Finding, Rule, Severity
from rules.submission import SourceFile, Submission

RULE = Rule(
    code="D01", name="bpb-lut-leading-space-twice", category="byte-accounting", severity=Severity.BLOCK, doc=__doc__
)

CERTAIN = 0.01  # more bytes than this share above the split's are no matter of how a document ends

_FIX = "Leave the space out of the table, or do not add it in the evaluation, and score again."


def check(submission: Submission, competition: Competition) -> Iterator[Finding]:
    """Yield the table and the addition that count a space twice, in the program or, where a log shows it, beside it."""
    logs = _logs(submission, competition)
    program = program_sources(submission)
    found = _pair(program)
    others = [source for source in submission.python_sources() if source not in program] if found is None else []
    found = found or _pair(others)
    if found is None:
        return
    builder, added, function = found
    severity, doubt = Severity.BLOCK, ""
    if logs is False:
        severity, doubt = Severity.NOTE, " The logs divide by the bytes that the split has, so another table was used."
    elif not logs and others:
        severity, doubt = Severity.NOTE, " The file is no part of the program that is scored."
    elif not logs and not (_is_alone(builder, program) and _is_reached(function, submission)):
        severity, doubt = Severity.REVIEW, " Whether the claimed run counts with these two is open."
    yield RULE.at(
        builder.source.locate(builder.line(WORD)),
        f"The table `{builder.table}` gives a piece with a leading space its byte, and `{function}` adds that byte "
        f"again.{doubt}",
        fix=_FIX,
        severity=severity,
        evidence=(builder.source.evidence(builder.line(WORD), "table"), added),
    )


def _pair(sources: Sequence[SourceFile]) -> tuple[Builder, Evidence, str] | None:
    """A table with the space inside and where it is added again, with the function's name."""
    builder = next((b for b in builders(sources) if b.marks and _has_space(b)), None)
    if builder is None:
        return None
    for source in sources:
        for node, function in additions(source):
            return builder, source.evidence(getattr(node, "lineno", 1), "added"), function
    return None


def _has_space(builder: Builder) -> bool:
    word, inner = builder.stored(WORD).number(builder.table), builder.stored(INNER).number(builder.table)
    return word is not None and inner is not None and word > inner


def _is_alone(builder: Builder, sources: Sequence[SourceFile]) -> bool:
    """Whether the program has no other table that leaves the space out."""
    return not any(b.marks and not _has_space(b) for b in builders(sources))


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
