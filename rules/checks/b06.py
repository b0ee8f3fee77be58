"""A vector is fitted on the very positions whose loss is then counted.

## Why it matters
A delta to the hidden states, or a bias of the logits, that is optimised on the scored tokens has seen them before they
are scored. No weight of the model changes, but the prediction of each token depends on the token itself.

## Flagged
    delta = torch.zeros(batch, 1, dim, requires_grad=True)
    for _ in range(steps):
        (losses(hidden + delta, y) * scored_mask).sum().backward()
        optimizer.step()
    total += losses(hidden + delta, y)[:, scored:].sum()

## Allowed
A vector that is fitted on positions before the scored ones (another rule asks whether it is shared by a batch), and
one that is trained in training. A vector that is fitted in a pass over a whole document is judged by another rule, as
any learning before the score.
"""

from __future__ import annotations

from collections.abc import Iterator

from rules.analysis.flow.active import standing_of
from rules.analysis.flow.protocol import Learning, protocol_of, worst
from rules.competition import Competition
from rules.rule import Finding, Rule, Severity
from rules.submission import Submission

RULE = Rule(code="B06", name="slot-on-scored-positions", category="slot", severity=Severity.REVIEW, doc=__doc__)

_EARLY = (Learning.LEARN_FIRST, Learning.EARLIER)
_PASSES = (Learning.LEARN_FIRST, Learning.EARLIER)  # one over a whole text before another that scores: not this rule's


def check(submission: Submission, _: Competition) -> Iterator[Finding]:
    """Yield the fitting that weighs most."""
    protocol = protocol_of(submission)
    if protocol is None:
        return
    fitted = (one for one in protocol.adaptations if one.fresh and one.how in _EARLY)
    found = worst(one for one in fitted if not (one.how in _PASSES and one.by_passes))
    if found is None or found.score is None:
        return
    standing = standing_of(found, submission)
    yield RULE.at(
        found.learn.location,
        f"A vector of its own is fitted on validation tokens at line {found.learn.line}, and the loss of the same "
        f"positions is counted with it at line {found.score.line}. {standing.why}".rstrip(),
        fix="Fit it on tokens whose loss was committed before, or score without it.",
        severity=min(standing.severity, RULE.severity, key=lambda severity: severity.rank),
        evidence=(found.learn.evidence("fitting"), found.score.evidence("score")),
    )
