"""Training takes longer than the track allows.

## Why it matters
All entries of a timed track train for the same time on the same machine; more time is a better score for free.

## Flagged
    stopping_early: wallclock_cap train_time:615042ms step:7204/20000

The same where a log shows that the loop stopped at the limit, and the program goes on to step on training tokens:

    print(f"stopping_early: wallclock_cap train_time:{ms}ms")
    for _ in range(400):
        loss(model, next(train_batches)).backward()
        optimizer.step()

## Allowed
The loop looks at its clock after a step, so that honest runs stop a little after the cap: the tolerance of the
competition covers one step. Logs of ablations, on which the claimed score does not rest, and tracks without a limit.
Steps after a loop that stopped early enough to leave time for them, and steps before the line that gives the time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from rules.analysis.admissions import TIME, denied
from rules.analysis.configuration import configuration_of
from rules.analysis.flow.active import open_switches
from rules.analysis.flow.aftermath import learnt_after
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
        yield from _further(submission, competition) or _admitted(submission)
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


def _further(submission: Submission, competition: Competition) -> list[Finding]:
    """Steps on training tokens after a loop that took all the time there is; [] for none."""
    limit = competition.limits.train_seconds
    for run in headlines_of(submission):
        spent = train_seconds(run.log)
        learn = None if spent is None or spent.value < limit else learnt_after(spent.quote, submission)
        if spent is None or learn is None:
            continue
        severity = _severity(run, submission, competition)
        switch = next(open_switches(learn, configuration_of(submission)), "")
        if switch:
            severity = min(severity, Severity.REVIEW, key=lambda one: one.rank)
        found = RULE.at(
            learn.location,
            f"Training stopped at {spent.value:,.1f} s, the limit being {limit:,.0f} s, and goes on afterwards with "
            f"steps on training tokens at line {learn.line}."
            + (f" Whether `{switch}` held in the claimed run is open." if switch else ""),
            fix="Take the time of those steps off the clock of the training loop, and run again.",
            severity=severity,
            evidence=(learn.evidence("training"), quoted(spent)),
        )
        return [found]
    return []


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
