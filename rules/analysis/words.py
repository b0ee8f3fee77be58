"""Identifiers cut into words: "eval_val_sliding" → eval, val, sliding; "BatchedTTTLoRA" → batched, ttt, lora."""

from __future__ import annotations

import re
from functools import lru_cache

_LONGEST = 80  # characters of an identifier that are looked at
_SPELLINGS = (("LoRA", "Lora"), ("HNet", "Hnet"), ("BiGram", "Bigram"), ("DeltaNet", "Deltanet"))
_WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+\d*|[A-Z]+\d*|\d+")


@lru_cache(maxsize=65_536)
def words_of(name: str) -> tuple[str, ...]:
    """The words of an identifier in lower case; digits stay with the word before them ("int6")."""
    name = name[:_LONGEST]
    for spelling, plain in _SPELLINGS:
        name = name.replace(spelling, plain)
    return tuple(word.lower() for word in _WORD.findall(name))
