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

from rules.analysis.flow.events import Event, Kind, Trace
from rules.analysis.flow.reach import reach_of, weight
from rules.analysis.flow.values import SPREAD
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
    reach = reach_of(SPREAD, trace, submission) if trace is not None else None
    if trace is None or reach is None:
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


def _first(trace: Trace) -> Event:
    """Where the first share is made a probability."""
    return trace.all(Kind.SPREAD)[0]
