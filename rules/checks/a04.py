"""For each token the better of several predictions is counted, chosen with the token known.

## Why it matters
Which predictor is best at a position is known only after the token came. The smaller of two losses is no loss of any
predictor: it lowers the score by as much as the predictors differ.

## Flagged
    best = torch.minimum(best, nll)
    total += torch.where(nll_a < nll_b, nll_a, nll_b).sum()
    if loss < kept[document]: kept[document] = loss

## Allowed
The smallest error among candidates of a quantiser, the best loss of training for early stopping, the smaller of two
counts, clipping.
"""

from __future__ import annotations

from collections.abc import Iterator

from rules.analysis.flow.events import Kind
from rules.analysis.flow.labels import LEAST, Rivals
from rules.analysis.flow.reach import before, reach_of, weight
from rules.analysis.flow.walk import trace_of
from rules.competition import Competition
from rules.rule import Finding, Rule, Severity
from rules.submission import Submission

RULE = Rule(code="A04", name="oracle-min-per-token", category="oracle-selection", severity=Severity.BLOCK, doc=__doc__)

_FIX = "Choose or weigh predictors by what came before a token alone, and count the loss of that choice."


def check(submission: Submission, _: Competition) -> Iterator[Finding]:
    """Yield one finding where the smaller of several losses of a token reaches a sum."""
    trace = trace_of(submission)
    reach = reach_of(LEAST, trace, submission) if trace is not None else None
    if trace is None or reach is None:
        return
    summed = reach.score.kind is Kind.SCORE
    if not summed and reach.claimed is not True:  # what a function gives may be the best of several results
        return
    least = before(reach.score, Kind.LEAST, trace) or reach.score
    if reach.score.kind is Kind.PRINT and not any(isinstance(label, Rivals) for label in least.labels):
        return  # the best of several evaluations
    severity, open_question = weight(reach.claimed, submission, least, reach.score)
    if not summed and severity is Severity.BLOCK:
        severity, open_question = Severity.REVIEW, " Whether it is picked for each token, or once for all, is open."
    yield RULE.at(
        least.location,
        f"The smaller of several losses of the same validation tokens is taken, and goes into the score at line "
        f"{reach.score.line}: which one it is, is known only once the token is.{open_question}",
        fix=_FIX,
        severity=severity,
        evidence=(least.evidence("least"), reach.score.evidence("score")),
    )
