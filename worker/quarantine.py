"""What becomes of work that failed in every attempt: it is set aside, said, and shown to the reviewers."""

from __future__ import annotations

from contextlib import suppress
from uuid import UUID

from sqlalchemy.orm import Session

from rules.report.contract import finding_entry
from rules.rule import Source, internal_error
from worker import subjects
from worker.reproduction import reaping
from worker.store import audit, jobs, repositories, submissions
from worker.store.jobs import Lease
from worker.store.models import Stage, SubmissionRow


def set_aside(session: Session, lease: Lease, error: str) -> None:
    """Note it, and where a submission could not be read or screened say so in a finding: never a pass."""
    audit.note(session, "fairway", "quarantined", f"{lease.stage} {lease.subject}", error=error[:2000])
    if lease.stage is Stage.REPRODUCE:
        reaping.give_up(session, UUID(lease.subject), error)
    submission_id = _submission(session, lease)
    if submission_id is None:
        return
    finding = finding_entry(internal_error(f"of the stage {lease.stage}", RuntimeError(error)))
    submissions.replace_findings(session, submission_id, Source.RULE, [finding])
    jobs.request(session, Stage.DECIDE, str(submission_id))


def _submission(session: Session, lease: Lease) -> UUID | None:
    """The submission whose reading or screening failed; later stages have nothing to add to what was found."""
    if lease.stage is Stage.SCREEN:
        found = session.get(SubmissionRow, UUID(lease.subject))
        return None if found is None else found.id
    if lease.stage is Stage.FETCH:
        with suppress(ValueError):
            row = repositories.pull_request(session, *subjects.pull_request(lease.subject))
            if row is not None and row.head_sha:
                return submissions.begin(session, row.id, row.head_sha).id
    return None
