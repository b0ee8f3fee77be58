"""Numbers with a unit, as logs print them."""

from __future__ import annotations

import math

# Two groups: a number and its unit of time, if one follows.
DURATION = r"(\d[\d,]{0,14}(?:\.\d{1,12})?)\s?(ms|seconds|secs?|s|minutes|min|m|hours|h)?(?!\w)"

_SECONDS = {
    "ms": 0.001,
    "s": 1.0,
    "sec": 1.0,
    "secs": 1.0,
    "seconds": 1.0,
    "m": 60.0,
    "min": 60.0,
    "minutes": 60.0,
    "h": 3600.0,
}
_BYTES = {
    **dict.fromkeys(("", "b", "byte", "bytes"), 1.0),
    "kb": 1e3,
    "mb": 1e6,
    "gb": 1e9,
    "kib": 2.0**10,
    "mib": 2.0**20,
    "gib": 2.0**30,
}


def number(text: str) -> float | None:
    """The finite value of a printed number, with or without thousands separators; None where it is none."""
    try:
        value = float(text.replace(",", "").replace("_", ""))
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def whole(text: str) -> int | None:
    """The value of a printed whole number of sane size."""
    value = number(text)
    return int(value) if value is not None and value == int(value) and abs(value) < 1e15 else None


def seconds(text: str, unit: str | None) -> float | None:
    """Seconds of a printed duration, without a unit taken as seconds. None for an unknown unit."""
    value, factor = number(text), _SECONDS.get(unit or "s")
    return None if value is None or factor is None else value * factor


def size(text: str, unit: str | None) -> float | None:
    """Bytes of a printed size; MB are decimal, MiB are not."""
    value, factor = number(text), _BYTES.get(unit or "")
    return None if value is None or factor is None else round(value * factor)
