"""Seconds around evaluation: totals, the budget reserved for calibration, calibration, work outside the timer."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rules.reading.logs.page import Page
from rules.reading.logs.units import DURATION, number, seconds
from rules.submission import Measurement, Quantity

OUTSIDE = "outside timer"  # label of a precomputation that names itself so
BEFORE = "before timer"  # label of a precomputation that is reported before the line that starts the timer

_TOTAL = re.compile(
    rf"((?:\b[a-z0-9_]+[ _])?eval(?:uation)?[ _](?:time|seconds|wallclock|elapsed)(?:_with_compile)?"
    rf"|\bppm(?:_mix)?_time|\b(?:ttt|slot|ngram)[ _:](?:eval[ _])?(?:total[ _])?(?:time|elapsed)"
    rf"|\b[a-z0-9_]+:? total[ _]time)"
    rf"(_ms|_s|_sec|_seconds)?[\"']?\s{{0,12}}[:=]\s{{0,12}}{DURATION}"
)
_DONE = re.compile(
    rf"((?:ttt|slot|ngram|eval|dttt|ppm)[a-z0-9_]{{0,24}})[: ]{{0,2}}(?:done|elapsed|completed)\b"
    rf"[^\n]{{0,80}}?[:= ]{DURATION}$"
)
_NOT_EVALUATION = re.compile(r"max|limit|budget|cap\b|train|prequant|pre_quant|warm|compile warm|diagnostic|build")

_RESERVED = re.compile(r"reserv\w{0,4}\s{1,2}(\d{1,9}(?:\.\d{1,9})?)\s?(ms|s|sec|seconds)(?!\w)")
_EFFECTIVE = re.compile(rf"effective[^0-9\n]{{0,12}}{DURATION}")
_CAP = re.compile(r"max_wallclock_seconds\s{0,2}[:=]\s{0,2}(\d{1,7}(?:\.\d{1,6})?)")
_RESERVE_SETTING = re.compile(
    r"(?:gptq|calib\w{0,8}|quant\w{0,8})_reserve(?:d)?_(seconds|s|ms)\s{0,2}[:=]\s{0,2}(\d{1,7}(?:\.\d{1,6})?)"
)

_CALIBRATED = re.compile(
    rf"(hessian|calibrat|generated)[^\n]{{0,120}}?"
    rf"(?:\bin\s|time[:=]|took\s|elapsed[:=]|time:\s)\s?{DURATION}"
)
_PRECOMPUTED = re.compile(rf"precompute[^\n]{{0,160}}?(?:elapsed|time|in|took)[:= ]\s?{DURATION}")
_TIMER = re.compile(r"begin\w{0,5} (?:ttt )?(?:eval|evaluation) timer|eval(?:uation)? timer (?:start|begin)")


def read_evaluation(page: Page) -> Iterator[Measurement]:
    """Totals of evaluation time, beside what stands on score lines."""
    for start, end in page.lines_with("eval", "ttt", "slot", "ngram", "ppm"):
        line = page.plain[start:end].rstrip()
        if "bpb" in line or _NOT_EVALUATION.search(line):
            continue
        found = _TOTAL.search(line)
        done = None if found else _DONE.search(line)
        if found:
            value = seconds(found[3], "ms" if found[2] == "_ms" else found[4])
            label = found[1]
        elif done:
            value, label = seconds(done[2], done[3]), done[1]
        else:
            continue
        if value is not None:
            yield page.measurement(Quantity.EVAL_SECONDS, value, start, label.strip())


def read_reserve(page: Page) -> Iterator[Measurement]:
    """Seconds taken off the training cap: the setting, or what a line about reserving says.

    Where a line gives the effective cap the difference is taken, since the reserve itself is often printed rounded.
    """
    cap = _CAP.search(page.plain)
    limit = number(cap[1]) if cap else None
    for found in _RESERVE_SETTING.finditer(page.plain):
        value = seconds(found[2], "ms" if found[1] == "ms" else "s")
        if value is not None:
            yield page.measurement(Quantity.RESERVE_SECONDS, value, found.start(), "setting")
    for start, end in page.lines_with("reserv"):
        line = page.plain[start:end]
        told, effective = _RESERVED.search(line), _EFFECTIVE.search(line)
        value = seconds(told[1], told[2]) if told else None
        left = seconds(effective[1], effective[2]) if effective else None
        if limit is not None and left is not None and left <= limit:
            value = limit - left
        if value is not None:
            yield page.measurement(Quantity.RESERVE_SECONDS, value, start, "reserving")


def read_calibration(page: Page) -> Iterator[Measurement]:
    """Seconds of calibration: collecting Hessians, generating data for it, quantising with it."""
    for start, end in page.lines_with("hessian", "calibrat", "gptq"):
        found = _CALIBRATED.search(page.plain[start:end])
        if found and (value := seconds(found[2], found[3])) is not None:
            yield page.measurement(Quantity.CALIBRATION_SECONDS, value, start, found[1])


def read_precompute(page: Page) -> Iterator[Measurement]:
    """Seconds of work on validation tokens that the evaluation timer does not see."""
    timers = [start for start, end in page.lines_with("timer") if _TIMER.search(page.plain, start, end)]
    for start, end in page.lines_with("precompute"):
        line = page.plain[start:end]
        found = _PRECOMPUTED.search(line)
        if found is None or (value := seconds(found[1], found[2])) is None:
            continue
        if "outside" in line:
            yield page.measurement(Quantity.PRECOMPUTE_SECONDS, value, start, OUTSIDE)
        elif timers and start < timers[0]:
            yield page.measurement(Quantity.PRECOMPUTE_SECONDS, value, start, BEFORE)
