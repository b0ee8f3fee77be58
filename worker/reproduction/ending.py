"""How a run ends: with evidence, by a fault of ours, or because nobody needs it any more.

Each is one transaction of the caller's, in which the run's job is held. Rows are locked in one order (job, run, budget,
other jobs), so that two that end at once wait for each other and never in a circle.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from evaluator.evidence import Evidence, evidence_of
from rules.competition import Competition
from rules.report.contract import finding_entry
from rules.rule import Source
from worker.reproduction import ladder, policy
from worker.reproduction.comparing import compared
from worker.reproduction.findings import findings_of, passed
from worker.reproduction.inputs import seconds_since
from worker.reproduction.records import canonical, parsed
from worker.store import audit, budget, jobs, runs, submissions
from worker.store.budget import Accounts, Amount
from worker.store.models import Run, RunStatus, Stage, SubmissionRow
from worker.store.runs import INCUMBENT
from worker.store.types import now_plus

REASON = 2_000  # characters


def finish(session: Session, run: Run, submission: SubmissionRow, competition: Competition, evidence: Evidence) -> None:
    """Keep the evidence and what follows from it."""
    record = evidence.as_json()
    runs.keep_evidence(session, record["digest"], canonical(record))
    spent = policy.used(evidence.seconds, *_price(run))
    _end(
        session,
        run,
        submission,
        RunStatus.FINISHED,
        evidence.reason,
        spent,
        verdict=evidence.verdict.value,
        passed=passed(run.rung, evidence),
        evidence_digest=record["digest"],
        occupies=None,
    )
    _find(session, submission, competition)
    ladder.advance(session, submission.id)
    jobs.request(session, Stage.DECIDE, str(submission.id))


def lose(
    session: Session, run: Run, submission: SubmissionRow, reason: str, *, evidence: Evidence | None = None
) -> bool:
    """A fault of ours: another attempt follows where one is left; True then.

    The machine stays taken until it is known there that nothing of the run is left; see `conduct`.
    """
    more: dict[str, Any] = {}
    if evidence is not None:
        record = evidence.as_json()
        runs.keep_evidence(session, record["digest"], canonical(record))
        more = {"evidence_digest": record["digest"], "verdict": evidence.verdict.value}
    _end(session, run, submission, RunStatus.LOST, reason, _elapsed(session, run), **more)
    again = runs.try_again(session, run)
    if not again:
        audit.note(session, "fairway", "could not run", f"{run.rung} {run.id}", reason=reason[:REASON])
    ladder.advance(session, submission.id)
    jobs.request(session, Stage.DECIDE, str(submission.id))
    return again


def cancel(session: Session, run: Run, submission: SubmissionRow, reason: str) -> None:
    """Nobody needs it any more; what it used until now is booked."""
    _end(session, run, submission, RunStatus.CANCELLED, reason, _elapsed(session, run), occupies=None)
    ladder.advance(session, submission.id)


def skip(session: Session, run: Run, submission: SubmissionRow, reason: str) -> None:
    """It cannot be run at all."""
    _end(session, run, submission, RunStatus.SKIPPED, reason, Amount(0), occupies=None)
    ladder.advance(session, submission.id)
    jobs.request(session, Stage.DECIDE, str(submission.id))


def accounts_of(run: Run, submission: SubmissionRow, day: datetime | None = None) -> Accounts:
    """Who is charged: on the day of the reservation where there is one."""
    row = submission.pull_request
    when = datetime.fromisoformat(run.budget_day).date() if run.budget_day else None
    if when is None:
        assert day is not None  # whoever reserves says on which day
        when = day.date()
    return Accounts(row.repository_id, row.author_id, submission.id, when)


def _end(
    session: Session, run: Run, submission: SubmissionRow, status: RunStatus, reason: str, spent: Amount, **more: Any
) -> None:
    reserved = budget.reserved_by(run)
    values = {"seconds": spent.seconds, "mills": spent.mills} if reserved.seconds else {"seconds": 0, "mills": 0}
    runs.change(
        session,
        run.id,
        status=status,
        reason=reason[:REASON],
        ended_at=now_plus(),
        waits_for=None,
        reserved_seconds=0,
        reserved_mills=0,
        **values,
        **more,
    )
    if reserved.seconds:
        budget.settle(session, accounts_of(run, submission), reserved, spent)


def _find(session: Session, submission: SubmissionRow, competition: Competition) -> None:
    """The findings of all runs of the submission in the place of those that were known of them."""
    made = runs.of_submission(session, submission.id)
    records = [
        evidence_of(parsed(run.evidence.record))
        for run in made
        if run.status is RunStatus.FINISHED and run.evidence is not None and run.rung != INCUMBENT
    ]
    folder = str((submission.snapshot or {}).get("folder", ""))
    day = submission.pull_request.created_at.date()
    found = [*findings_of(records, competition, folder), *compared(made, competition, day)]
    entries = [finding_entry(finding) for finding in found]
    submissions.replace_findings(session, submission.id, Source.RUN, entries)
    runs.reproduced(session, submission.id)


def _elapsed(session: Session, run: Run) -> Amount:
    """What a run used that left no evidence: all of its time until now, and no more than was reserved."""
    if run.started_at is None:
        return Amount(0)
    now = session.scalars(select(now_plus())).one()
    used = policy.used(seconds_since(run.started_at, now), *_price(run))
    return Amount(min(used.seconds, run.reserved_seconds), min(used.mills, run.reserved_mills))


def _price(run: Run) -> tuple[int, float]:
    """GPUs, and the machine's price per hour."""
    request = run.request or {}
    return int(request.get("gpus", 0)), float(request.get("cost_per_hour", 0.0))


def loaded(session: Session, run_id: UUID) -> tuple[Run, SubmissionRow] | None:
    """A run and its submission with all that belongs to it."""
    run = runs.load(session, run_id)
    submission = None if run is None else submissions.load(session, run.submission_id)
    return None if run is None or submission is None else (run, submission)
