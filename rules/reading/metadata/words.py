"""Keys and values of submission.json as words and numbers."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import lru_cache

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_SEED_IN_KEY = re.compile(r"(?:^|[^a-z])seeds?[\W_]{0,2}([0-9]{1,12})(?![0-9])", re.IGNORECASE)
_SHORT_SEED = re.compile(r"s?([0-9]{1,12})")
_NUMBER = re.compile(
    r"\s*[~\u2248<\u2264=$]{0,2}\s*"
    r"([-+]?(?:[0-9]{1,3}(?:[,_][0-9]{3})+|[0-9]{1,25})(?:\.[0-9]{1,25})?(?:[eE][-+]?[0-9]{1,3})?)"
    r"\s*([A-Za-z]{0,12})(.?)"
)
_ENDINGS = frozenset({"", " ", "(", ",", ";", "/", "\u00b1", "+"})
_COUNT_OF_DEVICES = re.compile(r"\s*([0-9]{1,4})\s*[xX*\u00d7]\s*[A-Za-z]")


@dataclass(frozen=True, slots=True)
class Number:
    """A number with the unit that stood behind it in a text, in lower case."""

    value: float
    unit: str = ""


@lru_cache(maxsize=4096)
def words_of(key: str) -> tuple[str, ...]:
    """A key's words in lower case: "val_bpb", "valBPB" and "val-bpb" are all (val, bpb)."""
    return tuple(word.lower() for word in _WORD.findall(key))


def seed_in(key: str) -> int | None:
    """The seed that a key names together with the word ("seed_42", "val_bpb_seed42")."""
    found = _SEED_IN_KEY.search(key)
    return None if found is None else int(found[1])


def bare_seed(value: object) -> int | None:
    """A seed that stands alone: 42, "42", "s42"."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value if 0 <= value < 10**12 else None
    found = _SHORT_SEED.fullmatch(value) if isinstance(value, str) else None
    return None if found is None else int(found[1])


def number_of(value: object) -> Number | None:
    """A finite number, given as such or as text ("1.2193", "~106s", "15,560,230 bytes", "1.06 (mean)")."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return _finite(value, "")
    found = _NUMBER.match(value) if isinstance(value, str) else None
    if found is None or found[3] not in _ENDINGS:
        return None
    return _finite(float(found[1].replace(",", "").replace("_", "")), found[2].lower())


def device_count(value: object) -> int | None:
    """How many accelerators a text such as "8xH100" names."""
    found = _COUNT_OF_DEVICES.match(value) if isinstance(value, str) else None
    return None if found is None else int(found[1])


def _finite(value: float, unit: str) -> Number | None:
    try:
        number = float(value)
    except OverflowError:
        return None
    return Number(number, unit) if math.isfinite(number) else None
