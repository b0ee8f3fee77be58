"""Runs that nobody looks after any more: they are lost, what they hold is given back, and another attempt follows."""

from __future__ import annotations

import logging
from uuid import UUID

from sqlalchemy.orm import Session

from worker.reproduction import ending, waiting
from worker.store import jobs, runs
from worker.store.models import RunStatus, Stage
from worker.store.session import SessionScope

log = logging.getLogger(__name__)


def reap(scope: SessionScope, seconds: float) -> int:
    """Give up runs without a look for so many seconds, each in a transaction of its own; returns how many."""
    with scope() as session:
        silent = [run.id for run in runs.unwatched(session, seconds)]
    reaped = 0
    for run_id in silent:
        with scope() as session:
            runs.lock_job(session, run_id)
            if runs.is_unwatched(session, run_id, seconds):
                give_up(session, run_id, waiting.UNWATCHED.format(seconds))
                reaped += 1
    return reaped


def give_up(session: Session, run_id: UUID, reason: str) -> None:
    """A run is lost, by whoever may say so; its machine is asked to make sure that nothing of it is left there.

    Whoever held the job until now cannot write any more.
    """
    found = ending.loaded(session, run_id)
    if found is None or found[0].status not in runs.OPEN:
        return
    run, submission = found
    jobs.cancel(session, Stage.REPRODUCE, str(run_id))
    ran = run.status is RunStatus.RUNNING
    again = ending.lose(session, run, submission, reason)
    if ran:
        jobs.request(session, Stage.REPRODUCE, str(run_id))
    log.warning("the %s run %s is lost, %s: %s", run.rung, run_id, "another follows" if again else "the last", reason)
