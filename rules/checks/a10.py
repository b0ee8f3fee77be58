"""The claimed number does not come from the artifact that was counted.

## Why it matters
What is scored has to be what fits into the limit. A score of the model in memory, or that score with a guess of what
quantisation costs added to it, says nothing of the file that is submitted.

## Flagged
    roundtrip_bpb = raw_bpb + 3e-5
    print(f"final_roundtrip val_bpb:{roundtrip_bpb}")

## Allowed
Weights that were dequantised from the very bytes that were written; further scores of the model in memory beside the
claimed one; small constants inside logarithms and divisions.
"""

from __future__ import annotations

from collections.abc import Iterator

from rules.analysis.flow.claimed import claimed_print
from rules.analysis.flow.values import NLL, SHIFTED, VAL
from rules.analysis.flow.walk import trace_of
from rules.competition import Competition
from rules.rule import Finding, Rule, Severity
from rules.submission import Submission

RULE = Rule(
    code="A10",
    name="headline-not-from-roundtripped-artifact",
    category="byte-accounting",
    severity=Severity.BLOCK,
    doc=__doc__,
)

_FIX = "Decompress and load the artifact that was written, score that model, and claim what is printed for it."


def check(submission: Submission, _: Competition) -> Iterator[Finding]:
    """Yield one finding where the claimed number is printed from a loss with a constant added."""
    trace = trace_of(submission)
    shown = claimed_print(trace, submission) if trace is not None else None
    if shown is not None and {VAL, NLL, SHIFTED} <= shown.labels:
        yield RULE.at(
            shown.location,
            "The claimed score is printed from another score with a constant added: no model that was loaded from the "
            "artifact is behind it.",
            fix=_FIX,
            evidence=(shown.evidence("claim"),),
        )
