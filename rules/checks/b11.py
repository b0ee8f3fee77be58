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

    rows = (end + 2048 - start) // width               # two more rows than the chunk has
    part = tokens[start : start + rows * width]

## Allowed
The same slice for both, where inputs end one before the targets; a slice that ends earlier; chunks that are learnt from
a turn later, when what follows them has been scored too. Only bounds that are plain in the code are compared.
"""

from __future__ import annotations

from collections.abc import Iterator

from rules.analysis.flow.chunks import beyond
from rules.analysis.flow.events import Event, Round
from rules.analysis.flow.labels import Past, Until
from rules.analysis.flow.overlap import rows_behind
from rules.analysis.flow.protocol import Adaptation, Learning, protocol_of
from rules.competition import Competition
from rules.rule import Finding, Rule, Severity
from rules.submission import Submission

RULE = Rule(
    code="B11", name="ttt-trains-into-next-chunk", category="adapt-then-score", severity=Severity.REVIEW, doc=__doc__
)

_ONE_FURTHER = 1  # where targets were told from inputs before they were cut


def check(submission: Submission, _: Competition) -> Iterator[Finding]:
    """Yield the first learning that goes further than the score before it."""
    protocol = protocol_of(submission)
    for found in protocol.adaptations if protocol is not None else ():
        score = found.score
        told = None if score is None or found.how is not Learning.SCORE_FIRST else _behind(found, score)
        if score is not None and told is not None:
            what, fix = told
            yield RULE.at(
                found.learn.location,
                f"{what} targets of the next chunk, which have not been scored.",
                fix=fix,
                severity=Severity.NOTE if found.claimed is False else Severity.REVIEW,
                evidence=(score.evidence("score"), found.learn.evidence("learning")),
            )
            return


def _behind(found: Adaptation, score: Event) -> tuple[str, str] | None:
    """What is learnt behind the scored chunk, and how to mend it; None where nothing is."""
    further, line = _further(found, score), found.learn.line
    if further > 0:
        return (
            f"The chunk that is scored at line {score.line} is learnt from at line {line} with {further} more "
            f"position{'s' if further > 1 else ''} at its end:",
            "Learn from the slice that was scored: inputs up to its last position, targets one further.",
        )
    rows = rows_behind(found.learn)
    if rows is None or rows_behind(score) is not None:
        return None
    return (
        f"Rows of `{rows.width}` tokens begin every `{rows.step}` up to the end of the chunk (line {rows.line}): what "
        f"is learnt from the last at line {line} are",
        "Let the last row end where the chunk does.",
    )


def _further(found: Adaptation, score: Event) -> int:
    """How many positions behind the scored ones are learnt from, 0 where none are or the bounds are not plain."""
    if any(isinstance(label, Past) for label in found.learn.labels):
        return 0
    shared = {block.detail.number for block in score.loops() if isinstance(block.detail, Round)}
    tokens = beyond(found.learn.labels, score.labels, shared)
    if tokens > _ONE_FURTHER:
        return tokens
    learnt = [label for label in found.learn.labels if isinstance(label, Until)]
    scored = [label for label in score.labels if isinstance(label, Until)]
    if {(one.bound, one.function) for one in learnt} != {(one.bound, one.function) for one in scored}:
        return 0
    return max(
        (
            one.beyond - max(s.beyond for s in scored if (s.bound, s.function) == (one.bound, one.function))
            for one in learnt
        ),
        default=0,
    )
