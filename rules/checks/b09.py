"""Before the evaluation, a warm-up takes gradients on validation tokens.

## Why it matters
A warm-up of compiled code needs no real tokens. With validation tokens it is harmless only if nothing that it changed
survives: weights, adapters, buffers, the state of an optimizer. A reviewer has to see that at a glance. Where something
survives, the first tokens are scored by a model that has learnt them.

## Flagged
    adapter = LoRA(model)
    model(val_tokens[:1024], val_tokens[1:1025], adapter).backward()
    del adapter

That is noted. Where the score-first pass goes on with what a few chunks have warmed up, it blocks:

    for k in range(64):
        learner.learn(*window(k))
    score, _ = learner.score_then_learn(val_tokens)

## Allowed
A warm-up on random tokens. A whole pass of learning before the score is judged by another rule alone.
"""

from __future__ import annotations

from collections.abc import Iterator

from rules.analysis.flow.active import gravest, standing_of
from rules.analysis.flow.events import Event, Round
from rules.analysis.flow.labels import First
from rules.analysis.flow.order import Order, relation
from rules.analysis.flow.protocol import Adaptation, Learning, Protocol, protocol_of
from rules.competition import Competition
from rules.rule import Finding, Rule, Severity
from rules.submission import Submission

RULE = Rule(code="B09", name="ttt-warmup-on-val-tokens", category="warmup-on-val", severity=Severity.BLOCK, doc=__doc__)

_FIX = "Warm up on random tokens."


def check(submission: Submission, _: Competition) -> Iterator[Finding]:
    """Yield a warm-up that reaches the score; else the first that does not."""
    protocol = protocol_of(submission)
    if protocol is None:
        return
    kept = gravest((one for one in protocol.adaptations if _survives(one, protocol)), submission)
    if kept is not None and kept.score is not None:
        standing = standing_of(kept, submission)
        yield RULE.at(
            kept.learn.location,
            f"A warm-up takes gradients on a few validation tokens at line {kept.learn.line}, and the pass that scores "
            f"them at line {kept.score.line} goes on with what they changed. {standing.why}".rstrip(),
            fix=f"{_FIX} Or make weights and optimizer anew afterwards.",
            severity=standing.severity,
            evidence=(kept.learn.evidence("learning"), kept.score.evidence("score")),
        )
        return
    found = next((one for one in protocol.adaptations if _is_it(one, protocol)), None)
    if found is not None:
        yield RULE.at(
            found.learn.location,
            f"Gradients are taken on validation tokens at line {found.learn.line}, before the evaluation; nothing that "
            "they changed was seen to reach it.",
            fix=_FIX,
            severity=Severity.NOTE,
            evidence=(found.learn.evidence("learning"),),
        )


def _is_it(found: Adaptation, protocol: Protocol) -> bool:
    last = protocol.claimed or protocol.scores[-1:]
    return found.how is Learning.UNSCORED and any(relation(found.learn, s).order is Order.BEFORE for s in last)


def _survives(found: Adaptation, protocol: Protocol) -> bool:
    """Whether a few chunks are learnt from before a pass that scores each chunk first and then learns from it too."""
    if found.how is not Learning.EARLIER or found.kept is not None or not _is_short(found.learn):
        return False
    return any(
        one.how is Learning.SCORE_FIRST and one.score is found.score and (not one.taught or one.taught & found.taught)
        for one in protocol.adaptations
    )


def _is_short(learn: Event) -> bool:
    """Whether it is said how many turns it takes, or how many tokens."""
    if any(isinstance(label, First) for label in learn.labels):
        return True
    turns = [loop.detail for loop in learn.loops()]
    return all(isinstance(turn, Round) and turn.times is not None for turn in turns)
