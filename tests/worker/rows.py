"""Rows as the stages leave them, for tests of what people do with them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from rules.rule import Severity, Source
from rules.verdict import Verdict
from worker.store import repositories, submissions
from worker.store.models import FindingRow, PullRequestRow, SubmissionRow

REPOSITORY, INSTALLATION = 71, 31
NAME = "thimble/sprint"
OPENED = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
SEVERITIES = {
    Verdict.LIKELY_INVALID: Severity.BLOCK,
    Verdict.NEEDS_REVIEW: Severity.REVIEW,
    Verdict.INCOMPLETE: Severity.INCOMPLETE,
    Verdict.CLEAR: Severity.NOTE,
}


def add_repository(session: Session, repository_id: int = REPOSITORY, name: str = NAME) -> None:
    """A repository of the one installation."""
    repositories.see_installation(session, INSTALLATION, 9, name.split("/")[0])
    repositories.see_repository(session, repository_id, INSTALLATION, name)


def add_pull_request(
    session: Session, number: int, head: str = "a", *, repository_id: int = REPOSITORY, **more: Any
) -> PullRequestRow:
    """A pull request at a head, opened so many minutes after the first one."""
    values: dict[str, Any] = {"author": "pat", "author_id": 5, "title": f"Entry {number}", **more}
    row = PullRequestRow(
        repository_id=repository_id,
        number=number,
        head_sha=head * 40,
        base_sha="0" * 40,
        created_at=OPENED + timedelta(minutes=number),
        **values,
    )
    session.add(row)
    session.flush()
    return row


def add_submission(
    session: Session,
    number: int,
    verdict: Verdict | None = Verdict.NEEDS_REVIEW,
    codes: Sequence[str] = ("F04",),
    *,
    head: str = "a",
    folder: str = "entries/new",
    repository_id: int = REPOSITORY,
    **more: Any,
) -> UUID:
    """A pull request with a submission at its head; judged unless the verdict is None."""
    row = add_pull_request(session, number, head, repository_id=repository_id, **more)
    submission = submissions.begin(session, row.id, row.head_sha)
    submission.snapshot = {"folder": folder}
    if verdict is not None:
        submission.verdict, submission.decided_at, submission.screened_at = verdict, OPENED, OPENED
        for position, code in enumerate(codes):
            session.add(finding(submission.id, position, code, SEVERITIES[verdict]))
    session.flush()
    return submission.id


def finding(submission_id: UUID, position: int, code: str, severity: Severity) -> FindingRow:
    """A finding with a quote."""
    return FindingRow(
        submission_id=submission_id,
        position=position,
        code=code,
        name="seeds-with-different-config",
        category="evidence",
        severity=severity,
        source=Source.RULE,
        message="The logs differ in `learning_rate`.",
        fix="Run all seeds with the same settings.",
        path="entries/new/seed_1.log",
        line=3,
        evidence=[
            {
                "path": "entries/new/seed_1.log",
                "line": 3,
                "unpacked_line": None,
                "quote": "learning_rate: 0.006",
                "role": "setting",
            }
        ],
    )


def move(session: Session, submission_id: UUID, head: str = "b") -> UUID:
    """Push to the pull request of a submission; the new head's submission."""
    row = session.get_one(PullRequestRow, session.get_one(SubmissionRow, submission_id).pull_request_id)
    row.head_sha = head * 40
    session.flush()
    return submissions.begin(session, row.id, row.head_sha).id


def loaded(session: Session, submission_id: UUID) -> SubmissionRow:
    """The submission with all that belongs to it."""
    found = submissions.load(session, submission_id)
    assert found is not None
    return found
