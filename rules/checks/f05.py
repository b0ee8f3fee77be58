"""A claimed score stands on no line of the logs.

## Why it matters
The logs are the only evidence of a run. A score that they do not show, better than all that they show, cannot be
entered anywhere.

## Flagged
    "val_bpb": 1.0435

where the nearest line of any log says 1.0574, and no mean over the runs is nearer.

## Allowed
Rounding; a mean over seeds whose logs show the values; a claim that is more cautious than the logs (a note).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import fmean

from rules.analysis.claims import (
    Shown,
    headline_claim,
    is_plausible,
    lines_of,
    nearest,
    shown,
    stated,
    title_score,
    tolerance,
)
from rules.analysis.seeds import runs_of
from rules.competition import Competition
from rules.rule import Finding, Rule, Severity
from rules.submission import Claim, Quantity, Submission

RULE = Rule(
    code="F05", name="claim-not-supported-by-logs", category="score-mismatch", severity=Severity.REVIEW, doc=__doc__
)

_FIX = "Correct the figure to what the logs show, or add the log that shows it."


def check(submission: Submission, competition: Competition) -> Iterator[Finding]:
    """Yield a finding for the headline, for each seed's claim and for the title where no log line shows it."""
    candidates = shown(submission)
    if not candidates:
        return
    by_seed = list(_by_seed(submission, competition))
    yield from by_seed
    claim = headline_claim(submission)
    if claim is not None and not _is_mean_of_unseen(submission, claim, competition):
        yield from _judge(submission, claim, candidates, competition)
    yield from _title(submission, candidates, competition)


def _judge(
    submission: Submission, claim: Claim, candidates: Sequence[Shown], competition: Competition
) -> Iterator[Finding]:
    near = nearest(claim.value, candidates)
    if near is None or abs(claim.value - near.value) <= tolerance(claim.value, competition):
        return
    lower = claim.value < near.value
    whose = f" for seed {claim.seed}" if claim.seed is not None else ""
    yield RULE.at(
        claim.location,
        f"`{submission.inside(claim.location.path)}` claims {claim.value}{whose}; the nearest that the logs show is "
        f"{near.value:.5f} ({near.where}), {abs(claim.value - near.value):.5f} {'above' if lower else 'below'} it.",
        fix=_FIX,
        severity=Severity.REVIEW if lower else Severity.NOTE,
        evidence=(stated(submission, claim), *(line.evidence for line in near.lines[:3])),
    )


def _by_seed(submission: Submission, competition: Competition) -> Iterator[Finding]:
    """Claims for a seed against the logs of that seed alone."""
    runs = {run.seed: run for run in runs_of(submission) if run.seed is not None}
    claims = submission.metadata.claims if submission.metadata else ()
    for claim in claims:
        if claim.quantity is Quantity.VAL_BPB and claim.seed in runs and is_plausible(claim.value):
            own = [Shown(line.value, (line,)) for line in lines_of(runs[claim.seed])]
            yield from _judge(submission, claim, own, competition)


def _is_mean_of_unseen(submission: Submission, claim: Claim, competition: Competition) -> bool:
    """Whether the claim is the mean over stated seeds of which some have no log: too few logs, not a wrong figure."""
    if submission.metadata is None:
        return False
    stated_by_seed = submission.metadata.by_seed(Quantity.VAL_BPB)
    seen = {run.seed for run in runs_of(submission)}
    unseen = [seed for seed in stated_by_seed if seed not in seen]
    mean = fmean(c.value for c in stated_by_seed.values()) if stated_by_seed else 0.0
    return bool(unseen) and abs(mean - claim.value) <= tolerance(claim.value, competition)


def _title(submission: Submission, candidates: Sequence[Shown], competition: Competition) -> Iterator[Finding]:
    """A title that promises a lower score than anything else in the submission shows."""
    value = title_score(submission.pull_request.title)
    near = nearest(value, candidates) if value is not None else None
    if value is None or near is None or near.value - value <= tolerance(value, competition):
        return
    claims = [c.value for part in (submission.metadata, submission.readme) if part for c in part.claims]
    if any(abs(other - value) <= tolerance(value, competition) for other in claims):
        return  # the same figure was judged where it stands in the folder
    yield RULE.at(
        None,
        f"The title promises {value}; the nearest that the logs show is {near.value:.5f} ({near.where}).",
        fix="Correct the title.",
        severity=Severity.INCOMPLETE,
        evidence=tuple(line.evidence for line in near.lines[:3]),
    )
