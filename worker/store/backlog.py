"""How much waits: numbers for the metrics."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from worker.store import jobs
from worker.store.models import Job, Stage
from worker.store.types import now_plus

DUE, RUNNING, PARKED, QUARANTINED = "due", "running", "parked", "quarantined"
STATES = (DUE, RUNNING, PARKED, QUARANTINED)


@dataclass(frozen=True, slots=True)
class Backlog:
    """Unfinished jobs by stage and state, and for how many seconds the oldest due one waits."""

    jobs: Mapping[tuple[Stage, str], int]
    oldest_seconds: float


def backlog(session: Session) -> Backlog:
    """Count what is not done."""
    state = case(
        (Job.quarantined_at.is_not(None), QUARANTINED),
        (Job.leased_until >= now_plus(), RUNNING),
        (Job.run_after > now_plus(), PARKED),
        else_=DUE,
    )
    counted = select(Job.stage, state, func.count()).where(Job.pending).group_by(Job.stage, state)
    found = {(stage, name): number for stage, name, number in session.execute(counted)}
    since, now = jobs.oldest_due(session), session.scalar(select(now_plus()))
    waits = 0.0 if since is None or now is None else (now - since).total_seconds()
    return Backlog(found, max(0.0, waits))
