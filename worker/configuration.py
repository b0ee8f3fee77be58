"""What a repository's pull requests are judged by: its `.github/fairway.toml`, or the deployment's default.

The file is read from the default branch only, into a strict model (`rules.competition`). A repository without one is
judged by the deployment's default competition (`Settings.competition`). What a pull request makes of the file is looked
at for its author's sake and never used.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from rules.competition import Competition, CompetitionError, builtin, load, parse
from rules.rule import Finding, Location, Rule, Severity
from rules.submission import ChangedFile

PATH = ".github/fairway.toml"
MOST_BYTES = 262_144
MOST_PARTS = 64
_NAME = r"""(?:[\w-]++|"(?:[^"\\\n]|\\.)*+"|'[^'\n]*+')"""
_DEEP_KEY = re.compile(rf"""(?<![\w"'-])(?:{_NAME}[ \t]*+\.[ \t]*+){{{MOST_PARTS}}}""")
_LINE = re.compile(rf"{re.escape(PATH)}:(\d+): ")

PROPOSED = Rule(
    code="X02",
    name="configuration-proposed",
    category="configuration",
    severity=Severity.NOTE,
    doc="The pull request edits the competition's configuration. It counts once it is on the default branch.",
)


def competition_of(configuration: str | None, default: str) -> Competition:
    """The competition of a stored configuration; without one, the default by its name or path.

    Raises CompetitionError for a text that is none: only what was found good is stored.
    """
    return _default(default) if configuration is None else _parsed(configuration)


def decoded(content: bytes) -> str:
    """The text of a configuration file that is a good one. Raises CompetitionError, which says how to mend it."""
    if len(content) > MOST_BYTES:
        raise CompetitionError(oversized(f"{len(content):,} bytes"))
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise CompetitionError(f"{PATH}:{line}: not UTF-8: save the file in that encoding") from None
    for number, line_text in enumerate(text.split("\n"), 1):
        if not line_text.lstrip().startswith("#") and _DEEP_KEY.search(line_text):
            # Python's reader takes time in the square of a key's parts.
            raise CompetitionError(f"{PATH}:{number}: a key of more than {MOST_PARTS} parts: shorten it")
    _parsed(text)
    return text


def oversized(size: str) -> str:
    """What is wrong with a file of that size."""
    return f"{PATH}: {size}, more than the {MOST_BYTES:,} that are read: shorten the file"


def faults_of(content: bytes) -> list[str]:
    """What is wrong with a configuration file, a line for each fault; nothing if it may be used."""
    try:
        decoded(content)
    except CompetitionError as error:
        return str(error).splitlines()
    return []


def proposed(changed: Iterable[ChangedFile]) -> ChangedFile | None:
    """The configuration file among what a pull request changes."""
    return next((file for file in changed if file.path == PATH), None)


def findings_of(content: bytes | None) -> list[Finding]:
    """Notes for a pull request that edits the file: each fault at its line, or that there is none. None: removed."""
    if content is None:
        text = "The pull request removes the competition's configuration; the default one would count from then on."
        return [PROPOSED.at(Location(PATH), text, fix="Keep the file, unless that is meant.")]
    faults = faults_of(content)
    if not faults:
        text = "This version of the configuration can be read. It is used once it is on the default branch, not here."
        return [PROPOSED.at(Location(PATH), text)]
    fix = "Mend it before merging: on the default branch the last good version would stay in force."
    return [PROPOSED.at(Location(PATH, _line(fault)), fault, fix=fix) for fault in faults]


def _line(fault: str) -> int | None:
    told = _LINE.match(fault)
    return int(told[1]) if told else None


@lru_cache(maxsize=64)
def _parsed(configuration: str) -> Competition:
    return parse(configuration, PATH)


@lru_cache(maxsize=4)
def _default(name: str) -> Competition:
    return load(Path(name)) if name.endswith(".toml") else builtin(name)
