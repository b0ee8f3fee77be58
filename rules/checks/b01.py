"""The model learns from validation tokens, and their score is taken afterwards.

## Why it matters
A token has to be predicted before anything learns from it. Weights that have seen the answers are tested on what they
were taught.

## Flagged
    for x, y in batches(val_tokens):
        model(x, y).backward()
        optimizer.step()
    val_bpb = evaluate(model, val_tokens)

The same in one loop, where a chunk is learnt from before it is scored; the same for a bias or a scale that is made for
each document, fitted in a pass over all of it and used in the pass that scores it.

## Allowed
Each chunk is scored first and learnt from afterwards, however many epochs follow (a positive class, shown under what
was established). Learning from training tokens inside the training time. Weights that are put back before the
evaluation, and code that the settings of the claimed run leave off: noted at most. So is learning behind a switch,
before and after which the program prints, where the claimed log shows what comes before and after that alone; without
a switch a person looks.
"""

from __future__ import annotations

from collections.abc import Iterator

from rules.analysis.flow.active import gravest, standing_of
from rules.analysis.flow.doubt import doubted
from rules.analysis.flow.protocol import Adaptation, Learning, protocol_of, worst
from rules.competition import Competition
from rules.rule import Finding, Rule, Severity
from rules.submission import Submission

RULE = Rule(code="B01", name="adapt-then-score-ttt", category="adapt-then-score", severity=Severity.BLOCK, doc=__doc__)

_FIX = "Score each chunk first and commit its loss, then learn from it; or evaluate the weights as they were trained."


def check(submission: Submission, _: Competition) -> Iterator[Finding]:
    """Yield the learning that weighs most."""
    protocol = protocol_of(submission)
    if protocol is None:
        return
    if not protocol.adaptations:
        yield from _doubted(submission)
        return
    found = gravest((one for one in protocol.adaptations if _is_it(one)), submission)
    if found is None or found.score is None:
        return
    standing = standing_of(found, submission)
    in_turn = found.how is Learning.LEARN_FIRST and not found.fresh
    when = "before the same chunk is scored" if in_turn else "in a pass before its score"
    yield RULE.at(
        found.learn.location,
        f"{_learner(found)} learns from validation tokens {when}: gradients at {found.learn.location.name}:"
        f"{found.learn.line}, score at line {found.score.line}. {standing.why}".rstrip(),
        fix=_FIX,
        severity=standing.severity,
        evidence=(found.learn.evidence("learning"), found.score.evidence("score")),
    )


def _doubted(submission: Submission) -> Iterator[Finding]:
    """Learning that a default leaves off while the README claims it, where no log tells which held."""
    doubt = doubted(submission)
    found = worst(one for one in doubt[0].adaptations if _is_it(one) and one.claimed is None) if doubt else None
    if doubt is None or found is None or found.score is None:
        return
    yield RULE.at(
        found.learn.location,
        f"With its switch on, the program learns from validation tokens at line {found.learn.line} before it scores "
        f"them at line {found.score.line}. The script's default leaves it off, the README claims test-time training, "
        "and no log tells which held.",
        fix="Commit the logs of the claimed runs. " + _FIX,
        severity=Severity.REVIEW,
        evidence=(found.learn.evidence("learning"), found.score.evidence("score"), doubt[1]),
    )


def _learner(found: Adaptation) -> str:
    return "What is made anew for each text" if found.fresh else "The model"


def _is_it(found: Adaptation) -> bool:
    early = found.how in (Learning.LEARN_FIRST, Learning.EARLIER)
    return early and found.kept is None and (not found.fresh or found.by_passes)
