"""Calibration for quantization runs past the training limit because too little time was reserved for it.

## Why it matters
Building the artifact belongs to the training phase. Reading training data for calibration after the limit is training
data at evaluation time, however short it is.

## Flagged
    gptq:reserving 0s, effective=600000ms
    stopping_early: wallclock_cap train_time: 600074ms
    GPTQ:collected 67 Hessians in 42.7s

## Allowed
Time subtracted from the cap that covers the calibration. Where some time was reserved, overrunning by the few seconds
that merged entries overran is noted only. Calibration on text that the model itself generates reads no data and is
noted only.
"""

from __future__ import annotations

from collections.abc import Iterator

from rules.analysis.headline import Headline, headlines_of, quoted, timed_track
from rules.analysis.summary import train_seconds
from rules.competition import Competition
from rules.rule import Finding, Rule, Severity
from rules.submission import Quantity, Submission

RULE = Rule(
    code="E03", name="gptq-reserve-too-small", category="gptq-data-at-eval", severity=Severity.REVIEW, doc=__doc__
)

_SELF_GENERATED = ("generated", "self-gen", "self_gen", "selfgen", "autoregressive")


def check(submission: Submission, competition: Competition) -> Iterator[Finding]:
    """Yield the claimed run whose calibration ended latest."""
    if timed_track(submission, competition) is None:
        return
    found = [finding for run in headlines_of(submission) if (finding := _overrun(run, competition)) is not None]
    if found:
        yield max(found, key=lambda pair: pair[0])[1]


def _overrun(run: Headline, competition: Competition) -> tuple[float, Finding] | None:
    """Seconds past the limit at which the calibration ended, with the finding."""
    limits = competition.limits
    trained, calibrated = train_seconds(run.log), run.log.last(Quantity.CALIBRATION_SECONDS)
    if trained is None or calibrated is None or _before(calibrated.location.line, trained.location.line):
        return None
    over = trained.value + calibrated.value - limits.train_seconds
    if over <= limits.train_tolerance_seconds:
        return None
    reserve = run.log.last(Quantity.RESERVE_SECONDS)
    reserved = "no reserve is printed" if reserve is None else f"{reserve.value:g} s were reserved"
    generated = any(mark in f"{calibrated.label} {calibrated.quote}".casefold() for mark in _SELF_GENERATED)
    small = over <= limits.calibration_overrun_seconds and reserve is not None and reserve.value > 0
    finding = RULE.at(
        calibrated.location,
        f"Calibration took {calibrated.value:,.1f} s after {trained.value:,.1f} s of training ({reserved}): the "
        f"artifact was ready {over:,.1f} s after the limit of {limits.train_seconds:,.0f} s.",
        fix="Reserve at least the time that calibration takes and stop training that much earlier.",
        severity=Severity.NOTE if small or generated else Severity.REVIEW,
        evidence=tuple(quoted(m) for m in (reserve, trained, calibrated) if m is not None),
    )
    return over, finding


def _before(line: int | None, other: int | None) -> bool:
    return line is not None and other is not None and line < other
