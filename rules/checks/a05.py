"""Something that is no log-probability of any distribution is mixed in as an expert.

## Why it matters
The entropy of the model as an expert's loss, or its largest probability, gives every token the same, more than there is
to give: the mixture sums to more than one, and most where the model is sure of itself.

## Flagged
    entropy = -(log_p.exp() * log_p).sum(-1)
    losses = torch.stack([model_nll, unigram_nll, entropy], dim=-1)
    mixed = torch.logsumexp(log_weights - losses, dim=-1)

    p = 0.9 * p_of_token + 0.1 * probs.max(-1).values         # the largest probability, whichever token came

## Allowed
Either as a gate or weight that is made before the token is known; experts that are rows over the vocabulary.
"""

from __future__ import annotations

from collections.abc import Iterator

from rules.analysis.flow.events import Kind
from rules.analysis.flow.labels import ENTROPY, PSEUDO
from rules.analysis.flow.reach import before, reach_of, weight
from rules.analysis.flow.walk import trace_of
from rules.competition import Competition
from rules.rule import Finding, Rule, Severity
from rules.submission import Submission

RULE = Rule(code="A05", name="pseudo-probability-expert", category="ngram-cache", severity=Severity.BLOCK, doc=__doc__)

_WHAT = {PSEUDO: "The largest probability of all tokens", ENTROPY: "An entropy over all tokens"}
_FIX = "Leave it out of the experts; it may decide, before the token is known, how much each expert weighs."


def check(submission: Submission, _: Competition) -> Iterator[Finding]:
    """Yield one finding where what says nothing of the token stands beside losses, and both reach a score."""
    trace = trace_of(submission)
    if trace is None:
        return
    found = ((mark, reach_of(mark, trace, submission)) for mark in _WHAT)
    mark, reach = next(((mark, one) for mark, one in found if one is not None), ("", None))
    beside = before(reach.score, Kind.BESIDE, trace) if reach is not None else None
    if beside is None or reach is None:
        return
    severity, open_question = weight(reach.claimed, submission, beside, reach.score)
    yield RULE.at(
        beside.location,
        f"{_WHAT[mark]} stands beside losses of the token that came, as one more expert; their mixture "
        f"goes into the score at line {reach.score.line}, and sums to more than one over the vocabulary."
        f"{open_question}",
        fix=_FIX,
        severity=severity,
        evidence=(beside.evidence("experts"), reach.score.evidence("score")),
    )
