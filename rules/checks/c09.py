"""The validation data is not the official split.

## Why it matters
Other documents, other text or another selection give another score: numbers on them say nothing about the record.

## Flagged
    val_tokens: 9662464           # the first 10,000 documents
    datasets_dir: /data/my_own_corpus

## Allowed
Another number of tokens through another tokenizer or sequence length, when the bytes that the score divides by are
those of the official split.
"""

from __future__ import annotations

from collections.abc import Iterator

from rules.analysis.bytecount import byte_count, consistent, coverage, named_tokenizer
from rules.analysis.headline import Headline, headlines_of, quoted
from rules.competition import Competition
from rules.rule import Evidence, Finding, Rule, Severity
from rules.submission import Submission

RULE = Rule(
    code="C09", name="non-canonical-val-partition", category="data-overlap", severity=Severity.BLOCK, doc=__doc__
)

PART = 0.9  # of the split; what covers more is no selection
SAMPLE = 1_000_000  # tokens; fewer have a mean of their own
ROUND = 32_768  # tokens; limits that people set are multiples of it

_FIX = "Validate on the published shards, all of them, as they are."


def check(submission: Submission, competition: Competition) -> Iterator[Finding]:
    """Yield one finding for the first claimed run on other validation data."""
    for run in headlines_of(submission):
        found = _other_documents(run, competition) or _more_tokens(run, competition)
        if found is not None:
            yield found
            return


def _other_documents(run: Headline, competition: Competition) -> Finding | None:
    """A part of the split whose text has another mean length of tokens: a selection of documents.

    A round number of tokens is a limit on the official stream instead, and a small sample proves nothing.
    """
    part, count = coverage(run.log, run.score, competition), byte_count(run.score, run.log, competition)
    tokenizer = named_tokenizer(run.log, competition)
    if part is None or count is None or tokenizer is None or part.share >= PART:
        return None
    if count.tokens < SAMPLE or count.tokens % ROUND == 0:
        return None
    official = competition.fingerprints.val_bytes / tokenizer.val_tokens
    off = count.per_token / official - 1
    if not consistent(run.log, competition) or abs(off) <= 2 * competition.fingerprints.val_bytes_tolerance:
        return None
    return RULE.at(
        part.shown.location,
        f"The run validates on {int(part.shown.value):,} tokens with {count.per_token:.3f} bytes each; the official "
        f"split has {tokenizer.val_tokens:,} {tokenizer.name} tokens with {official:.3f}. This is another "
        "selection of text.",
        fix=_FIX,
        severity=Severity.REVIEW,
        evidence=(quoted(part.shown), Evidence(run.score.location, run.score.quote, "measured")),
    )


def _more_tokens(run: Headline, competition: Competition) -> Finding | None:
    """More tokens than the split has in the tokenization that the data paths name."""
    count, tokenizer = byte_count(run.score, run.log, competition), named_tokenizer(run.log, competition)
    if count is None or count.shown is None or tokenizer is None or not tokenizer.official:
        return None
    if count.tokens <= tokenizer.val_tokens * (1 + competition.fingerprints.val_bytes_tolerance):
        return None
    if count.tokenizer is not tokenizer or count.agrees(competition):
        return None
    return RULE.at(
        count.shown.location,
        f"The run validates on {count.tokens:,} tokens; the official split has {tokenizer.val_tokens:,} in the "
        f"tokenization {tokenizer.name}.",
        fix=_FIX,
        severity=Severity.REVIEW,
        evidence=(quoted(count.shown), Evidence(run.score.location, run.score.quote, "measured")),
    )
