"""Copies of the script inside a log: found, fingerprinted, and taken out before anything else is read.

Many logs begin with the whole script that ran. Its print statements look exactly like scores and settings, so the
dump goes first; its line feeds stay, which keeps every line number as a person sees it.
"""

from __future__ import annotations

import ast
import hashlib
import re
import warnings
from collections.abc import Iterator

from rules.submission import SourceDump

_ANCHOR = re.compile(
    r"\n(?:(def |class |async def )[A-Za-z_]\w*[ (:]|from [\w.]+ import |import \w[\w., ;]*(?=\n| as )|@\w"
    r"|if __name__ ==|(exec\())"
)
_RULER = re.compile(r"\n(?:={40,}|Running Python \d[^\n]*)(?=\n)")
_OPENER = re.compile(r"""[rR]?("{3}|'{3})""")
_CAPITALS = re.compile(r"_*[A-Z][A-Z0-9_]* *(?::[^=\n]{1,80})?= ")
_CONTINUES = (" ", "\t", "#", ")", "]", "}", '"""', "else:", "elif ", "except", "finally:", "raise ", "main(", "exit(")
_MARKS = ("\ndef ", "\nclass ", "\nimport ", "\nfrom ", "exec(")
_DOCSTRING_LINES = 300  # a module docstring longer than this is not looked for
_GAP = 200_000  # characters of module-level code after the last definition that are tried as Python
_REGIONS = 50  # dumps in one file


def fingerprint(source: str) -> str:
    """SHA-256 of a script's text without blanks at line ends and blank lines at either end.

    Equal for a shipped file and its dump in a log, whatever line ends and trailing line feeds either has.
    """
    lines = [line.rstrip() for line in source.replace("\r\n", "\n").strip("\n").split("\n")]
    return hashlib.sha256("\n".join(lines).strip("\n").encode("utf-8", "surrogatepass")).hexdigest()


def strip_dumps(text: str) -> tuple[str, SourceDump | None, int | None]:
    """Return `text` with every dump of a script emptied, line feeds kept; what the first dump is, and its bytes."""
    if not any(mark in text for mark in _MARKS):
        return text, None, None
    kept: list[str] = []
    first: SourceDump | None = None
    size: int | None = None
    done = 0
    for start, end in _regions(text):
        source = text[start:end]
        if first is None:
            line = text.count("\n", 0, start) + 1
            count = source.count("\n") + 1
            first = SourceDump(fingerprint(source), count, line, line + count - 1)
            size = len(source.encode()) + 1
        kept += [text[done:start], "\n" * source.count("\n")]
        done = end
    kept.append(text[done:])
    return "".join(kept), first, size


def _regions(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of each dump, in order, without the line feed that ends it."""
    padded = "\n" + text  # so that the first line begins after a line feed too; offsets shift by one
    rulers = [m.start() for m in _RULER.finditer(padded)]
    anchors = list(_ANCHOR.finditer(padded))
    done = index = found = 0
    while index < len(anchors) and found < _REGIONS:
        limit = next((r for r in rulers if r > anchors[index].start()), len(padded))
        group = [a for a in anchors[index:] if a.start() < limit]
        index += len(group)
        if not _is_script(group):
            continue
        start = _upwards(padded, done, group[0].start() + 1, cut=bool(group[0][1]))
        end = _downwards(padded, group[-1].start() + 1, limit)
        done, found = end, found + 1
        while index < len(anchors) and anchors[index].start() < end:
            index += 1
        yield start - 1, end - 1


def _is_script(group: list[re.Match[str]]) -> bool:
    """Whether these lines can only come from a script: several imports or definitions, or a packed launcher."""
    definitions = sum(1 for a in group if a[1])
    return len(group) >= 5 or definitions >= 3 or any(a[2] for a in group)


def _upwards(text: str, floor: int, position: int, *, cut: bool) -> int:
    """The start of what lies directly above the line at `position` and belongs to its script.

    That is comments and the docstring, and where the script is `cut`, which means that its first lines with the
    imports were overwritten by output, also indented lines and constants.
    """
    lines = text[floor:position].split("\n")[-_DOCSTRING_LINES - 1 : -1]
    index = len(lines)
    while index > 0:
        line = lines[index - 1].rstrip()
        if line.endswith(('"""', "'''")) and not cut:
            opener = _opener(lines, index - 1)
            if opener is None:
                break
            index = opener
        elif (
            not line or line.startswith(("#", '"')) or (cut and (line.startswith(_CONTINUES) or _CAPITALS.match(line)))
        ):
            index -= 1
        else:
            break
    while index < len(lines) and not lines[index].strip():
        index += 1
    return position - sum(len(line) + 1 for line in lines[index:])


def _opener(lines: list[str], closing: int) -> int | None:
    """The line that opens the docstring which ends on line `closing`."""
    mark = lines[closing].rstrip()[-3:]
    for index in range(closing, -1, -1):
        opens = _OPENER.match(lines[index])
        if opens and opens[1] == mark and (index < closing or lines[index].count(mark) > 1):
            return index
    return None


def _downwards(text: str, position: int, limit: int) -> int:
    """The end of the script whose last definition stands at `position`, at most `limit`."""
    end = text.find("\n", position, limit)
    end = limit if end < 0 else end
    while end < limit:
        after = text.find("\n", end + 1, limit)
        after = limit if after < 0 else after
        line = text[end + 1 : min(after, end + 80)]
        if line.strip() and not line.startswith(_CONTINUES):
            break
        end = after
    if end < limit < len(text) and limit - end <= _GAP and _is_python(text[end:limit]):
        end = limit
    return end - (len(text[position:end]) - len(text[position:end].rstrip()))


def _is_python(text: str) -> bool:
    """Whether `text` parses; scripts may go on at module level after their last function."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(text)
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return False
    return True
