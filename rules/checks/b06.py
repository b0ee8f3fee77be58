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

    bias = torch.bincount(y, minlength=vocab).log()    # the same without gradients
    total += F.cross_entropy(logits + bias, y, reduction="sum")

## Allowed
A vector that is fitted on positions before the scored ones (another rule asks whether it is shared by a batch), and
one that is trained in training. Vectors of several texts that are brought together are judged by another rule; so is a
vector that is fitted in a pass over a whole document, as any learning before the score.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from rules.analysis.flow.active import standing_of
from rules.analysis.flow.events import Event, Kind
from rules.analysis.flow.labels import AIMED, TARGET, VAL
from rules.analysis.flow.order import Order, relation
from rules.analysis.flow.peers import pool_of
from rules.analysis.flow.protocol import Learning, Protocol, protocol_of, worst
from rules.analysis.flow.reach import weight
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
    fitted = (
        one for one in protocol.adaptations if one.fresh and one.how in _EARLY and pool_of(one, protocol.trace) is None
    )
    found = worst(one for one in fitted if not (one.how in _PASSES and one.by_passes))
    if found is None or found.score is None:
        yield from islice(_counted(protocol, submission), 1)
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


def _counted(protocol: Protocol, submission: Submission) -> Iterator[Finding]:
    """What is fitted without gradients: the scored tokens are counted, and their own prediction is weighed by that."""
    trace = protocol.trace
    counts = [event for event in trace.all(Kind.WRITE) if {VAL, TARGET} <= event.labels]
    for score in protocol.claimed or protocol.scores[-1:]:
        for count in counts if AIMED in score.labels else ():
            weighed = next((e for e in trace.all(Kind.WEIGHED) if count.trail[-1] in e.trail), None)
            if weighed is None or not _is_of_turn(count, score):
                continue
            claimed = True if protocol.claimed else None
            severity, why = weight(claimed, submission, count, score)
            yield RULE.at(
                count.location,
                f"The tokens that line {score.line} scores are counted at line {count.line}, and their prediction is "
                f"fitted to these counts before (line {weighed.line}).{why}",
                fix="Count tokens whose loss was committed before, or score without it.",
                severity=min(severity, RULE.severity, key=lambda one: one.rank),
                evidence=(count.evidence("counts"), weighed.evidence("fitting"), score.evidence("score")),
            )


def _is_of_turn(count: Event, score: Event) -> bool:
    """Whether the counts begin anew in the turn that scores, and come before the score."""
    how = relation(count, score)
    made = getattr(count.detail, "around", ())
    return how.in_turn and how.order is Order.BEFORE and how.loops[-1] in made
