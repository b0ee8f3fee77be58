"""Tokens are scored and learnt from several times, and a later score counts.

## Why it matters
Scoring before learning in each epoch is no score-first: from the second epoch on the weights know the tokens. What
counts is the first time that a token is scored.

## Flagged
    for epoch in range(epochs):
        loss_sum = 0.0
        for chunk in chunks:
            loss_sum += score(model, chunk)
            learn(model, chunk)

## Allowed
Several epochs over a chunk whose loss was committed before the first of them:

    for chunk in chunks:
        loss_sum += score(model, chunk)
        for epoch in range(epochs):
            learn(model, chunk)

A score that is added in the first epoch alone.
"""

from __future__ import annotations

from collections.abc import Iterator

from rules.analysis.flow.active import standing_of
from rules.analysis.flow.protocol import Learning, protocol_of, worst
from rules.competition import Competition
from rules.rule import Finding, Rule, Severity
from rules.submission import Submission

RULE = Rule(
    code="B03",
    name="multi-epoch-ttt-last-epoch-score",
    category="adapt-then-score",
    severity=Severity.BLOCK,
    doc=__doc__,
)

_FIX = "Commit each token's loss in the first epoch alone, before anything learns from it."


def check(submission: Submission, _: Competition) -> Iterator[Finding]:
    """Yield the learning that weighs most."""
    protocol = protocol_of(submission)
    if protocol is None:
        return
    found = worst(one for one in protocol.adaptations if one.how is Learning.REPEATED)
    if found is None or found.score is None or found.again is None:
        return
    standing = standing_of(found, submission)
    yield RULE.at(
        found.score.location,
        f"The loop at line {found.again.line} comes back to the same validation tokens: they are scored at line "
        f"{found.score.line} and learnt from at line {found.learn.line} in each of its turns, so that scores after "
        f"the first know them. {standing.why}".rstrip(),
        fix=_FIX,
        severity=standing.severity,
        evidence=(
            found.again.source.evidence(found.again.line, "loop"),
            found.score.evidence("score"),
            found.learn.evidence("learning"),
        ),
    )
