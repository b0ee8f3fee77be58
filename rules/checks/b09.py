"""Before the evaluation, gradients are taken on validation tokens, and what they changed is thrown away.

## Why it matters
A warm-up of compiled code needs no real tokens. With validation tokens it is harmless only if nothing that it changed
survives: weights, adapters, buffers, the state of an optimizer. A reviewer has to see that at a glance.

## Flagged
    adapter = LoRA(model)
    model(val_tokens[:1024], val_tokens[1:1025], adapter).backward()
    del adapter

## Allowed
A warm-up on random tokens. Where what was learnt reaches a score, other rules say so and block.
"""

from __future__ import annotations

from collections.abc import Iterator

from rules.analysis.flow.order import Order, relation
from rules.analysis.flow.protocol import Adaptation, Learning, Protocol, protocol_of
from rules.competition import Competition
from rules.rule import Finding, Rule, Severity
from rules.submission import Submission

RULE = Rule(code="B09", name="ttt-warmup-on-val-tokens", category="warmup-on-val", severity=Severity.NOTE, doc=__doc__)


def check(submission: Submission, _: Competition) -> Iterator[Finding]:
    """Yield the first such gradient."""
    protocol = protocol_of(submission)
    if protocol is None:
        return
    found = next((one for one in protocol.adaptations if _is_it(one, protocol)), None)
    if found is not None:
        yield RULE.at(
            found.learn.location,
            f"Gradients are taken on validation tokens at line {found.learn.line}, before the evaluation; nothing that "
            "they changed was seen to reach it.",
            fix="Warm up on random tokens.",
            evidence=(found.learn.evidence("learning"),),
        )


def _is_it(found: Adaptation, protocol: Protocol) -> bool:
    last = protocol.claimed or protocol.scores[-1:]
    return found.how is Learning.UNSCORED and any(relation(found.learn, s).order is Order.BEFORE for s in last)
