"""Limits that a submission itself says it does not keep: `"train_under_600s": false` in submission.json.

Many submissions carry a block of such statements. What they affirm proves nothing; what they deny is worth repeating.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from rules.rule import Evidence, Location
from rules.submission import Metadata, Submission

TIME = re.compile(r"(?:under|within|below|fits|meets)_.*(?:600 ?s|10_?min|limit|budget)", re.I)
SIZE = re.compile(r"(?:under|within|below|fits|meets)_.*(?:16_?mb|16_?000_?000|size|cap)", re.I)
_DEPTH = 2  # deeper keys describe variants, not the submission


@dataclass(frozen=True, slots=True)
class Admission:
    """A key of submission.json whose value is false, and the line that holds it."""

    key: str
    evidence: Evidence


def denied(submission: Submission, limit: re.Pattern[str], subject: re.Pattern[str]) -> Iterator[Admission]:
    """Statements about `subject` that deny keeping `limit`, both looked for in the last part of the key."""
    metadata = submission.metadata
    if metadata is None:
        return
    for path in _false(metadata.data, (), _DEPTH):
        if limit.search(path[-1]) and subject.search(path[-1]):
            yield Admission(".".join(path), _place(metadata, path[-1]))


def _false(data: Mapping[str, object], above: tuple[str, ...], depth: int) -> Iterator[tuple[str, ...]]:
    for key, value in data.items():
        if value is False:
            yield (*above, key)
        elif isinstance(value, Mapping) and depth > 1:
            yield from _false(value, (*above, key), depth - 1)


def _place(metadata: Metadata, key: str) -> Evidence:
    found = metadata.text.find(f'"{key}"')
    line = metadata.text.count("\n", 0, found) + 1 if found >= 0 else None
    quote = metadata.text[found : metadata.text.find("\n", found)].strip()[:300] if found >= 0 else key
    return Evidence(Location(metadata.path, line), quote, "claim")
