"""A chunk is scored first, but what is learnt from it afterwards reaches into the next chunk.

## Why it matters
The targets behind the end of a chunk have not been scored when the chunk is learnt from. One position for each chunk is
little; it is still a token that was taught before it was asked.

## Flagged
    part = tokens[start : end + 1]
    loss_sum += model(part[:-1], part[1:]).item()
    part = tokens[start : end + 2]                     # one target of the next chunk
    model(part[:-1], part[1:]).backward()

    for at in range(start, end, width // 2):           # the last row ends in the next chunk
        part = tokens[at : at + width + 1]

## Allowed
The same slice for both, where inputs end one before the targets; a slice that ends earlier; chunks that are learnt from
a turn later, when what follows them has been scored too. Only bounds that are plain in the code are compared.
"""

from __future__ import annotations

from collections.abc import Iterator

from rules.analysis.flow.labels import Past, Until
from rules.analysis.flow.overlap import rows_behind
from rules.analysis.flow.protocol import Adaptation, Learning, protocol_of
from rules.competition import Competition
from rules.rule import Finding, Rule, Severity
from rules.submission import Submission

RULE = Rule(
    code="B11", name="ttt-trains-into-next-chunk", category="adapt-then-score", severity=Severity.REVIEW, doc=__doc__
)


def check(submission: Submission, _: Competition) -> Iterator[Finding]:
    """Yield the first learning that goes further than the score before it."""
    protocol = protocol_of(submission)
    for found in protocol.adaptations if protocol is not None else ():
        further = _further(found)
        if found.score is not None and further > 0:
            yield RULE.at(
                found.learn.location,
                f"The chunk that is scored at line {found.score.line} is learnt from at line {found.learn.line} with "
                f"{further} more position{'s' if further > 1 else ''} at its end: targets of the next chunk, which "
                "have not been scored.",
                fix="Learn from the slice that was scored: inputs up to its last position, targets one further.",
                severity=Severity.NOTE if found.claimed is False else Severity.REVIEW,
                evidence=(found.score.evidence("score"), found.learn.evidence("learning")),
            )
            return
        rows = rows_behind(found.learn) if found.how is Learning.SCORE_FIRST and found.score is not None else None
        if rows is not None and found.score is not None and rows_behind(found.score) is None:
            yield RULE.at(
                found.learn.location,
                f"Rows of `{rows.width}` tokens begin every `{rows.step}` up to the end of the chunk (line "
                f"{rows.line}): what is learnt from the last at line {found.learn.line} are targets of the next chunk, "
                "which have not been scored.",
                fix="Let the last row end where the chunk does.",
                severity=Severity.NOTE if found.claimed is False else Severity.REVIEW,
                evidence=(found.score.evidence("score"), found.learn.evidence("learning")),
            )
            return


def _further(found: Adaptation) -> int:
    """How many positions behind the scored ones are learnt from, 0 where none are or the bounds are not plain."""
    if found.how is not Learning.SCORE_FIRST or found.score is None:
        return 0
    if any(isinstance(label, Past) for label in found.learn.labels):
        return 0
    learnt = [label for label in found.learn.labels if isinstance(label, Until)]
    scored = [label for label in found.score.labels if isinstance(label, Until)]
    if {(one.bound, one.function) for one in learnt} != {(one.bound, one.function) for one in scored}:
        return 0
    return max(
        (
            one.beyond - max(s.beyond for s in scored if (s.bound, s.function) == (one.bound, one.function))
            for one in learnt
        ),
        default=0,
    )
