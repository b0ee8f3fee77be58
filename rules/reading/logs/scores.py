"""Score lines: every line that prints bits per byte, with its label, loss, seconds and step."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator

from rules.reading.logs.labels import is_final, is_progress, step_of
from rules.reading.logs.page import Page, without_stamp
from rules.reading.logs.units import DURATION, number, seconds
from rules.submission import Score

_SCORES = 5_000  # the last ones are kept
_LINES = 50_000  # the last lines that are looked at
_WINDOW = 600  # characters of a long line around its score
_LABEL = 120
_KEY = 60  # characters of a key before "bpb"
_HIGHEST = 30.0  # bits per byte; beyond that the number is something else

_VALUE = r"([-+]?\d{1,4}\.\d+(?:e[-+]?\d{1,3})?|nan\b|inf\b)"
_BPB = re.compile(
    rf"bpb([a-z0-9_]{{0,30}}+)[\"']?(?: ?\([^()\n]{{0,40}}+\))?(?: {{0,16}}[:=]| is)? {{0,16}}\*{{0,2}}{_VALUE}"
)
_WORD = "abcdefghijklmnopqrstuvwxyz0123456789_"
_AFTER = re.compile(r"(\d\.\d{3,12}) ?bpb\b")
_LOSS = re.compile(rf"(?:\bval[_ ]loss|\bvl|\bloss|\bnll)[\"']?\s{{0,4}}[:=]?\s{{0,4}}{_VALUE}")
_TIMED = re.compile(
    rf"(?:eval_time|eval_seconds|eval_elapsed|elapsed|total_time)(_ms)?[\"']?\s{{0,4}}[:=]\s{{0,4}}{DURATION}"
)
_TIME = re.compile(rf"\b(?:eval|time|wallclock|duration|t)()[\"']?[:=]\s?{DURATION}")  # said to be a time by its unit
_NOT_A_SCORE = re.compile(
    r"train|running|run_|batch|chunk|delta|only|^nn_|oracle|gain|diff|improv|target|gap|old|prev|best|base|limit|claim|cap"
    r"|sota|std|stdev|sigma|spread|range"
)
_PLAIN_KEYS = ("val_bpb", "bpb")
_VARYING = re.compile(r"\b(?:\w{1,40}[=:]\d{5,15}|seed[=: ]?\d{1,10})\b,? ?", re.I)  # would differ between runs
_TRIM = " \t:=|,;-([{*#>\"'"


def read_scores(page: Page) -> tuple[Score, ...]:
    """All score lines in the order of the log, at most the last 5,000.

    A line without a label counts as final only after the last line that reports training.
    """
    trained = max(page.plain.rfind("train_loss"), page.plain.rfind("stopping_early"))
    found: deque[Score] = deque(maxlen=_SCORES)
    for start, end, bpb in deque(_lines(page.plain), maxlen=_LINES):
        score = _score(page, start, end, bpb, after_training=bpb > trained)
        if score is not None:
            found.append(score)
    return tuple(found)


def _lines(plain: str) -> Iterator[tuple[int, int, int]]:
    """Start and end of each line that names bits per byte, and the place where it does; long lines are cut."""
    position = plain.find("bpb")
    while position >= 0:
        start = max(plain.rfind("\n", 0, position) + 1, position - _WINDOW)
        line_end = plain.find("\n", position)
        line_end = len(plain) if line_end < 0 else line_end
        yield start, min(line_end, position + _WINDOW), position
        position = plain.find("bpb", line_end)


def _score(page: Page, start: int, end: int, bpb: int, *, after_training: bool) -> Score | None:
    plain = page.plain[start:end]
    step = step_of(plain[: bpb - start])
    if step is None and is_progress(plain[: bpb - start]):
        return None
    value = _bits(plain)
    if value is None:
        return None
    key, text, key_start = value
    loss = _LOSS.search(plain)
    head = min(key_start, loss.start()) if loss and loss.start() < key_start else key_start
    label = _VARYING.sub("", without_stamp(page.text[start : start + head]).strip(_TRIM)[-_LABEL:]).strip(_TRIM)
    lower = label.lower() if label or key in _PLAIN_KEYS else key
    final = step is None and is_final(f"{lower} {key}") and (bool(lower) or after_training)
    bits = number(text)
    return Score(
        label="step" if step is not None else label or ("" if key in _PLAIN_KEYS else key),
        val_bpb=bits if bits is not None and 0 < bits < _HIGHEST else None,
        val_loss=number(loss[1]) if loss else None,
        location=page.location(bpb),
        final=final,
        eval_seconds=None if step is not None else _seconds(plain, key_start),
        step=step,
        quote=page.line(bpb),
    )


def _bits(plain: str) -> tuple[str, str, int] | None:
    """Key, text of the value and start of the key of the score on a line."""
    chosen: tuple[str, str, int] | None = None
    for found in _BPB.finditer(plain):
        before = plain[max(0, found.start() - _KEY) : found.start()]
        first = before[len(before.rstrip(_WORD)) :]
        key = f"{first}bpb{found[1]}"
        candidate = key, found[2], found.start() - len(first)
        if key in _PLAIN_KEYS:
            return candidate
        if chosen is None and not _NOT_A_SCORE.search(key):
            chosen = candidate
    if chosen is None and (after := _AFTER.search(plain)):
        return "bpb", after[1], after.start()
    return chosen


def _seconds(plain: str, position: int) -> float | None:
    """The duration that a score line prints, wherever it stands but before the score's label."""
    found = _TIMED.search(plain, max(0, position - 40)) or _TIME.search(plain, max(0, position - 40))
    if found is None or (found.re is _TIME and not found[3]):
        return None
    return seconds(found[2], "ms" if found[1] else found[3])
