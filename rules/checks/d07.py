"""The byte table counts pieces that stand for no text, or counts lone bytes by the length of their names.

## Why it matters
A control piece such as the start of a document is no text and has no bytes, and the space of the word after it is
counted by the boundary that it makes. A piece for a lone byte is spelled "<0xE2>" in the vocabulary and is one byte of
text. Both are rare, so that the score moves by a few tokens for each document only.

## Flagged
    for i in range(vocab_size):
        base_bytes[i] = len(sp.id_to_piece(i).encode("utf-8"))    # 3 for "<s>", 6 for "<0xE2>"

## Allowed
Tables that leave control pieces out, mark them as boundaries, and give a lone byte 1.
"""

from __future__ import annotations

from collections.abc import Iterator

from rules.analysis.bytetable import BYTE, CONTROL, Builder, builders
from rules.analysis.program import program_sources
from rules.analysis.spaces import additions
from rules.analysis.turn import Sample
from rules.competition import Competition
from rules.rule import Finding, Rule, Severity
from rules.submission import Submission

RULE = Rule(
    code="D07", name="bos-boundary-in-byte-count", category="byte-accounting", severity=Severity.NOTE, doc=__doc__
)


def check(submission: Submission, _competition: Competition) -> Iterator[Finding]:
    """Yield one finding for the first table of leading spaces and bytes that counts such pieces."""
    sources = program_sources(submission)
    if not any(True for source in sources for _ in additions(source)):
        return
    for builder in builders(sources):
        faults = dict(_faults(builder)) if builder.marks else {}
        if faults:
            line = builder.line(next(iter(faults)))
            yield RULE.at(
                builder.source.locate(line),
                f"The table `{builder.table}` gives {' and '.join(faults.values())}.",
                fix="Leave control pieces out, mark them as boundaries, and count a lone byte as one.",
                evidence=(builder.source.evidence(line, "table"),),
            )
            return


def _faults(builder: Builder) -> Iterator[tuple[Sample, str]]:
    """The sample piece that is counted wrongly, with how."""
    control, byte = (builder.stored(sample).number(builder.table) for sample in (CONTROL, BYTE))
    if control:
        yield CONTROL, f"the start of a document {control} bytes"
    if byte is not None and byte > 1:
        yield BYTE, f"a lone byte {byte} bytes"
