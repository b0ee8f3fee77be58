"""The words that lines of a log begin with: what the program said, without its numbers."""

from __future__ import annotations

import re

from rules.reading.logs.page import Page

_MOST = 500
_WORDS = re.compile(r"\s{0,40}([A-Za-z][A-Za-z_ -]{11,79})")


def read_openings(page: Page) -> dict[str, int]:
    """Words at the start of a line, up to the first sign or digit → the first line that begins so; at most 500.

    Only what has 12 characters or more tells one print statement from another.
    """
    found: dict[str, int] = {}
    numbers = iter(page.numbers)
    for line in page.text.split("\n"):
        number = next(numbers)
        opening = opening_of(line)
        if opening and opening not in found and len(found) < _MOST:
            found[opening] = number
    return found


def opening_of(text: str) -> str:
    """The words that a text begins with, "" where they are too short to tell."""
    words = _WORDS.match(text)
    return words[1].rstrip() if words and len(words[1].rstrip()) >= 12 else ""
