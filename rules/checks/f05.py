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
    FIGURES,
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
    """Yield at most one finding each for the seeds, the headline and the title that no log line shows."""
    candidates = shown(submission)
    if not candidates:
        return
    yield from _judge(submission, _by_seed(submission, competition), competition)
    claim = headline_claim(submission)
    if claim is not None and not _is_mean_of_unseen(submission, claim, competition):
        near = _unshown(claim, candidates, competition)
        yield from _judge(submission, [(claim, near)] if near else [], competition)
    yield from _title(submission, candidates, competition)


def _unshown(claim: Claim, candidates: Sequence[Shown], competition: Competition) -> Shown | None:
    """What the logs show nearest to a claim that they do not show; None for one that they do."""
    near = nearest(claim.value, candidates)
    return near if near and abs(claim.value - near.value) > tolerance(claim.value, competition) else None


def _judge(
    submission: Submission, unshown: Sequence[tuple[Claim, Shown]], competition: Competition
) -> Iterator[Finding]:
    """One finding for claims of one kind: the one furthest below the logs is told, the others are counted."""
    if not unshown:
        return
    claim, near = max(unshown, key=lambda pair: pair[1].value - pair[0].value)
    track, lower = competition.track(submission.scope.track), claim.value < near.value
    is_headline_of_record = track is not None and track.record and claim.seed is None
    severity = Severity.REVIEW if is_headline_of_record else Severity.INCOMPLETE
    whose = f" for seed {claim.seed}" if claim.seed is not None else ""
    side = "above" if lower else "below"
    others = f" {len(unshown) - 1} more of its figures are not shown either." if len(unshown) > 1 else ""
    yield RULE.at(
        claim.location,
        f"`{submission.inside(claim.location.path)}` claims {claim.value}{whose}; the nearest that the logs show is "
        f"{near.value:.5f} ({near.where}), {abs(claim.value - near.value):.5f} {side} it.{others}",
        fix=_FIX,
        severity=severity if lower else Severity.NOTE,
        evidence=(stated(submission, claim), *(line.evidence for line in near.lines[:3])),
    )


def _by_seed(submission: Submission, competition: Competition) -> list[tuple[Claim, Shown]]:
    """Claims for a seed that the logs of that seed do not show, with what they show instead."""
    runs = {run.seed: run for run in runs_of(submission) if run.seed is not None}
    claims = submission.metadata.claims if submission.metadata else ()
    wanted = [c for c in claims if c.quantity is Quantity.VAL_BPB and c.seed in runs and is_plausible(c.value)]
    found = []
    for claim in wanted[:FIGURES]:
        own = [Shown(line.value, (line,)) for line in lines_of(runs[claim.seed or 0])]
        near = _unshown(claim, own, competition)
        found += [(claim, near)] if near else []
    return found


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
