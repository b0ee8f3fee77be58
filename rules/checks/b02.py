"""The model learns from validation tokens before the artifact is written.

## Why it matters
The artifact then holds what it is tested on. That it is frozen before the evaluation changes nothing: the tokens were
learnt from before they were scored.

## Flagged
    adapt(model, val_tokens)
    torch.save(quantize(model.state_dict()), "final_model.ptz")
    model.load_state_dict(dequantize(torch.load("final_model.ptz")))
    val_bpb = evaluate(model, val_tokens)

## Allowed
Averaging of weights, and learning from training tokens, before the artifact is written. Score-first learning after it
was read again, or on a deep copy that is not written. Code that the settings of the claimed run leave off: noted at
most.
"""

from __future__ import annotations

from collections.abc import Iterator

from rules.analysis.flow.active import gravest, standing_of
from rules.analysis.flow.labels import TRAIN
from rules.analysis.flow.protocol import Learning, protocol_of
from rules.competition import Competition
from rules.rule import Finding, Rule, Severity
from rules.submission import Submission

RULE = Rule(code="B02", name="prequant-ttt-on-val", category="adapt-then-score", severity=Severity.BLOCK, doc=__doc__)

_FIX = "Leave validation tokens out of everything that comes before the artifact is written."


def check(submission: Submission, _: Competition) -> Iterator[Finding]:
    """Yield the learning that weighs most."""
    protocol = protocol_of(submission)
    if protocol is None:
        return
    early = (one for one in protocol.adaptations if one.how in (Learning.EARLIER, Learning.RESCORED))
    found = gravest((one for one in early if one.kept is not None and TRAIN not in one.learn.labels), submission)
    if found is None or found.score is None or found.kept is None:
        return
    standing = standing_of(found, submission)
    yield RULE.at(
        found.learn.location,
        f"The model learns from validation tokens at line {found.learn.line}, before the artifact is written at line "
        f"{found.kept.line}, and is then scored on the same tokens at line {found.score.line}. {standing.why}".rstrip(),
        fix=_FIX,
        severity=standing.severity,
        evidence=(
            found.learn.evidence("learning"),
            found.kept.evidence("artifact"),
            found.score.evidence("score"),
        ),
    )
