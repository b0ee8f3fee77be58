"""Texts put together by `%`, `format` and `+`, as far as their parts are known; bounded in what they become."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from rules.analysis.flow.files import LONGEST_NAME, file_labels, is_path, of_file
from rules.analysis.flow.labels import NONE, Labels
from rules.analysis.flow.objects import Written
from rules.analysis.flow.values import Value

OPEN = "{}"  # stands for what is not known
MOST_TEXT = 10_000
_SPECIFIED = re.compile(r"%(?:\((\w*)\))?[-+ #0]*(?:\*|\d+)?(?:\.(?:\*|\d+))?[hlL]?[a-zA-Z%]")
_BRACED = re.compile(r"\{(\w*)[^{}]*\}")


def by_percent(text: str, given: Value) -> Value:
    """`text % given`."""
    parts = given.items if given.items is not None else (given,)
    return _filled(text, _SPECIFIED, parts, {}, given.all_labels())


def by_format(text: str, given: Sequence[Value], named: Mapping[str, Value]) -> Value:
    """`text.format(*given, **named)`."""
    labels = NONE.union(*(one.all_labels() for one in (*given, *named.values())))
    return _filled(text, _BRACED, given, named, labels)


def opened(text: str) -> str:
    """A text to be filled by `%`, with `{}` for what it is filled with."""
    return _SPECIFIED.sub(OPEN, text[:MOST_TEXT])


def _filled(
    text: str, places: re.Pattern[str], given: Sequence[Value], named: Mapping[str, Value], labels: Labels
) -> Value:
    """A plain text where all is known, else one with open places; a name of a file tells its split either way."""
    shown, complete = _put_in(text[:MOST_TEXT], places, given, named)
    if len(shown) > MOST_TEXT:
        return Value(labels)
    files = file_labels(shown if complete else shown.replace(OPEN, ""))
    if complete:
        return Value(of_file(labels, files), shown)
    return Value(of_file(labels, files), ref=None if files else Written(shown))


def _put_in(text: str, places: re.Pattern[str], given: Sequence[Value], named: Mapping[str, Value]) -> tuple[str, bool]:
    """The text with what is known in its places, and whether that is all of it."""
    waiting = iter(given)
    complete = True

    def fill(found: re.Match[str]) -> str:
        nonlocal complete
        if found[0] == "%%":
            return "%"
        value = _asked(found[1] or "", given, named, lambda: next(waiting, None))
        plain = value is not None and value.known and isinstance(value.const, (str, int))
        if value is None or not plain or len(str(value.const)) > MOST_TEXT // 10:
            complete = False
            return OPEN
        return str(value.const)

    return places.sub(fill, text), complete


def _asked(
    name: str, given: Sequence[Value], named: Mapping[str, Value], following: Callable[[], Value | None]
) -> Value | None:
    if not name:
        return following()
    if name.isdecimal():
        return given[int(name)] if len(name) < 4 and int(name) < len(given) else None
    return named.get(name)


def path_and(begin: Value, end: str) -> Value | None:
    """A path whose beginning is not known, and the text behind it; None for any other text."""
    known = begin.ref.text if isinstance(begin.ref, Written) else OPEN if begin.ref is None and not begin.known else ""
    text = known + end
    if not known or not is_path(text) or len(text) > LONGEST_NAME:
        return None
    return Value(of_file(begin.labels, file_labels(text.replace(OPEN, ""))), ref=Written(text))
