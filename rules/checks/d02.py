"""The tokenizer has no piece for a lone space.

## Why it matters
Such a tokenizer writes a space as the three bytes of its marker U+2581. Each counts as one byte, so that a space is
counted three times and the score divides by bytes that the text does not have.

## Flagged
A SentencePiece model whose pieces do not hold "\u2581" by itself.

## Allowed
Tokenizers with that piece, whatever else their vocabulary holds. Without a fallback to bytes, unknown text collapses
into one token that costs nothing: this is put before a person.
"""

from __future__ import annotations

from collections.abc import Iterator

from rules.competition import Competition
from rules.reading.sentencepiece import SPACE, read_model
from rules.rule import Evidence, Finding, Location, Rule, Severity
from rules.submission import FileEntry, Submission

RULE = Rule(
    code="D02", name="tokenizer-without-space-marker", category="byte-accounting", severity=Severity.BLOCK, doc=__doc__
)

MODELS_LIMIT = 20


def check(submission: Submission, competition: Competition) -> Iterator[Finding]:
    """Yield one finding for each shipped tokenizer that cannot write every text byte for byte."""
    entries = [f for f in submission.files if f.name.casefold().endswith(".model")]
    for entry in entries[:MODELS_LIMIT]:
        yield from _check_model(entry)


def _check_model(entry: FileEntry) -> Iterator[Finding]:
    model = read_model(entry)
    if not model.looks_like_one or model.damage:
        return
    place = Location(entry.path)
    if model.escape_whitespaces and not model.has(SPACE):
        fallback = "is written as three byte pieces and counted as 3 bytes" if model.byte_fallback else "is unknown"
        yield RULE.at(
            place,
            f"None of the {len(model.pieces):,} pieces is the lone space marker U+2581, so that a space between pieces "
            f"{fallback}.",
            fix="Train the tokenizer with the marker as a piece of its own, tokenize again, and run again.",
            evidence=(Evidence(place, f"{len(model.pieces)} pieces, none is U+2581", "read"),),
        )
    elif not model.byte_fallback:
        yield RULE.at(
            place,
            "The tokenizer has no fallback to bytes: text outside its vocabulary becomes one unknown token, which is "
            "counted as no bytes and predicted for next to nothing.",
            fix="Train the tokenizer with byte fallback, tokenize again, and run again.",
            severity=Severity.REVIEW,
            evidence=(Evidence(place, f"{len(model.pieces)} pieces, byte_fallback is false", "read"),),
        )
