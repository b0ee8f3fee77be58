"""The quantizer is calibrated on validation tokens.

## Why it matters
Hessians, activation scales or rounding choices that are fitted on the text on which the model is then scored carry
that text into the artifact. No validation token may be used before its own score, and never for the artifact.

## Flagged
    hessians = collect_hessians(model, val_tokens)
    quantized = gptq_quantize(model, hessians)
    val_bpb = eval_val(quantized, val_tokens)

## Allowed
Training tokens within the training budget, text that the model itself generated, random tokens: whatever the function
or its parameter is called. Code for it that the claimed run does not reach is not flagged.
"""

from __future__ import annotations

from collections.abc import Iterator

from rules.analysis.flow.calibration import Calibration, calibrations_of, open_branches
from rules.analysis.flow.labels import TRAIN, VAL
from rules.competition import Competition
from rules.rule import Evidence, Finding, Rule, Severity
from rules.submission import Submission

RULE = Rule(code="C04", name="calibration-on-val", category="gptq-data-at-eval", severity=Severity.BLOCK, doc=__doc__)

_FIX = "Calibrate on training tokens within the training budget, or on text that the model generates."


def check(submission: Submission, _competition: Competition) -> Iterator[Finding]:
    """Yield the calibration on validation tokens that is surest."""
    found = [(_doubts(c, submission), c) for c in calibrations_of(submission) if VAL in c.data and not c.during]
    if found:
        doubts, calibration = min(found, key=lambda pair: len(pair[0]))
        yield _finding(calibration, doubts)


def _doubts(calibration: Calibration, submission: Submission) -> list[str]:
    """What is open about a calibration, none where the shape and its being active are sure."""
    doubts = []
    branches = open_branches(calibration, submission)
    if TRAIN in calibration.data:
        doubts.append("the tokens may be of the training split as well")
    if branches:
        doubts.append(f"whether line {branches[0].line} lets it run is not known")
    if calibration.score is None:
        doubts.append("no later score on validation tokens was followed")
    if calibration.use is None:
        doubts.append("nothing that is quantized or saved was followed after it")
    return doubts


def _finding(calibration: Calibration, doubts: list[str]) -> Finding:
    asked, score, use = calibration.asked, calibration.score, calibration.use
    evidence = [Evidence(asked.location, asked.evidence().quote, "calibration")]
    evidence += [calibration.home.source.evidence(calibration.home.line, "call")]
    if use is not None:
        evidence.append(use.source.evidence(use.line, "quantized"))
    if score is not None:
        evidence.append(score.evidence("score"))
    open_ = f"; open: {', '.join(doubts)}" if doubts else ""
    return RULE.at(
        asked.location,
        f"`{calibration.home.name}` asks the model with validation tokens to calibrate its quantization, before those "
        f"tokens are scored{open_}.",
        fix=_FIX,
        severity=Severity.REVIEW if doubts else Severity.BLOCK,
        evidence=tuple(evidence),
    )
