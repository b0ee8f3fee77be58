"""Hyperparameters as a log dumps them, in every dialect; data paths; the first words of lines."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rules.reading.logs.page import Page
from rules.submission import Setting

_SETTINGS = 2_000
_PREFIXES = 500
_VALUE = 300  # characters of a value

_ALONE = re.compile(r"\s*[\"']?([A-Za-z_][\w.]{0,60})[\"']?\s{0,30}[:=]\s{0,12}(\S[^\n]{0,600}?)?\s*,?\s*\\?$")
_PAIR = re.compile(
    r"(?<![\w./])(?:--)?[\"']?([A-Za-z_]\w{0,60})[\"']?(?::\s?|\s?=\s?)"
    r"('[^'\n]{0,300}'|\"[^\"\n]{0,300}\"|\[[^\]\n]{0,300}\]|\([^)\n]{0,300}\)|\d{1,3}(?:,\d{3}){1,5}(?!\d)|[^\s,;(){}\[\]'\"]{1,300})"
)
_MORE = re.compile(r"\s[A-Za-z_]\w*[=:]\S|,\s?[\"']?[A-Za-z_]\w*[\"']?\s?[:=]\s?\S")
_OPENS = re.compile(
    r"\s*(?:-{2,} ?)?(?:hyper-?param|config|args|arguments|namespace|settings)|logs/|model_params:|running python", re.I
)
_CLOSES = re.compile(r"\s*(?:warmup(?:_step)?|step|iter|s)\b[: ]{1,2}\d|\s*\d+/\d+ |.*(?:train_loss|val_bpb)[:=] ?\d")
_STARTS = re.compile(
    r"\s*(?:\w+:start|(?:code|script|source|git)[_ ](?:hash|sha\w*|lines|commit))\b"
    r"|\s*(?:condition|export|env):? ?[A-Z_]+=|\s*\+ ?(?:export )?[A-Z_]+=|\s*[A-Z][A-Z0-9_]+=\S"
)
_SPEECH = re.compile(r"\s*(?:\||\+[-=]|(?:warning|error|note|info|traceback|file|w\d{4}|https?|raise|return)\b)", re.I)
_PROGRESS = 6  # missing lines after which a later dump has ended: what is printed repeatedly was left out
_FIRST_WORD = re.compile(r"\s{0,40}([A-Za-z_]\w{0,60}):")
_MOMENTS = frozenset(("step", "time", "elapsed", "train_time", "date"))  # when something happened is no setting
_PATH_NAMES = frozenset(
    [
        *("data_path", "data_dir", "data_root", "datasets_dir", "dataset", "pattern", "train_files", "train_path"),
        *(
            "train_bin",
            "train_data",
            "val_files",
            "val_bytes_files",
            "val_path",
            "val_bin",
            "val_data",
            "tokenizer_path",
        ),
    ]
)
_PATH_VALUE = re.compile(r"fineweb_(?:val|train)|/datasets?/|\.model$|\.bin$")


def read_settings(page: Page) -> dict[str, Setting]:
    """Lower-case name → last printed value, from the lines that are printed before training starts.

    After training begins only lines count that announce a phase ("ttt:start lr=…"), set the environment, or stand
    below a heading of hyperparameters. Of a value at most 300 characters are kept, of names at most 2,000.
    """
    found: dict[str, Setting] = {}
    for index, line in _dumping_lines(page):
        if len(found) >= _SETTINGS:
            break
        location = page.location(page.starts[index])
        for name, value in _pairs(line):
            if name not in _MOMENTS:
                found[name.lower()] = Setting(name.lower(), value, location)
    return found


def read_paths(settings: dict[str, Setting]) -> tuple[Setting, ...]:
    """The settings that name data or a tokenizer."""
    return tuple(s for s in settings.values() if s.name in _PATH_NAMES or _PATH_VALUE.search(s.value))


def read_prefixes(page: Page) -> dict[str, int]:
    """The word before the first colon of a line → the first line that begins so; at most 500."""
    found: dict[str, int] = {}
    numbers = iter(page.numbers)
    for line in page.text.split("\n"):
        number = next(numbers)
        word = _FIRST_WORD.match(line)
        if word and word[1] not in found and len(found) < _PREFIXES:
            found[word[1]] = number
    return found


def _dumping_lines(page: Page) -> Iterator[tuple[int, str]]:
    """Index and text of the lines that print settings."""
    dumping, closed, before = True, False, 0
    for index, line in enumerate(page.text.split("\n")):
        number = page.numbers[index]
        if _OPENS.match(line):
            dumping = True
        elif dumping and (_CLOSES.match(line) or (closed and number - before > _PROGRESS)):
            dumping, closed = False, True
        before = number
        if (dumping or _STARTS.match(line)) and not _SPEECH.match(line):
            yield index, line


def _pairs(line: str) -> Iterator[tuple[str, str]]:
    """Names and values of one line: one to the line's end, or several."""
    if ":" not in line and "=" not in line:
        return
    alone = _ALONE.match(line)
    if alone and (alone[2] is None or not _MORE.search(alone[2])):
        yield alone[1], _clean(alone[2] or "")
        return
    for found in _PAIR.finditer(line):
        yield found[1], _clean(found[2])


def _clean(value: str) -> str:
    value = value.strip().rstrip(",")
    if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
        value = value[1:-1]
    return value[:_VALUE]
