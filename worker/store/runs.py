"""Queries on runs: reproductions and probes that were asked for."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from worker.store.models import Run, RunStatus
from worker.store.repositories import insert_new


def ask(session: Session, submission_id: UUID, kind: str, requested_by: str) -> bool:
    """Ask for a run; False where one of the same kind was asked for before."""
    values = {"submission_id": submission_id, "kind": kind, "requested_by": requested_by}
    return insert_new(session, Run, ["submission_id", "kind"], {**values, "status": RunStatus.REQUESTED})


def status(session: Session, submission_id: UUID, kind: str) -> RunStatus:
    """Where a run stands that was asked for."""
    return session.scalars(select(Run.status).where(Run.submission_id == submission_id, Run.kind == kind)).one()


def of_submission(session: Session, submission_id: UUID) -> Sequence[Run]:
    """All runs of a submission, in the order in which they were asked for."""
    statement = select(Run).where(Run.submission_id == submission_id).order_by(Run.requested_at, Run.kind)
    return session.scalars(statement).all()
