"""JSON as people write it → its values with the line of each, in linear time.

The strict reader of the standard library says whether a file is JSON; this one says where each value stands, and goes
on where the strict one stops: comments, trailing or missing commas, single quotes, bare words, an unclosed bracket.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field

from rules.reading.text import Lines

MAX_DEPTH = 40
MAX_LEAVES = 10_000
MAX_KEY = 200
_TOKEN = re.compile(
    r"""
    (?P<space>[\s:;]++)
  | (?P<comma>,)
  | (?P<open>[{\[])
  | (?P<close>[}\]])
  | (?P<string>"(?:[^"\\\n]|\\.)*+"?|'(?:[^'\\\n]|\\.)*+'?)
  | (?P<comment>//[^\n]*+|\#[^\n]*+|/\*(?:[^*]|\*(?!/))*+(?:\*/)?)
  | (?P<number>[-+]?\.?\d[\d_]*+(?:\.\d*+)?(?:[eE][-+]?\d++)?(?![\w.]))
  | (?P<word>[^\s,:;{}\[\]"']++)
    """,
    re.VERBOSE,
)
_WORDS: dict[str, object] = {"true": True, "false": False, "null": None, "none": None}
_MAX_DIGITS = 400

Key = str | int
Path = tuple[Key, ...]


@dataclass(frozen=True, slots=True)
class Leaf:
    """A value that is neither object nor list. `line` is that of its key, in a list that of the value."""

    path: Path
    value: object
    line: int


@dataclass(slots=True)
class Scan:
    """What was found: `root` is the outermost value, `limit` says which limit cut the rest off ("" for none)."""

    root: object = None
    leaves: list[Leaf] = field(default_factory=list)
    limit: str = ""


@dataclass(slots=True)
class _Frame:
    """An open object or list."""

    value: dict[str, object] | list[object]
    path: Path
    key: str | None = None
    key_line: int = 0


def scan(text: str) -> Scan:
    """Read `text` as far as it can be understood. Never raises."""
    return _Scanner(text).run()


class _Scanner:
    def __init__(self, text: str) -> None:
        self._text = text
        self._lines = Lines.of(text)
        self._stack: list[_Frame] = []
        self._too_deep = 0
        self._found = Scan()

    def run(self) -> Scan:
        for token in _TOKEN.finditer(self._text):
            kind = token.lastgroup
            if kind == "open":
                self._open(token.group() == "{")
            elif kind == "close":
                if self._close():
                    break
            elif kind == "comma" and self._stack:
                self._stack[-1].key = None  # a key without value
            elif kind in ("string", "number", "word") and not self._too_deep:
                self._take(token.group(), kind, token.start())
            if len(self._found.leaves) >= MAX_LEAVES:
                self._found.limit = f"more than {MAX_LEAVES:,} values; the rest was not read"
                break
        return self._found

    def _open(self, is_object: bool) -> None:
        if self._too_deep or len(self._stack) >= MAX_DEPTH:
            self._too_deep += 1
            self._found.limit = f"nested more than {MAX_DEPTH} deep; what lies deeper was not read"
            return
        value: dict[str, object] | list[object] = {} if is_object else []
        path = self._place(value)
        self._stack.append(_Frame(value, path))

    def _close(self) -> bool:
        """Leave the innermost bracket; True when it was the outermost one."""
        if self._too_deep:
            self._too_deep -= 1
            return False
        if self._stack:
            self._stack.pop()
        return not self._stack

    def _take(self, token: str, kind: str, position: int) -> None:
        frame = self._stack[-1] if self._stack else None
        if frame is not None and isinstance(frame.value, dict) and frame.key is None:
            frame.key = (_string(token) if kind == "string" else token)[:MAX_KEY]
            frame.key_line = self._lines.number(position)
            return
        line = self._lines.number(position) if frame is None or isinstance(frame.value, list) else frame.key_line
        value = _string(token) if kind == "string" else _number(token) if kind == "number" else _word(token)
        path = self._place(value)
        self._found.leaves.append(Leaf(path, value, line))

    def _place(self, value: object) -> Path:
        """Put a value where it belongs and return its path."""
        if not self._stack:
            self._found.root = value
            return ()
        frame = self._stack[-1]
        if isinstance(frame.value, list):
            frame.value.append(value)
            return (*frame.path, len(frame.value) - 1)
        key, frame.key = frame.key or "", None
        frame.value[key] = value
        return (*frame.path, key)


def _string(token: str) -> str:
    inner = token[1:-1] if len(token) > 1 and token[-1] == token[0] else token[1:]
    if "\\" not in inner:
        return inner
    try:
        return str(json.loads(f'"{inner}"'))
    except ValueError:
        return inner


def _number(token: str) -> int | float | str:
    digits = token.replace("_", "")
    if len(digits) > _MAX_DIGITS:
        return token
    try:
        return int(digits)
    except ValueError:
        return float(digits)


def _word(token: str) -> object:
    """A literal's value, or the word itself: an unquoted text, NaN and Infinity stay words."""
    return _WORDS.get(token.casefold(), token)
