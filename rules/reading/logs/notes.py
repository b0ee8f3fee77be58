"""Lines of a log that rules quote, each with the role that it plays."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rules.reading.logs.page import Page
from rules.rule import Evidence

CALIBRATION_START = "calibration-start"  # calibration begins; the line often names its data ("training data", "val")
CALIBRATION_DONE = "calibration-done"  # Hessians collected, layers calibrated, sequences generated
STOP = "stop"  # training stopped by the clock
EVAL_TIMER = "eval-timer"  # the evaluation timer starts
PRECOMPUTE = "precompute"  # work ahead of scoring, inside or outside the timer
SUBSET = "subset"  # scored or measured on a part of the validation tokens
PREFILL = "prefill"  # a cache or table is filled before scoring
RESUMED = "resumed"  # weights were loaded: the log does not show the training of what it scores
TRACEBACK = "traceback"  # the run, or a part of it, failed
SIZE_WARNING = "size-warning"  # the program itself says that the artifact is too large

_LIMIT = 12  # lines of one role

# A role, the words that one of must stand on a line, and what the line must match.
_ROLES: tuple[tuple[str, tuple[str, ...], re.Pattern[str]], ...] = (
    (
        CALIBRATION_START,
        ("calibrat", "hessian", "self-gen", "self_gen"),
        re.compile(
            r"collecting|calibrating (?:with|hessians|batches|alpha)|generating|for calibration|source=|from (?:val|tr)"
        ),
    ),
    (
        CALIBRATION_DONE,
        ("hessian", "calibrated", "gptq:generated", "generated "),
        re.compile(r"collected|calibrated|gptq[: ]{1,2}generated|generated \d+ seq"),
    ),
    (STOP, ("stopping_early", "wallclock limit", "stopping early", "stop tt:"), re.compile(r"")),
    (EVAL_TIMER, ("timer",), re.compile(r"\beval\w{0,6} timer")),
    (PRECOMPUTE, ("precompute",), re.compile(r"done|elapsed|outside|inside|time")),
    (
        SUBSET,
        ("subset", "val_doc_fraction", "max_eval_tokens", "val_max_tokens", "eval_subset"),
        re.compile(r"(?<!train_loader:)subset[=:_ ]|(?:fraction|tokens)[=: ]+\d"),
    ),
    (
        PREFILL,
        ("prefill", "pre-fill", "pre-warmed", "prewarmed"),
        re.compile(r"table|token|cache|position|gram|oracle|phrase"),
    ),
    (
        RESUMED,
        (
            "checkpoint",
            "skipping training",
            "eval_only",
            "warm start",
            "warm-start",
            "resum",
            "init from",
            "pretrained",
        ),
        re.compile(
            r"load(?:ed|ing)|resum(?:ed|ing)|skipping training|eval_only[=: ]+(?:1|true)|(?:starting|init\w{0,7}) from"
        ),
    ),
    (TRACEBACK, ("traceback (most", "childfailederror", "out of memory"), re.compile(r"")),
    (SIZE_WARNING, ("exceed", "over!", "over limit", "too large"), re.compile(r"bytes|mb\b|size|artifact|submission")),
)


def read_notes(page: Page) -> tuple[Evidence, ...]:
    """At most twelve lines for each role, in the order of the log."""
    found = [(start, role) for role, words, pattern in _ROLES for start in _lines(page, words, pattern)]
    return tuple(page.evidence(start, role) for start, role in sorted(found))


def _lines(page: Page, words: tuple[str, ...], pattern: re.Pattern[str]) -> Iterator[int]:
    matching = (start for start, end in page.lines_with(*words) if pattern.search(page.plain, start, end))
    return (start for start, _ in zip(matching, range(_LIMIT), strict=False))
