"""A token's probability is shared out over its bytes and mixed with a model of bytes.

## Why it matters
Which bytes come is known only once the token is. Equal shares of its log-probability are no distribution over bytes or
tokens that existed before, so that the mixture with counts of bytes is none either, and the score no compression.

## Flagged
    share = log_p / byte_length
    p = w * np.exp(share) + (1 - w) * byte_count / total
    bits -= np.log2(p).sum()

## Allowed
Models whose alphabet is bytes; a token model whose bytes are summed up over the whole vocabulary before mixing;
division of a finished sum by the bytes of the text.
"""

from __future__ import annotations

from collections.abc import Iterator

from rules.analysis.flow.claimed import claimed_print
from rules.analysis.flow.events import Event, Kind, Trace
from rules.analysis.flow.labels import BYTES, LENGTH, NLL, SPREAD, VAL
from rules.analysis.flow.reach import foreign_claim, reach_of, weight
from rules.analysis.flow.walk import trace_of
from rules.competition import Competition
from rules.rule import Finding, Rule, Severity
from rules.submission import Submission

RULE = Rule(
    code="A07",
    name="byte-ppm-unnormalized-mixture",
    category="ppm-unnormalized",
    severity=Severity.BLOCK,
    doc=__doc__,
)

_FIX = (
    "Mix distributions that exist before the token is known: sum the token model up over the vocabulary to the next "
    "byte, or score tokens without the model of bytes."
)


def check(submission: Submission, _: Competition) -> Iterator[Finding]:
    """Yield one finding where a share of a token's probability for each of its bytes reaches a score."""
    trace = trace_of(submission)
    if trace is None:
        return
    reach = reach_of(SPREAD, trace, submission)
    if reach is None:
        yield from _elsewhere(trace, submission)
        return
    spread = _first(trace)
    severity, open_question = weight(reach.claimed, submission, spread, reach.score)
    yield RULE.at(
        spread.location,
        f"The log-probability of the token that came is divided by its bytes and made a probability of each; what is "
        f"mixed of it goes into the score at line {reach.score.line}.{open_question}",
        fix=_FIX,
        severity=severity,
        evidence=(spread.evidence("share"), reach.score.evidence("score")),
    )


def _elsewhere(trace: Trace, submission: Submission) -> Iterator[Finding]:
    """Machine code is given lengths in bytes, and computes the claimed number by itself."""
    call, shown = foreign_claim(trace, submission), claimed_print(trace, submission)
    if call is None or shown is None or {VAL, NLL} <= shown.labels or not {LENGTH, BYTES} & call.labels:
        return
    yield RULE.at(
        call.location,
        f"`{call.name}` is machine code that is given what each token is in bytes, and the claimed score at line "
        f"{shown.line} is what it computes: whether it shares a token's probability out over its bytes is not followed "
        "here.",
        fix=_FIX,
        severity=Severity.REVIEW,
        evidence=(call.evidence("not followed here"), shown.evidence("claim")),
    )


def _first(trace: Trace) -> Event:
    """Where the first share is made a probability."""
    return trace.all(Kind.SPREAD)[0]
