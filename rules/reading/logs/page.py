"""What a log prints, ready to be searched: the text, a lower-case twin, and line numbers as a person sees them."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from typing import Self

from rules.rule import Evidence, Location
from rules.submission import Measurement, Quantity

QUOTE = 300  # characters of a quoted line
_STATEMENT = 2_000  # characters kept of one line
_REPEATS = 6  # lines with the same words before their first digit: more are progress
_STATEMENTS = 20_000

_STAMP = re.compile(
    r"\s*(?:\[?\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d[\d.,]*(?:Z|\+\d\d:?\d\d)?\]?|\[\d\d:\d\d:\d\d[\d.,]*\]"
    r"|\d{10}(?:\.\d{1,9})?(?= )|\[(?:rank|default)\d+\]:?)\s*(?:[|:-]\s)?(?:\[?(?:INFO|DEBUG|WARNING)\]?\s*[|:-]?\s*)?"
)
_BEFORE_DIGIT = re.compile(r"[^0-9\n]*")


def without_stamp(line: str) -> str:
    """`line` without the time stamp, log level or rank that a logger or launcher put before it."""
    return line[found.end() :] if line[:1] in "[ 12" and (found := _STAMP.match(line)) else line


@dataclass(frozen=True, slots=True)
class Page:
    """Text of a log with a line index.

    `plain` has the same length as `text`: lower case, with a question mark for each character outside ASCII, so that
    a span found in one is the same span in the other. `numbers` gives the line that each line of `text` stands on.
    """

    path: str
    text: str
    plain: str
    starts: list[int]
    numbers: list[int] | range

    @classmethod
    def of(cls, path: str, text: str, *, gap_after: int = 0, skipped: int = 0) -> Self:
        """Index `text`; `skipped` lines of the file are missing after its line `gap_after`."""
        starts = [0]
        starts += [found.end() for found in re.finditer("\n", text)]
        numbers: list[int] | range = range(1, len(starts) + 1)
        if skipped:
            numbers = [n if n <= gap_after else n + skipped for n in numbers]
        return cls(path, text, _plain(text), starts, numbers)

    def brief(self) -> Self:
        """The same page without progress: of lines with the same words before the first digit, the first few.

        What is left has a bounded number of lines of bounded length, without time stamps before them.
        """
        seen: dict[str, int] = {}
        lines: list[str] = []
        numbers: list[int] = []
        for index, whole in enumerate(self.text.split("\n")):
            if not whole or whole.isspace():
                continue
            line = without_stamp(whole[:_STATEMENT])
            words = line[: _BEFORE_DIGIT.match(line).end()]  # type: ignore[union-attr]  # it matches ""
            count = seen.get(words, 0)
            if count >= _REPEATS or len(lines) >= _STATEMENTS:
                continue
            seen[words] = count + 1
            lines.append(line)
            numbers.append(self.numbers[index])
        starts, position = [], 0
        for line in lines:
            starts.append(position)
            position += len(line) + 1
        text = "\n".join(lines)
        return type(self)(self.path, text, _plain(text), starts or [0], numbers or [1])

    def lines_with(self, *words: str) -> list[tuple[int, int]]:
        """Start and end of each line of `plain` that holds one of the lower-case `words`, in order.

        One search for each word over the whole text is many times faster than an alternation or a loop over lines.
        """
        plain, found = self.plain, set()
        for word in words:
            position = plain.find(word)
            while position >= 0:
                index = bisect_right(self.starts, position)
                found.add(index)
                position = plain.find(word, self.starts[index]) if index < len(self.starts) else -1
        ends = [*self.starts[1:], len(plain) + 1]
        return [(self.starts[i - 1], ends[i - 1] - 1) for i in sorted(found)]

    def location(self, position: int) -> Location:
        """The line of the file that holds `position`."""
        return Location(self.path, self.numbers[bisect_right(self.starts, position) - 1])

    def line(self, position: int) -> str:
        """The line that holds `position`, stripped and cut."""
        start = self.starts[bisect_right(self.starts, position) - 1]
        end = self.text.find("\n", start, start + 2 * QUOTE)
        return self.text[start : start + 2 * QUOTE if end < 0 else end].strip()[:QUOTE]

    def measurement(self, quantity: Quantity, value: float, position: int, label: str = "") -> Measurement:
        """A measurement that the line at `position` shows."""
        return Measurement(quantity, value, self.location(position), label, self.line(position))

    def evidence(self, position: int, role: str) -> Evidence:
        """The line at `position` as evidence."""
        return Evidence(self.location(position), self.line(position), role)


def _plain(text: str) -> str:
    return text.encode("ascii", "replace").decode("ascii").lower()
