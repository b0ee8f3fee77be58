"""What a competition allows by itself: which runs nobody has to ask for, how many, how long, for how much."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from rules.competition import Budget, Competition
from rules.verdict import Verdict
from worker.reproduction import beside, ladder
from worker.store import budget, runs
from worker.store.budget import Amount
from worker.store.models import Run, SubmissionRow
from worker.store.runs import Asker

BY_POLICY = Asker("policy", way="the competition's configuration")
GRACE_SECONDS = 180.0
"""What hashing the data before a run, and ending one that is over its time, may take."""

OPEN = "open"


def ask_automatically(session: Session, submission: SubmissionRow, competition: Competition) -> None:
    """Ask for the runs that a record candidate takes without anybody asking."""
    policy = competition.reproduction
    if policy.runs and policy.automatic != "none" and is_candidate(submission, competition):
        ladder.ask(session, submission, policy.automatic, BY_POLICY)


def is_candidate(submission: SubmissionRow, competition: Competition) -> bool:
    """Whether it claims a record, nothing certain stands against it, and it is open, no draft and not on hold.

    Pull requests of a quiet backfill do not count: a policy must not spend a year's budget on the day it is set up.
    """
    row = submission.pull_request
    if submission.verdict in (None, Verdict.LIKELY_INVALID) or row.state != OPEN:
        return False
    if row.draft or row.held or row.quiet or submission.superseded_at is not None:
        return False
    entry = submission.entry or {}
    track, score = competition.track(entry.get("track")), claims_of(submission).get("val_bpb")
    if track is None or not track.record or score is None:
        return False
    best = competition.incumbent(row.created_at.date()).score
    return bool(score < best if competition.metric.better == "lower" else score > best)


def claims_of(submission: SubmissionRow) -> Mapping[str, Any]:
    """What the submission's own logs and metadata state, by name."""
    found = (submission.entry or {}).get("measurements") or {}
    return {name: value for name, value in found.items() if isinstance(value, int | float)}


def seeds_of(submission: SubmissionRow, competition: Competition) -> int:
    """How many runs a full reproduction takes: as many as the track asks for, unless the policy says otherwise."""
    track = competition.track((submission.entry or {}).get("track"))
    return competition.reproduction.seeds or max(1, 0 if track is None else track.seeds)


def complete(session: Session, run: Run, submission: SubmissionRow, competition: Competition) -> None:
    """The other seeds of a full reproduction, and the record beside it, once its first run is about to start."""
    if run.rung == "full" and run.ordinal == 0:
        asker = Asker(run.requested_by, run.requested_by_id, run.way)
        for ordinal in range(1, seeds_of(submission, competition)):
            runs.ask(session, submission, run.rung, asker, ordinal=ordinal)
        if competition.reproduction.incumbent:
            beside.ask(session, submission, competition, asker)
        ladder.advance(session, submission.id)


def total_seconds(rung: str, submission: SubmissionRow, competition: Competition) -> float:
    """How long a run of that step may take as a whole."""
    policy, limits = competition.reproduction, competition.limits
    if rung == "smoke":
        return policy.smoke_seconds
    if rung == "probe":
        return policy.probe_seconds
    track = competition.track((submission.entry or {}).get("track"))
    if track is not None and not track.timed:
        return policy.untimed_seconds
    return limits.train_seconds + limits.eval_seconds + policy.setup_seconds


def most(seconds: float, gpus: int, cost_per_hour: float) -> Amount:
    """What a run can cost at most, when it uses all of its time."""
    return used(seconds + GRACE_SECONDS, gpus, cost_per_hour)


def used(seconds: float, gpus: int, cost_per_hour: float) -> Amount:
    """What so many seconds of a run come to; every part is rounded up."""
    return Amount(math.ceil(seconds) * max(1, gpus), math.ceil(seconds * cost_per_hour / 3.6))


def limits_of(policy: Budget) -> Mapping[str, Amount]:
    """What each account may be charged."""
    return {
        budget.DAY: Amount(int(policy.minutes_per_day * 60), int(policy.cost_per_day * 1000) or budget.NO_LIMIT),
        budget.AUTHOR: Amount(int(policy.minutes_per_author * 60), budget.NO_LIMIT),
        budget.SUBMISSION: Amount(int(policy.minutes_per_submission * 60), budget.NO_LIMIT),
    }
