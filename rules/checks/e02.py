"""The evaluation that gives the headline takes longer than the track allows.

## Why it matters
Evaluation has a budget of its own. Adapting or searching for longer at evaluation time buys score with compute that
others did not have.

## Flagged
    legal_ttt_exact val_loss:1.8812 val_bpb:1.1141 eval_time:616204ms

## Allowed
Several evaluations in one log (plain, sliding window, test-time training): only the one that yields the claimed
number counts, not their sum. Tracks without a limit.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from rules.analysis.admissions import TIME, denied
from rules.analysis.headline import Headline, declines_record, headlines_of, quoted, timed_track
from rules.competition import Competition
from rules.reading.logs.summary import eval_seconds
from rules.rule import Evidence, Finding, Rule, Severity
from rules.submission import Claim, Quantity, Submission

RULE = Rule(code="E02", name="eval-over-600s", category="over-time", severity=Severity.BLOCK, doc=__doc__)

_EVALUATION = re.compile(r"eval|ttt", re.I)

_FIX = "Shorten the evaluation until all of it fits into the limit on the reference machine, and run again."


def check(submission: Submission, competition: Competition) -> Iterator[Finding]:
    """Yield the claimed run with the longest evaluation beyond the limit, else what the author states."""
    if timed_track(submission, competition) is None:
        return
    limit = competition.limits.eval_seconds + competition.limits.eval_tolerance_seconds
    measured = [
        (spent, run) for run in headlines_of(submission) if (spent := eval_seconds(run.log, run.score)) is not None
    ]
    over = [found for found in measured if found[0].value > limit]
    if over:
        spent, run = max(over, key=lambda found: found[0].value)
        several = f" So do {len(over) - 1} more of the claimed runs." if len(over) > 1 else ""
        yield RULE.at(
            spent.location,
            f"The evaluation behind the claimed score ran for {spent.value:,.1f} s; the limit is "
            f"{competition.limits.eval_seconds:,.0f} s.{several}",
            fix=_FIX,
            severity=_severity(run, submission, competition),
            evidence=(quoted(spent),),
        )
    else:
        yield from _stated(submission, competition, limit)


def _severity(run: Headline, submission: Submission, competition: Competition) -> Severity:
    """A slower machine or an entry that claims no record is for a person to judge."""
    world = run.log.last(Quantity.WORLD_SIZE)
    slower = world is not None and world.value < competition.hardware.world_size
    return Severity.REVIEW if slower or declines_record(submission) else run.severity(Severity.BLOCK)


def _stated(submission: Submission, competition: Competition, limit: float) -> Iterator[Finding]:
    """The author's own words, where no log shows more."""
    sources = (submission.metadata, submission.readme)
    claims = [c for source in sources if source for c in source.claims if c.quantity is Quantity.EVAL_SECONDS]
    over = [claim for claim in claims if claim.value > limit]
    if over:
        worst: Claim = max(over, key=lambda claim: claim.value)
        yield RULE.at(
            worst.location,
            f"The submission states an evaluation of {worst.value:,.1f} s; the limit is "
            f"{competition.limits.eval_seconds:,.0f} s.",
            fix=_FIX,
            severity=Severity.NOTE if declines_record(submission) else Severity.REVIEW,
            evidence=(Evidence(worst.location, worst.key, "claim"),),
        )
        return
    for admission in islice(denied(submission, TIME, _EVALUATION), 1):
        yield RULE.at(
            admission.evidence.location,
            f"{admission.evidence.location.name} itself states "
            f"that the limit on evaluation is not kept: `{admission.key}` is false.",
            fix=_FIX,
            severity=Severity.NOTE if declines_record(submission) else Severity.REVIEW,
            evidence=(admission.evidence,),
        )
