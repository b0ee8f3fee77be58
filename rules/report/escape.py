"""Text from a pull request, made safe to stand in a report.

Whatever a participant wrote is shown in code spans: inside them GitHub knows no mention, reference, link, image, HTML,
formula or emoji, and a person sees what really stands there. Words of a message that hold nothing but letters, digits
and harmless signs stay plain. Characters that hide, reorder or move text are written as escapes.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from urllib.parse import quote

ELLIPSIS = "…"

_MARKS_IN_A_ROW = 3  # more combining marks only pile up over the neighbouring lines
_BLANK_LETTERS = frozenset("\u115f\u1160\u2800\u3164\uffa0")  # printable without ink
_SIGNS = "'\",;.:!?%+()=/°²·…±≤≥→\N{EN DASH}\N{EM DASH}\N{RIGHT SINGLE QUOTATION MARK}-"
_HARMLESS = re.compile(rf"[A-Za-z0-9\u00c0-\u024f\u0370-\u03ff{_SIGNS}]+")
_ACTIVE = re.compile(
    r"://|www\.|mailto:|xmpp:"  # addresses
    r"|\bgh-\d"  # references to issues
    r"|\b(?=[0-9]*[a-f])[0-9a-f]{7,40}\b"  # names of commits
    r"|:[a-z+-][a-z0-9+-]*:"  # emoji
    r"|^/[a-z]",  # orders to a bot
    re.IGNORECASE,
)
_BLOCK_MARK = re.compile(r"[-+=]+|\d{1,9}[.)]")
_WRAPPED = re.compile(r"([(\"']*)(.*?)([.,;:!?)\"']*)")


def visible(text: str) -> str:
    r"""Text on one line in which nothing hides: "\n", "\u202e" and their like stand as escapes."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_characters(text))


def _characters(text: str) -> Iterator[str]:
    marks = 0
    for character in text:
        marks = marks + 1 if unicodedata.category(character) in ("Mn", "Me") else 0
        if not character.isprintable() or character in _BLANK_LETTERS or marks > _MARKS_IN_A_ROW:
            yield character.encode("unicode_escape").decode("ascii")
        else:
            yield character


def cut(text: str, limit: int) -> str:
    """`visible` text of at most `limit` characters; what is left out at the end is marked."""
    shown = visible(text[: limit + 1])
    return shown if len(shown) <= limit else shown[: limit - 1] + ELLIPSIS


def cut_middle(text: str, limit: int) -> str:
    """`visible` text of at most `limit` characters; of a long one both ends stay, as a path needs it."""
    if len(text) <= limit and len(shown := visible(text)) <= limit:
        return shown
    half = (limit - 1) // 2
    return visible(text[:half])[:half] + ELLIPSIS + visible(text[-half:])[-half:]


def code(text: str, limit: int = 200) -> str:
    """A code span that holds the text literally, on one line."""
    return _span(cut(text, limit))


def cell(text: str, limit: int = 120) -> str:
    r"""A code span for a cell of a table, where a bar would end the cell: it is shown as "\x7c"."""
    return _span(cut(text.replace("|", r"\x7c"), limit))


def path(text: str, limit: int = 120) -> str:
    """A code span for a path, fit for a cell."""
    return _span(cut_middle(text.replace("|", r"\x7c"), limit))


def prose(text: str, limit: int = 500) -> str:
    """A message of mixed origin as inline Markdown on one line.

    What stands between backticks becomes a code span, and so does every word that Markdown or GitHub could act upon.
    """
    shown = cut(" ".join(text[: 4 * limit].split()), limit)
    parts = shown.split("`")
    if len(parts) % 2 == 0:  # a backtick without its partner
        parts[-2:] = ["'".join(parts[-2:])]
    out = ""
    for index, part in enumerate(parts):
        pieces = [_span(part)] if index % 2 and part else re.split("( )", part)
        for piece in pieces:
            safe = piece if index % 2 or not piece.strip() else _word(piece, first=not out)
            # Two spans that touch would read as one with longer fences.
            out += f" {safe}" if safe.startswith("`") and out.endswith("`") else safe
    return out.strip()


def url_path(text: str) -> str:
    """A path for a URL: everything but letters, digits, `-._~` and slashes is percent-encoded."""
    return quote(text, safe="/", errors="replace")


def _word(text: str, *, first: bool) -> str:
    if _HARMLESS.fullmatch(text) and not _ACTIVE.search(text) and not (first and _BLOCK_MARK.fullmatch(text)):
        return text
    wrapped = _WRAPPED.fullmatch(text)
    before, core, after = wrapped.groups() if wrapped and wrapped[2] and "(" not in wrapped[2] else ("", text, "")
    return before + _span(core) + after


def _span(text: str) -> str:
    if not text:
        return ""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * (longest + 1)
    padded = text.startswith(("`", " ")) or text.endswith(("`", " "))
    return f"{fence} {text} {fence}" if padded and text.strip() else f"{fence}{text}{fence}"
