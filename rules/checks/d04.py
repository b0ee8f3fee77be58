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

from rules.analysis.bytecount import ByteCount, byte_count, consistent, named_tokenizer, tokenizer_of, transform_named
from rules.analysis.headline import Headline, headlines_of, quoted
from rules.competition import Competition
from rules.rule import Evidence, Finding, Rule, Severity
from rules.submission import Quantity, Submission

RULE = Rule(
    code="D04", name="transformed-bytes-denominator", category="byte-accounting", severity=Severity.BLOCK, doc=__doc__
)

_FIX = "Divide by the UTF-8 bytes of the original text: read the byte sidecar of the validation shards."


def check(submission: Submission, competition: Competition) -> Iterator[Finding]:
    """Yield one finding for the first claimed run on transformed text that divides by other bytes."""
    for run in headlines_of(submission):
        found = _counted(run, competition) or _lossy(run, competition)
        if found is not None:
            yield found
            return


def _counted(run: Headline, competition: Competition) -> Finding | None:
    """A published transformation, with another number of bytes than the split's."""
    tokenizer = tokenizer_of(run.log, competition)
    if tokenizer is None or not tokenizer.transforms_text or not tokenizer.official:
        return None
    shown = run.log.last(Quantity.VAL_BYTES)
    split, tolerance = competition.fingerprints.val_bytes, competition.fingerprints.val_bytes_tolerance
    if shown is not None and shown.value > split * (1 + tolerance):
        return RULE.at(
            shown.location,
            f"The run counts {int(shown.value):,} bytes of validation text; the original split has {split:,}.",
            fix=_FIX,
            severity=run.severity(Severity.BLOCK),
            evidence=(quoted(shown),),
        )
    count = byte_count(run.score, run.log, competition)
    if count is None or count.agrees(competition) or count.excess(competition) < 0:
        return None
    if not consistent(run.log, competition) or not _is_whole(count):
        return None
    return RULE.at(
        run.score.location,
        f"Loss and score on this line divide by {count.per_token:.4f} bytes per token, over the {count.tokens:,} "
        f"{tokenizer.name} tokens of the split {count.total:,.0f} bytes; the original text has {split:,} "
        f"({count.excess(competition):+.1%}).",
        fix=_FIX,
        severity=run.severity(Severity.BLOCK),
        evidence=(
            Evidence(run.score.location, run.score.quote, "measured"),
            *((quoted(count.shown),) if count.shown is not None else ()),
        ),
    )


def _is_whole(count: ByteCount) -> bool:
    """Whether the number of tokens is that of the split, so that the product means something."""
    return count.tokenizer is not None and count.tokens >= 0.99 * count.tokenizer.val_tokens


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
