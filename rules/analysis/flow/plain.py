"""What plain values become: texts of settings are stripped, split and compared before they switch anything."""

from __future__ import annotations

import ast
from typing import Any

from rules.analysis.flow.base import Asked
from rules.analysis.flow.files import file_labels, of_file
from rules.analysis.flow.formatting import by_format
from rules.analysis.flow.objects import Library
from rules.analysis.flow.values import NOTHING, UNKNOWN, Value, constant

MOST_PARTS = 64
MOST_TEXT = 1_000_000  # characters that a replacement may make
TEXT_METHODS = frozenset(
    {
        "strip",
        "lstrip",
        "rstrip",
        "lower",
        "upper",
        "casefold",
        "split",
        "startswith",
        "endswith",
        "replace",
        "removeprefix",
        "removesuffix",
        "isdigit",
        "format",
    }
)
_TYPES = frozenset({"bool", "int", "float", "str", "list", "tuple"})


def of_text(asked: Asked) -> Value | None:
    """What a method of a plain text gives, None where the text or an argument is not plain."""
    if asked.is_method and asked.last == "format" and isinstance(asked.argument(0).const, str):
        return by_format(asked.argument(0).const, asked.arguments[1:], asked.named)
    if not asked.is_method or asked.named or not all(one.known for one in asked.arguments):
        return None
    text, *given = [one.const for one in asked.arguments]
    if not isinstance(text, str) or not all(isinstance(one, (str, int, tuple, type(None))) for one in given):
        return None
    if sum(len(one) for one in given if isinstance(one, str)) * len(text) > MOST_TEXT:
        return NOTHING  # what it may grow to
    try:
        found = getattr(text, asked.last)(*given)
    except (TypeError, ValueError):
        return NOTHING
    labels = asked.arguments[0].labels
    if isinstance(found, list):
        return Value(labels, items=tuple(constant(part) for part in found)) if len(found) <= MOST_PARTS else NOTHING
    return Value(of_file(labels, file_labels(found)) if isinstance(found, str) else labels, found)


def type_of(value: Value) -> Value | None:
    """`type(value)` of a plain value: one of the types that Python has of its own."""
    name = type(value.const).__name__
    return Value(ref=Library(name)) if value.known and name in _TYPES else None


def same_type(one: Value, other: Value) -> Any:
    """Whether two types that Python has of its own are one, UNKNOWN where either is something else."""
    if isinstance(one.ref, Library) and isinstance(other.ref, Library) and {one.ref.name, other.ref.name} <= _TYPES:
        return one.ref.name == other.ref.name
    return UNKNOWN


def is_script(value: Value) -> bool:
    """Whether it is the plain name of a file of Python."""
    return isinstance(value.const, str) and value.const.endswith(".py")


def read_setting(text: str) -> Any:
    """A printed setting as a plain value."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return {"true": True, "false": False, "none": None}.get(text.strip().lower(), text)
