"""Seconds and steps of training, at the end of each run that a log holds."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from rules.reading.logs.labels import step_of
from rules.reading.logs.page import Page
from rules.reading.logs.units import DURATION, seconds
from rules.submission import Measurement, Quantity

STOPPED = "stopping_early"  # label of a time that stands on the line of a stop by the clock
TOLD = "train_time"  # label of any other time
ROUNDED = " (rounded)"  # added where minutes or whole seconds are printed

_LOOK_BACK = 60  # lines of one run that are considered for its end
_NAMED = re.compile(rf"train_time(_ms|_s)?[\"']?(?:\s?\([^()\n]{{1,60}}\))?\s{{0,4}}[:=]\s{{0,12}}{DURATION}")
_SPOKEN = re.compile(
    rf"train(?:ing)?[ _](?:loop[ _])?(?:time|seconds|elapsed)[\"']?\s{{0,4}}[:=]\s{{0,12}}{DURATION}"
    rf"|training complete[a-z ]{{0,6}} in {DURATION}|training: \d+ steps, {DURATION}|phase:train wall_(?:ms):{DURATION}"
)
_TERSE = re.compile(
    rf"^[>\[ ]{{0,6}}(?:step|stop|s)\b[^\n]{{0,120}}?"
    rf"(?:\b(?:tt|time|elapsed)[:= ]\s?{DURATION}|\bt[:= ]{{1,2}}(\d{{1,7}})(s)\b)",
    re.MULTILINE,
)
_STOP = re.compile(
    r"stopping_early|early_stop|wallclock limit|wall[- ]?clock[ _]cap|\bstop tt:|time limit|stopping early"
)
_AFTERWARDS = re.compile(r"gptq|export|checkpoint|budget|hessian|calib|late_qat|swa:|ema:|saved|wrote|total_train")
_STEP_LINE = re.compile(r"\bstep[ :=]{1,9}(\d{1,9})(?=[ /,:|\]\n])")


@dataclass(frozen=True, slots=True)
class _Tick:
    """One line that tells how long training has taken so far; `exact` unless it is printed in minutes."""

    seconds: float
    position: int
    exact: bool


def read_training(page: Page) -> tuple[tuple[Measurement, ...], Measurement | None]:
    """Train seconds and steps of each run, and the last line which says that the clock stopped training."""
    found: list[Measurement] = []
    stopped: Measurement | None = None
    for run in _runs(_ticks(page.plain)):
        end = _end_of(page.plain, run)
        stops = _STOP.search(_line(page.plain, end.position)) is not None
        label = (STOPPED if stops else TOLD) + ("" if end.exact else ROUNDED)
        told = page.measurement(Quantity.TRAIN_SECONDS, end.seconds, end.position, label)
        found.append(told)
        stopped = told if stops else stopped
        found += _steps(page, run, end)
    if not any(m.quantity is Quantity.STEPS for m in found) and (last := _last_step(page)) is not None:
        found.append(last)
    return tuple(found), stopped


def _ticks(plain: str) -> list[_Tick]:
    """Every time that training is said to have taken, in order."""
    ticks = [
        tick
        for found in _NAMED.finditer(plain)
        if not plain[found.start() - 1 : found.start()].isalpha()
        and (tick := _tick(found, found[2], "ms" if found[1] == "_ms" else found[3]))
    ]
    if not ticks:
        for pattern in (_SPOKEN, _TERSE):
            for found in pattern.finditer(plain):
                text, unit = next((found[i], found[i + 1]) for i in range(1, pattern.groups, 2) if found[i])
                if tick := _tick(found, text, "ms" if "wall_ms" in found[0] else unit):
                    ticks.append(tick)
    return sorted(ticks, key=lambda t: t.position)


def _tick(found: re.Match[str], text: str, unit: str | None) -> _Tick | None:
    value = seconds(text, unit)
    if value is None:
        return None
    return _Tick(value, found.start(), unit == "ms" or ("." in text and unit not in ("m", "min", "h")))


def _runs(ticks: list[_Tick]) -> Iterator[list[_Tick]]:
    """Ticks of one run each: a new one begins where the clock falls far back."""
    first = 0
    for index in range(1, len(ticks) + 1):
        if index == len(ticks) or ticks[index].seconds < 0.5 * ticks[index - 1].seconds:
            yield ticks[first:index]
            first = index


def _end_of(plain: str, run: list[_Tick]) -> _Tick:
    """The tick that tells best how long a run took: where it stopped, else the last exact one."""
    best: _Tick | None = None
    for tick in reversed(run[-_LOOK_BACK:]):
        line = _line(plain, tick.position)
        if _STOP.search(line):
            return tick
        if not _AFTERWARDS.search(line) and (best is None or (tick.exact and not best.exact)):
            best = tick
    return best or run[-1]


def _steps(page: Page, run: list[_Tick], end: _Tick) -> Iterator[Measurement]:
    """The step that the end of a run names, or the last one before it."""
    before = [tick for tick in run[-_LOOK_BACK:] if tick.position < end.position]
    for tick in [end, *reversed(before)]:
        step = step_of(_line(page.plain, tick.position))
        if step is not None:
            yield page.measurement(Quantity.STEPS, float(step), tick.position)
            return


def _last_step(page: Page) -> Measurement | None:
    """The last line that counts steps, in logs that tell no time."""
    lines = deque(_STEP_LINE.finditer(page.plain), maxlen=1)
    return page.measurement(Quantity.STEPS, float(lines[0][1]), lines[0].start()) if lines else None


def _line(plain: str, position: int) -> str:
    """The line that holds `position`, at most 600 characters around it."""
    start = max(plain.rfind("\n", 0, position) + 1, position - 300)
    end = plain.find("\n", position, position + 300)
    return plain[start : end if end >= 0 else position + 300]
