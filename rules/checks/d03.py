"""A tokenizer's stored byte table gives tokens more bytes than they have.

## Why it matters
Bits per byte divide by bytes that are read from a table which the participant made. A byte of a longer character
that is decoded by itself becomes a replacement character of three bytes: a table built that way makes the score
look better than it is.

## Flagged
A table in a `.npz`, `.json`, `.csv` or `.tsv` file with more bytes for a token than the vocabulary beside it shows; a
run with a tokenizer of its own whose score divides by more bytes than the validation split has.

## Allowed
Tables that count at most what each token spells; own tokenizers whose total is that of the split.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from rules.analysis.bytecount import ByteCount, byte_count, consistent, transform_named
from rules.analysis.headline import Headline, headlines_of, quoted, settled
from rules.competition import Competition
from rules.reading.arrays import Array, read_arrays
from rules.reading.columns import ENDINGS, read_columns
from rules.reading.sentencepiece import SPACE, read_model
from rules.reading.tokenmonster import read_vocabulary
from rules.rule import Evidence, Finding, Location, Rule, Severity
from rules.submission import FileEntry, Submission

RULE = Rule(
    code="D03", name="wrong-byte-table-metadata", category="byte-accounting", severity=Severity.BLOCK, doc=__doc__
)

TABLE = "base_bytes"
LEADING = "has_leading_space"
CERTAIN = 0.01  # more bytes than this share above the split's are no matter of how a document ends
FILES_LIMIT = 20
FEWEST_PIECES = 64  # of a vocabulary that stands in a table; shorter columns of texts are something else
MOST_BYTES = 1_000  # of one token
_BYTES = re.compile(r"byte|utf-?8", re.I)  # in the name of a column, or of a file that is one
_LONE = re.compile(r"<0x[0-9A-Fa-f]{2}>")

_FIX = "Count what each token spells in UTF-8 (a lone byte is one), and score again with that table."


def check(submission: Submission, competition: Competition) -> Iterator[Finding]:
    """Compare each stored table with the vocabulary beside it, and each run's bytes with the split's."""
    for entry in _ending(submission, ".npz"):
        yield from _check_arrays(entry, submission)
    for entry in _ending(submission, *ENDINGS):
        yield from _check_columns(entry, submission)
    yield from _check_runs(submission, competition)


def _ending(submission: Submission, *endings: str) -> list[FileEntry]:
    return [f for f in submission.files if f.name.casefold().endswith(endings)][:FILES_LIMIT]


def _check_arrays(entry: FileEntry, submission: Submission) -> Iterator[Finding]:
    file = read_arrays(entry)
    names = {info.name for info in file.arrays}
    table = file.load(TABLE) if TABLE in names else None
    if table is None or table.ndim != 1 or table.dtype.kind not in "iu":
        return
    leading = file.load(LEADING) if LEADING in names else None
    sizes = _stored(table, leading)
    known = _vocabulary(submission, len(sizes))
    if known is None:
        yield RULE.at(
            Location(entry.path),
            f"The byte table for {len(table):,} tokens cannot be compared: no vocabulary of that size that can be "
            "read lies beside it.",
            fix="Add the tokenizer's vocabulary to the folder.",
            severity=Severity.NOTE,
        )
        return
    yield from _compared(entry, TABLE, sizes, known)


def _check_columns(entry: FileEntry, submission: Submission) -> Iterator[Finding]:
    """Byte tables of a JSON, CSV or TSV file, where a vocabulary of their length is at hand."""
    for name, sizes in read_columns(entry).numbers.items():
        if _BYTES.search(name or entry.name) is None:
            continue
        known = _vocabulary(submission, len(sizes))
        if known is not None and max(sizes) <= MOST_BYTES:
            yield from _compared(entry, name or "byte table", sizes, known)


def _compared(entry: FileEntry, name: str, sizes: Sequence[int], known: Mapping[int, int]) -> Iterator[Finding]:
    """What a table says of tokens beside what they spell at most."""
    wrong = [token for token, size in known.items() if sizes[token] > size]
    if not wrong:
        return
    first, place = min(wrong), Location(entry.path)
    yield RULE.at(
        place,
        f"The byte table gives {len(wrong)} of {len(sizes):,} tokens more bytes than they spell (ids "
        f"{_ranges(sorted(wrong))}): token {first} has {known[first]} and counts as {sizes[first]}.",
        fix=_FIX,
        evidence=(Evidence(place, f"{name}[{first}] = {sizes[first]}; the token has {known[first]}", "read"),),
    )


def _vocabulary(submission: Submission, size: int) -> Mapping[int, int] | None:
    """Bytes that each token spells at most, of the first vocabulary with so many tokens; None where none is there."""
    return next((known for known in _vocabularies(submission) if len(known) == size), None)


def _vocabularies(submission: Submission) -> Iterator[Mapping[int, int]]:
    """The same for every vocabulary in the folder that can be read."""
    for entry in _ending(submission, ".vocab"):
        yield {number: len(token) for number, token in read_vocabulary(entry).items()}
    for entry in _ending(submission, ".model"):
        yield {number: piece.utf8_bytes for number, piece in enumerate(read_model(entry).pieces)}
    for entry in _ending(submission, *ENDINGS):
        for pieces in read_columns(entry).texts.values():
            if len(pieces) >= FEWEST_PIECES and len(set(pieces)) == len(pieces):
                yield {number: _spelt(piece) for number, piece in enumerate(pieces)}


def _spelt(piece: str) -> int:
    """Bytes that a piece of a written vocabulary stands for at most: `<0xE2>` is one, U+2581 is a space."""
    return 1 if _LONE.fullmatch(piece) else len(piece.replace(SPACE, " ").encode("utf-8", "replace"))


def _stored(table: Array, leading: Array | None) -> list[int]:
    """Bytes that a table can give each token: its own, and one for a leading space."""
    spaces = leading if leading is not None and leading.shape == table.shape else None
    return [int(size) + (spaces is not None and bool(spaces[token])) for token, size in enumerate(table)]


def _ranges(numbers: list[int]) -> str:
    """`75 to 101, 340` for a sorted list, cut after a few."""
    parts: list[list[int]] = []
    for number in numbers:
        if parts and number == parts[-1][1] + 1:
            parts[-1][1] = number
        else:
            parts.append([number, number])
    shown = [str(a) if a == b else f"{a} to {b}" for a, b in parts[:5]]
    return ", ".join(shown) + (" …" if len(parts) > 5 else "")


def _check_runs(submission: Submission, competition: Competition) -> Iterator[Finding]:
    """A tokenizer of the participant's own whose tokens add up to more bytes than there are."""
    runs = headlines_of(submission)
    wrong = [(run, count) for run in runs if (count := _too_many(run, competition)) is not None]
    if not wrong:
        return
    run, count = wrong[0]
    yield RULE.at(
        run.score.location,
        f"Loss and score on this line divide by {count.per_token:.4f} bytes per token, over {count.tokens:,} tokens "
        f"{count.total / 1e6:,.1f} million bytes; the validation split has "
        f"{competition.fingerprints.val_bytes / 1e6:,.1f} million. The tokenizer's byte table counts "
        f"{count.excess(competition):.1%} too many.",
        fix=_FIX,
        severity=Severity.BLOCK if settled([run for run, _ in wrong], runs) else Severity.REVIEW,
        evidence=(
            Evidence(run.score.location, run.score.quote, "measured"),
            *((quoted(count.shown),) if count.shown is not None else ()),
        ),
    )


def _too_many(run: Headline, competition: Competition) -> ByteCount | None:
    """The run's byte count where its tokenizer is none that is known and its bytes are more than there are."""
    count = byte_count(run.score, run.log, competition)
    if count is None or count.shown is None or count.tokenizer is not None or transform_named(run.log):
        return None
    if count.excess(competition) <= CERTAIN + count.uncertainty or not consistent(run.log, competition):
        return None
    return count
