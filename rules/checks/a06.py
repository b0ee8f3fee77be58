"""Losses are multiplied by a constant below one before they are summed up.

## Why it matters
The score is the sum of these losses. A factor of 0.98 makes it two percent better, whatever the model predicts.

## Flagged
    loss = loss * 0.98
    loss_sum += loss.sum()

## Allowed
A temperature on the logits; scaling of a loss for its gradients; weights of a mixture; conversion between nats and
bits.
"""

from __future__ import annotations

from collections.abc import Iterator

from rules.analysis.flow.events import Kind
from rules.analysis.flow.labels import SCALED
from rules.analysis.flow.reach import before, reach_of, weight
from rules.analysis.flow.walk import trace_of
from rules.competition import Competition
from rules.rule import Finding, Rule, Severity
from rules.submission import Submission

RULE = Rule(
    code="A06", name="nll-rescaled-after-scoring", category="loss-rescaled", severity=Severity.BLOCK, doc=__doc__
)

_SUMS = {Kind.SCORE: "summed up", Kind.RETURN: "given as the result", Kind.PRINT: "printed as the score"}
_FIX = "Sum the losses up as they are; a temperature belongs on the logits, before the softmax."


def check(submission: Submission, _: Competition) -> Iterator[Finding]:
    """Yield one finding where a loss that was made smaller reaches a sum."""
    trace = trace_of(submission)
    reach = reach_of(SCALED, trace, submission) if trace is not None else None
    if trace is None or reach is None or (reach.score.kind is not Kind.SCORE and reach.claimed is not True):
        return
    scale = before(reach.score, Kind.SCALE, trace)
    if scale is None:
        return
    severity, open_question = weight(reach.claimed, submission, scale, reach.score)
    plain = isinstance(scale.detail, float)
    by = f"{scale.detail:g}" if plain else str(scale.detail)
    if not plain and severity is Severity.BLOCK:
        severity, open_question = Severity.REVIEW, " Whether that only chooses what is counted is open."
    yield RULE.at(
        scale.location,
        f"Losses on validation tokens are multiplied by {by} and then {_SUMS[reach.score.kind]} at line "
        f"{reach.score.line}.{open_question}",
        fix=_FIX,
        severity=severity,
        evidence=(scale.evidence("scale"), reach.score.evidence("score")),
    )
