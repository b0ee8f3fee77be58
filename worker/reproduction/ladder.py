"""The ladder of runs: smoke, probe, seed, full. Each step needs the one before to have passed on the same head."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from enum import StrEnum
from uuid import UUID

from sqlalchemy.orm import Session

from worker.reproduction import beside
from worker.store import jobs, runs
from worker.store.models import Run, RunStatus, Stage, SubmissionRow
from worker.store.runs import INCUMBENT, RUNGS, Asker
from worker.store.types import now_plus

NOT_PASSED = "the {} run before it did not pass"
NOTHING_TO_COMPARE = "a run that it would be compared with has no score"
NOT_MADE = "the {} run before it could not be made"


class Step(StrEnum):
    """Where a step of the ladder stands."""

    OPEN = "open"
    PASSED = "passed"
    FAILED = "failed"  # the submission did not pass
    NOT_MADE = "not-made"


def ask(session: Session, submission: SubmissionRow, rung: str, asker: Asker, *, wished: bool = False) -> bool:
    """Ask for a step and for whatever is missing below it; False where that step is asked for or done already.

    A wish of somebody who does not rule stands alone and waits.
    """
    if wished:
        return runs.ask(session, submission, rung, asker, wished=True)
    for below in RUNGS[: RUNGS.index(rung)]:
        runs.ask(session, submission, below, asker)
    new = runs.ask(session, submission, rung, asker)
    advance(session, submission.id)
    return new


def in_vain(newest: Sequence[Run], rung: str) -> str | None:
    """Why asking for a step cannot lead to a run: the submission did not pass one below it; None where it may."""
    for below in RUNGS[: RUNGS.index(rung)]:
        if step_of([run for run in newest if run.rung == below]) is Step.FAILED:
            return NOT_PASSED.format(below)
    return None


def advance(session: Session, submission_id: UUID) -> None:
    """Ring for the runs whose step before has passed, and skip those whose step before never will."""
    found = runs.of_submission(session, submission_id)
    steps = defaultdict[str, list[Run]](list)
    for run in found:
        steps[run.rung].append(run)
    if beside.in_vain(found):
        _give_up(session, steps.pop(INCUMBENT, ()))
    before, name = Step.PASSED, ""
    for rung in RUNGS:
        turn = beside.released(found) if rung == beside.FULL and steps[INCUMBENT] else steps[rung]
        for run in turn:
            if run.status is RunStatus.REQUESTED:
                _move(session, run, before, name)
        before = Step.NOT_MADE if before in (Step.FAILED, Step.NOT_MADE) else step_of(steps[rung])
        name = rung


def _give_up(session: Session, of_record: Sequence[Run]) -> None:
    """No run of the record is begun any more where there is nothing to compare it with."""
    for run in of_record:
        if run.status is RunStatus.REQUESTED:
            jobs.cancel(session, Stage.REPRODUCE, str(run.id))
            skipped = {"status": RunStatus.SKIPPED, "ended_at": now_plus(), "reason": NOTHING_TO_COMPARE}
            runs.change(session, run.id, waits_for=None, **skipped)


def step_of(newest: Sequence[Run]) -> Step:
    """Where a step stands, by the newest attempts of its runs."""
    counted = [run for run in newest if run.status is not RunStatus.WISHED]
    if any(run.status is RunStatus.FINISHED and not run.passed for run in counted):
        return Step.FAILED
    if any(run.status in runs.ASKED_IN_VAIN for run in counted):
        return Step.NOT_MADE
    return Step.PASSED if counted and all(run.passed for run in counted) else Step.OPEN


def _move(session: Session, run: Run, before: Step, name: str) -> None:
    if before is Step.PASSED:
        if not jobs.is_pending(session, Stage.REPRODUCE, str(run.id)):
            jobs.request(session, Stage.REPRODUCE, str(run.id))
    elif before is not Step.OPEN:
        why = (NOT_PASSED if before is Step.FAILED else NOT_MADE).format(name)
        runs.change(session, run.id, status=RunStatus.SKIPPED, ended_at=now_plus(), reason=why, waits_for=None)
