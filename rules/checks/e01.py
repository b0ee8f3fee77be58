"""Training takes longer than the track allows.

## Why it matters
All entries of a timed track train for the same time on the same machine; more time is a better score for free.

## Flagged
    stopping_early: wallclock_cap train_time:615042ms step:7204/20000

## Allowed
The loop looks at its clock after a step, so that honest runs stop a little after the cap: the tolerance of the
competition covers one step. Logs of ablations, on which the claimed score does not rest, and tracks without a limit.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from rules.analysis.admissions import TIME, denied
from rules.analysis.headline import Headline, declines_record, headlines_of, quoted, timed_track
from rules.analysis.summary import train_seconds
from rules.competition import Competition
from rules.rule import Finding, Rule, Severity
from rules.submission import Quantity, Submission

RULE = Rule(code="E01", name="train-over-600s", category="over-time", severity=Severity.BLOCK, doc=__doc__)

_TRAINING = re.compile(r"train|artifact_production", re.I)


def check(submission: Submission, competition: Competition) -> Iterator[Finding]:
    """Yield the run that trained longest beyond the limit."""
    if timed_track(submission, competition) is None:
        return
    limits = competition.limits
    over = [
        (spent, run)
        for run in headlines_of(submission)
        if (spent := train_seconds(run.log)) is not None
        and spent.value > limits.train_seconds + limits.train_tolerance_seconds
    ]
    if not over:
        yield from _admitted(submission)
        return
    spent, run = max(over, key=lambda found: found[0].value)
    several = f" So do {len(over) - 1} more of the claimed runs." if len(over) > 1 else ""
    yield RULE.at(
        spent.location,
        f"Training ran for {spent.value:,.1f} s; the limit is {limits.train_seconds:,.0f} s "
        f"({limits.train_tolerance_seconds:g} s of tolerance).{several}",
        fix="Stop training by the clock, with all work of the training phase inside the limit, and run again.",
        severity=_severity(run, submission, competition),
        evidence=(quoted(spent),),
    )


def _admitted(submission: Submission) -> Iterator[Finding]:
    """The submission says itself that training, or building the artifact, took too long."""
    for admission in islice(denied(submission, TIME, _TRAINING), 1):
        yield RULE.at(
            admission.evidence.location,
            f"{admission.evidence.location.name} itself states "
            f"that a training limit is not kept: `{admission.key}` is false.",
            fix="Bring training and the making of the artifact inside the limit, and run again.",
            severity=Severity.NOTE if declines_record(submission) else Severity.REVIEW,
            evidence=(admission.evidence,),
        )


def _severity(run: Headline, submission: Submission, competition: Competition) -> Severity:
    """A slower machine or an entry that claims no record is for a person to judge."""
    world = run.log.last(Quantity.WORLD_SIZE)
    slower = world is not None and world.value < competition.hardware.world_size
    return Severity.REVIEW if slower or declines_record(submission) else run.severity(Severity.BLOCK)
