"""The score divides by the bytes of transformed text.

## Why it matters
Bits per byte are counted over the original text. A transformation that writes capitals as extra symbols makes the text
longer, and dividing by the longer text makes the score look better.

## Flagged
    val_tokens: 47851520     # CaseOps
    ttt_phased val_loss:2.3300 val_bpb:0.9772      # 3.440 bytes per token instead of 3.157

## Allowed
The same tokenization with the published sidecar of original byte counts. Text whose case is thrown away (casefold) is
put before a person: what is lost cannot be priced in bytes of the original.
"""

from __future__ import annotations

from collections.abc import Iterator

from rules.analysis.bytecount import (
    ByteCount,
    byte_count,
    consistent,
    is_whole_split,
    named_tokenizer,
    stated_bytes,
    stated_pairs,
    tokenizer_of,
    transform_named,
)
from rules.analysis.headline import Headline, headlines_of, quoted, settled
from rules.competition import Competition, Tokenizer
from rules.rule import Evidence, Finding, Rule, Severity
from rules.submission import Measurement, Submission, TrainLog

RULE = Rule(
    code="D04", name="transformed-bytes-denominator", category="byte-accounting", severity=Severity.BLOCK, doc=__doc__
)

PARTS_DIFFER = 0.05  # the first 10,000 documents have 1.8 % fewer bytes for each token than all 50,000

_FIX = "Divide by the UTF-8 bytes of the original text: read the byte sidecar of the validation shards."


def check(submission: Submission, competition: Competition) -> Iterator[Finding]:
    """Yield one finding: a wrong denominator, else too many bytes in any log, else an unpublished transformation."""
    runs = headlines_of(submission)
    wrong = [(run, count) for run in runs if (count := _too_many(run, competition)) is not None]
    if wrong:
        severity = Severity.BLOCK if settled([run for run, _ in wrong], runs) else Severity.REVIEW
        yield _ratio(*wrong[0], competition, severity)
        return
    for log in submission.logs:
        shown = _stated(log, competition)
        if shown is not None:
            same = next((run for run in runs if run.log is log and run.score.location == shown.location), None)
            yield _total(shown, competition, Severity.REVIEW if same is None else same.severity(Severity.BLOCK))
            return
        dense = _dense(log, competition)
        if dense is not None:
            yield dense
            return
    for run in runs[:1]:
        finding = _lossy(run, competition) or _longer(run, competition)
        if finding is not None:
            yield finding


def _too_many(run: Headline, competition: Competition) -> ByteCount | None:
    """The run's byte count where it scores the whole of a published transformation by more bytes than the split's."""
    tokenizer = _transforming(run.log, competition)
    count = byte_count(run.score, run.log, competition)
    if tokenizer is None or count is None or count.tokens < tokenizer.val_tokens * 0.99:
        return None
    if count.agrees(competition) or count.excess(competition) < 0 or not consistent(run.log, competition):
        return None
    return count


def _transforming(log: TrainLog, competition: Competition) -> Tokenizer | None:
    """The published transformation that a log used."""
    tokenizer = tokenizer_of(log, competition)
    return tokenizer if tokenizer is not None and tokenizer.transforms_text and tokenizer.official else None


def _ratio(run: Headline, count: ByteCount, competition: Competition, severity: Severity) -> Finding:
    shown = () if count.shown is None else (quoted(count.shown),)
    return RULE.at(
        run.score.location,
        f"Loss and score on this line divide by {count.per_token:.4f} bytes per token, over the {count.tokens:,} "
        f"tokens of the split {count.total:,.0f} bytes; the original text has {competition.fingerprints.val_bytes:,} "
        f"({count.excess(competition):+.1%}).",
        fix=_FIX,
        severity=severity,
        evidence=(Evidence(run.score.location, run.score.quote, "measured"), *shown),
    )


def _stated(log: TrainLog, competition: Competition) -> Measurement | None:
    """A number of scored bytes that a log of a published transformation prints and that is too large."""
    if _transforming(log, competition) is None:
        return None
    most = competition.fingerprints.val_bytes * (1 + competition.fingerprints.val_bytes_tolerance)
    return next((m for m in stated_bytes(log) if m.value > most), None)


def _total(shown: Measurement, competition: Competition, severity: Severity) -> Finding:
    split = competition.fingerprints.val_bytes
    return RULE.at(
        shown.location,
        f"The log counts {int(shown.value):,} bytes of validation text; the original split has {split:,} "
        f"({shown.value / split - 1:+.1%}).",
        fix=_FIX,
        severity=severity,
        evidence=(quoted(shown),),
    )


def _dense(log: TrainLog, competition: Competition) -> Finding | None:
    """A line that counts more bytes for its tokens, be they a part of the split, than the original text has."""
    tokenizer, split = _transforming(log, competition), competition.fingerprints.val_bytes
    if tokenizer is None:
        return None
    usual = split / tokenizer.val_tokens
    for score, tokens, counted in stated_pairs(log):
        excess = counted / (tokens * usual) - 1
        if excess > PARTS_DIFFER:
            return RULE.at(
                score.location,
                f"The line counts {counted:,} bytes for {tokens:,} tokens, {counted / tokens:.4f} for each; the "
                f"original text has {usual:.4f} ({excess:+.1%}), and one part of the split differs less from another.",
                fix=_FIX,
                severity=Severity.REVIEW,
                evidence=(Evidence(score.location, score.quote, "measured"),),
            )
    return None


def _lossy(run: Headline, competition: Competition) -> Finding | None:
    """A transformation that the organizers did not publish, by its name."""
    tokenizer, path = named_tokenizer(run.log, competition), transform_named(run.log)
    if path is None or (tokenizer is not None and tokenizer.transforms_text and tokenizer.official):
        return None
    return RULE.at(
        path.location,
        f"The data `{path.value[:120]}` holds transformed text in a form that the organizers did not publish: whether "
        "its bytes are those of the original has to be shown.",
        fix="Show that the transformation can be undone, and divide by the UTF-8 bytes of the original text.",
        severity=Severity.REVIEW,
        evidence=(Evidence(path.location, f"{path.name}: {path.value}"[:300], "data"),),
    )


def _longer(run: Headline, competition: Competition) -> Finding | None:
    """A tokenization of the participant's own whose tokens add up to more bytes than the text has."""
    count = byte_count(run.score, run.log, competition)
    if count is None or count.shown is None or not consistent(run.log, competition):
        return None
    if count.tokenizer is not None and is_whole_split(count.tokens, count.tokenizer, competition):
        return None  # of a published one, whose table is the matter of other rules
    if count.excess(competition) <= PARTS_DIFFER + count.uncertainty:
        return None
    return RULE.at(
        run.score.location,
        f"Loss and score on this line divide by {count.per_token:.4f} bytes per token, over the {count.tokens:,} "
        f"tokens of the run {count.total:,.0f} bytes; the original text has {competition.fingerprints.val_bytes:,} "
        f"({count.excess(competition):+.1%}). Text that was transformed before it was cut into tokens is longer; so is "
        "one whose spaces are counted twice, or another text.",
        fix=_FIX,
        severity=Severity.REVIEW,
        evidence=(Evidence(run.score.location, run.score.quote, "measured"), quoted(count.shown)),
    )
