"""Which statements the findings of a submission rest on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from rules.precedents.code import Code
from rules.precedents.values import Guilt, Passage
from rules.rule import Location, Severity

FEW_TOKENS = 16
CONTEXT_TOKENS, CONTEXT_STATEMENTS = 100, 6
MOST_PASSAGES = 24  # of one finding
MOST_QUOTE = 300


def guilt_of(findings: Iterable[Mapping[str, Any]], code: Code) -> tuple[Guilt, ...]:
    """The findings, as in the JSON contract, that quote code, each with its statements in the order of the quotes."""
    found = []
    for finding in findings:
        passages = tuple(_passages(finding, code))[:MOST_PASSAGES]
        if passages:
            severity = Severity(finding["severity"])
            found.append(Guilt(finding["code"], finding["name"], finding["category"], severity, passages))
    return tuple(found)


def _passages(finding: Mapping[str, Any], code: Code) -> Iterator[Passage]:
    seen: set[tuple[int, tuple[int, ...]]] = set()
    for place in (*finding["evidence"], finding):
        if place["path"] is None:
            continue
        location = Location(place["path"], place["line"], place["unpacked_line"])
        for file in code.files:
            position = file.at(location)
            if position is None:
                continue
            digest = file.digests[position]
            before, after = file.around(position, CONTEXT_TOKENS, CONTEXT_STATEMENTS)
            if (digest, before) not in seen:
                seen.add((digest, before))
                quote = place.get("quote", "")[:MOST_QUOTE]
                yield Passage(digest, before, after, file.tokens[position] < FEW_TOKENS, quote, place.get("role", ""))
