"""The artifact is larger than the cap.

## Why it matters
The competition is about what fits into 16,000,000 bytes (decimal): the code as shipped plus the compressed model.
A model of a few kilobytes more is a different, easier problem.

## How it is counted
The shipped script as it lies in the folder plus the compressed model as the log states it or as the committed file
weighs, compared with the log's own total and with the claim. It blocks where the run's own total and the shipped
files agree that the cap is exceeded, or where the model alone exceeds it. Where the two disagree, the finding says
which numbers differ.

## Flagged
    Serialized model int6+brotli: 15974561 bytes
    Code size: 50232 bytes
    Total submission size int6+brotli: 16024793 bytes

## Allowed
A script that is packed into a launcher counts as packed. A log that counts the script in packed form while the
folder holds it unpacked is noted only, when packing it does bring the artifact below the cap: such entries were
merged. The uncompressed `Total submission size` of a plain export is no artifact.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from rules.analysis.admissions import SIZE, denied
from rules.analysis.headline import quoted
from rules.analysis.size import Size, committed_models, script_bytes, sizes_of
from rules.competition import Competition
from rules.rule import Evidence, Finding, Location, Rule, Severity
from rules.submission import Claim, Quantity, Submission

RULE = Rule(code="E05", name="artifact-over-16mb", category="over-cap", severity=Severity.BLOCK, doc=__doc__)

_RAW = re.compile(r"raw|full_precision|uncompressed|fp32|fp16|bf16", re.I)
_WHOLE = re.compile(r"artifact|total|submission|fits|under|meets", re.I)
MOST = 10**12  # bytes; a larger number is no size
CLOSE = 1_000  # bytes by which a claim may miss every log without being worth a word
UNPACKED = 1.5  # a total without a codec that is so many times the cap is likely that of raw weights
MINIFIED = 0.75  # what stripping names and comments leaves of a packed script, at best


def check(submission: Submission, competition: Competition) -> Iterator[Finding]:
    """Compare the runs' sizes, the committed model and the claim with the cap."""
    cap = competition.artifact.max_bytes
    sizes = sizes_of(submission)
    worst: Finding | None = None
    for size in sizes:
        found = _over(size, cap)
        if found is not None and (worst is None or found.severity.rank > worst.severity.rank):
            worst = found
    if worst is not None:
        yield worst
    elif not sizes:
        yield from _committed(submission, cap)
    yield from _claimed(submission, sizes, cap)
    if worst is None:
        yield from _admitted(submission, cap)


def _over(size: Size, cap: int) -> Finding | None:
    """The finding for one run, None where it fits by every count."""
    total = None if size.total is None else int(size.total.value)
    model = None if size.model is None else int(size.model.value)
    if model is not None and model > cap:
        return _finding(size, cap, Severity.BLOCK, f"the compressed model alone has {model:,} bytes")
    if size.total is not None and total is not None and total > cap:
        if model is None and not size.total.label and total > UNPACKED * cap:
            what = f"the log's only total is {total:,} bytes, perhaps of the model before compression"
            return _finding(size, cap, Severity.REVIEW, what)
        if size.computed is None or size.computed > cap:
            return _finding(size, cap, Severity.BLOCK, f"the run counts {total:,} bytes{_sum(size)}")
        text = (
            f"the run counts {total:,} bytes, but the shipped script ({size.script:,}) and the model ({model:,}) have"
        )
        return _finding(size, cap, Severity.REVIEW, f"{text} {size.computed:,}; another script ran than is shipped")
    if size.computed is None or size.computed <= cap:
        return None
    return _unpacked(size, cap)


def _unpacked(size: Size, cap: int) -> Finding:
    """The shipped script does not fit, while the log counts less code than is shipped or no total at all."""
    code = size.packed or 0
    packed = code + (int(size.model.value) if size.model is not None else 0)
    text = f"the shipped script ({size.script:,} bytes) and the model have {size.computed:,} bytes"
    if size.total is not None and size.counted_code is not None:
        text += f"; the run counts {size.counted_code:,} bytes of code and a total of {int(size.total.value):,}"
    if packed <= cap:
        severity = Severity.NOTE if size.total is not None else Severity.REVIEW
        return _finding(size, cap, severity, f"{text}. Packed into a launcher it would have {packed:,}, which fits")
    text += f". Packed into a launcher as it is it would have {packed:,}"
    if size.total is not None and (size.counted_code or 0) >= MINIFIED * code:
        return _finding(size, cap, Severity.NOTE, f"{text}; the run counts what packing a minified copy may give")
    least = packed - round((1 - MINIFIED) * code)
    return _finding(size, cap, Severity.REVIEW if least <= cap else Severity.BLOCK, text)


def _finding(size: Size, cap: int, severity: Severity, what: str) -> Finding:
    lowered = severity if size.certain or severity is Severity.NOTE else Severity.REVIEW
    shown = [m for m in (size.total, size.model) if m is not None]
    return RULE.at(
        shown[0].location if shown else Location(size.log.path),
        f"The cap is {cap:,} bytes (decimal), code and compressed model together; {what}.",
        fix="Ship the script in the form that is counted, shrink the model until both fit, and log that total.",
        severity=lowered,
        evidence=tuple(quoted(m) for m in shown),
    )


def _sum(size: Size) -> str:
    if size.computed is None or size.total is None or size.computed == int(size.total.value):
        return ""
    return f"; the shipped script ({size.script:,}) and the model have {size.computed:,}"


def _committed(submission: Submission, cap: int) -> Iterator[Finding]:
    """No log tells a size: weigh the committed model."""
    models, script = committed_models(submission), script_bytes(submission)
    if models and script is not None and (models[0].size or 0) + script > cap:
        model = models[0]
        yield RULE.at(
            Location(model.path),
            f"The cap is {cap:,} bytes; `{model.name}` ({model.size:,}) and the shipped script ({script:,}) have "
            f"{(model.size or 0) + script:,}, and no log counts the artifact.",
            fix="Commit a log that counts the artifact, and keep it below the cap.",
            severity=Severity.REVIEW,
        )


def _claimed(submission: Submission, sizes: tuple[Size, ...], cap: int) -> Iterator[Finding]:
    """Name a claim that no log supports."""
    claim = submission.metadata.first(Quantity.ARTIFACT_BYTES) if submission.metadata else None
    if claim is None or not 0 < claim.value < MOST or _RAW.search(claim.key):
        return
    totals = sorted({int(s.total.value) for s in sizes if s.total is not None})
    if claim.value > cap and not any(total > cap for total in totals):
        less = f", while the logs count at most {totals[-1]:,}" if totals else ""
        severity = Severity.NOTE if totals else Severity.REVIEW
        message = f"The cap is {cap:,} bytes; {claim.location.name} states {int(claim.value):,}{less}."
        yield _about(claim, message, severity)
    elif totals and not totals[0] - CLOSE <= claim.value <= totals[-1] + CLOSE:
        span = f"{totals[0]:,}" if len(totals) == 1 else f"{totals[0]:,} to {totals[-1]:,}"
        yield _about(
            claim,
            f"{claim.location.name} states {int(claim.value):,} bytes; the logs count {span}.",
            Severity.NOTE,
        )


def _admitted(submission: Submission, cap: int) -> Iterator[Finding]:
    """The submission says itself that it does not fit."""
    for admission in islice(denied(submission, SIZE, _WHOLE), 1):
        yield RULE.at(
            admission.evidence.location,
            f"{admission.evidence.location.name} itself states "
            f"that the cap of {cap:,} bytes is not kept: `{admission.key}` is false.",
            fix="Shrink code and model until both fit.",
            severity=Severity.REVIEW,
            evidence=(admission.evidence,),
        )


def _about(claim: Claim, message: str, severity: Severity) -> Finding:
    return RULE.at(
        claim.location,
        message,
        fix="State the total that the log of the submitted run counts, in decimal bytes.",
        severity=severity,
        evidence=(Evidence(claim.location, f"{claim.key}: {int(claim.value)}", "claim"),),
    )
