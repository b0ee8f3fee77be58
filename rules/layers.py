"""TOML in layers: one file's tables over another's, and complaints that name the line in the file that a person wrote.

Nothing here knows what a competition is: paths of keys, lines and texts only.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from typing import Any

from rules.report.escape import cut, visible

Path = tuple[int | str, ...]

MOST_COMPLAINTS = 20
_NAME = r"""(?:[\w-]+|"[^"\n]*"|'[^'\n]*')"""
_KEY = rf"{_NAME}(?:\s*\.\s*{_NAME})*"
_HEADER = re.compile(rf"\s*(\[{{1,2}})\s*({_KEY})\s*\]")
_ASSIGNED = re.compile(rf"\s*({_KEY})\s*=")
_TOLD_LINE = re.compile(r"at line (\d+)")


class TomlError(Exception):
    """The text is no TOML. The message says why and in which line."""


def read_toml(text: str, name: str) -> dict[str, Any]:
    """Read TOML. Raises TomlError."""
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise TomlError(f"{name}: not valid TOML: its values are nested too deeply") from None
    except ValueError as error:  # TOMLDecodeError, and what Python says of a number with thousands of digits
        told = _TOLD_LINE.search(str(error))
        line = told[1] if told else str(text.count("\n") + 1) if "end of document" in str(error) else None
        place = f"{name}:{line}" if line else name
        raise TomlError(f"{place}: not valid TOML: {cut(str(error), 300)}") from None


def merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """`above` laid over `below`: tables are merged key by key, everything else, lists too, is replaced."""
    result = dict(below)
    for key, value in above.items():
        under = result.get(key)
        if isinstance(under, Mapping) and isinstance(value, Mapping):
            result[key] = merged(under, value)
        else:
            result[key] = value
    return result


def complaints(errors: Sequence[Mapping[str, Any]], text: str, name: str, below: str | None = None) -> str:
    """What pydantic finds wrong, a line for each fault, with its place in `text`.

    `below` names what the file extends: a fault that stands in no line of the file arose from both together.
    """
    lines = lines_of(text)
    told = [_complaint(error, lines, name, below) for error in errors[:MOST_COMPLAINTS]]
    left_out = len(errors) - len(told)
    return "\n".join([*told, f"{name}: and {left_out} more"] if left_out else told)


def _complaint(error: Mapping[str, Any], lines: Mapping[Path, int], name: str, below: str | None) -> str:
    loc: Path = error["loc"]
    key = cut(".".join(str(part) for part in loc), 100) or "(whole file)"
    line = line_of(lines, loc)
    place = f"{name}:{line}" if line else name
    if error["type"] == "extra_forbidden":
        return f"{place}: unknown key `{key}`: remove it or correct its spelling"
    if error["type"] == "missing":
        return f"{place}: `{key}` is missing: add it"
    together = "" if below is None or line else f" (together with what `{below}` says, which the file extends)"
    return f"{place}: `{key}`: {visible(error['msg'])}{together}"


def line_of(lines: Mapping[Path, int], loc: Path) -> int | None:
    """The line of a key, or of the nearest table above it that stands in the text."""
    return next((lines[loc[:depth]] for depth in range(len(loc), 0, -1) if loc[:depth] in lines), None)


def lines_of(text: str) -> dict[Path, int]:
    """The line of every key and table, by following TOML's headers; what stands in inline tables is left out."""
    lines: dict[Path, int] = {}
    counts: dict[Path, int] = {}
    table: Path = ()
    within = ""
    for number, line in enumerate(text.split("\n"), 1):
        header, assigned = (None, None) if within else (_HEADER.match(line), _ASSIGNED.match(line))
        within = _open_string(line, within)
        if header:
            table = _table(_names(header[2]), counts, repeated=header[1] == "[[")
        if header or assigned:
            path = table if header else (*table, *_names(assigned[1] if assigned else ""))
            for depth in range(1, len(path) + 1):
                lines.setdefault(path[:depth], number)
    return lines


def _table(names: Path, counts: dict[Path, int], *, repeated: bool) -> Path:
    """The path of a header; a table of a list has its place in the list, counted from 0."""
    path: Path = ()
    for depth, name in enumerate(names, 1):
        path = (*path, name)
        if repeated and depth == len(names):
            counts[path] = counts.get(path, -1) + 1
        if path in counts:
            path = (*path, counts[path])
    return path


def _names(key: str) -> Path:
    return tuple(name.strip("\"'") for name in re.findall(_NAME, key))


def _open_string(line: str, within: str) -> str:
    """The quotes of a string over several lines that is open after this line; "" for none."""
    for quotes in re.findall("\"\"\"|'''", line):
        if not within:
            within = quotes
        elif within == quotes:
            within = ""
    return within
