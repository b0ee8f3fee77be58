"""After a pass that scores before it learns, the model that has learnt is evaluated again, and that is the score.

## Why it matters
The first pass is legal, the second is not: its weights have learnt from every token that it scores.

## Flagged
    score_first_ttt(model, val_tokens)
    val_bpb = evaluate(model, val_tokens)

## Allowed
The number of the first pass as the headline, whatever is evaluated afterwards. An evaluation of weights that were put
back, or of a model that did not learn.
"""

from __future__ import annotations

from collections.abc import Iterator

from rules.analysis.flow.active import standing_of
from rules.analysis.flow.protocol import Learning, protocol_of, worst
from rules.competition import Competition
from rules.rule import Finding, Rule, Severity
from rules.submission import Submission

RULE = Rule(code="B04", name="rescore-after-legal-ttt", category="two-pass", severity=Severity.BLOCK, doc=__doc__)

_FIX = "Report the score of the pass that scores each token before it learns from it."


def check(submission: Submission, _: Competition) -> Iterator[Finding]:
    """Yield the second score that weighs most."""
    protocol = protocol_of(submission)
    if protocol is None:
        return
    found = worst(
        one
        for one in protocol.adaptations
        if one.how is Learning.RESCORED and one.kept is None and not one.fresh and one.claimed is not False
    )
    if found is None or found.score is None or found.first is None:
        return
    standing = standing_of(found, submission)
    yield RULE.at(
        found.score.location,
        f"Tokens are scored at line {found.first.line} before the model learns from them at line {found.learn.line}; "
        f"then the model that has learnt is scored on them again at line {found.score.line}. {standing.why}".rstrip(),
        fix=_FIX,
        severity=standing.severity,
        evidence=(
            found.first.evidence("first score"),
            found.learn.evidence("learning"),
            found.score.evidence("score that counts"),
        ),
    )
