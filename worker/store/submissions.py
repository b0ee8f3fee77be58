"""Queries on submissions and their findings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, delete, or_, select, update
from sqlalchemy.orm import Session, joinedload, selectinload

from rules.rule import Severity, Source
from worker.store import runs
from worker.store.models import FindingRow, PullRequestRow, SubmissionRow
from worker.store.repositories import upsert
from worker.store.types import now_plus


def begin(session: Session, pull_request_id: UUID, head_sha: str) -> SubmissionRow:
    """The submission at that head, made where there is none. Every other head of the pull request is superseded."""
    values = {"pull_request_id": pull_request_id, "head_sha": head_sha, "superseded_at": None}
    upsert(session, SubmissionRow, ["pull_request_id", "head_sha"], values)
    of_pull_request = SubmissionRow.pull_request_id == pull_request_id
    others = update(SubmissionRow).where(of_pull_request, SubmissionRow.head_sha != head_sha)
    session.execute(others.where(SubmissionRow.superseded_at.is_(None)).values(superseded_at=now_plus()))
    runs.cancel_superseded(session, pull_request_id)
    session.expire_all()
    return session.scalars(select(SubmissionRow).where(of_pull_request, SubmissionRow.head_sha == head_sha)).one()


def moved_since(session: Session, row: PullRequestRow, moment: datetime) -> bool:
    """Whether the head that counts became it after that moment, be it new or one that came back."""
    began = and_(SubmissionRow.head_sha == row.head_sha, SubmissionRow.created_at > moment)
    ended = SubmissionRow.superseded_at > moment
    statement = select(SubmissionRow.id).where(SubmissionRow.pull_request_id == row.id, or_(began, ended))
    return session.scalars(statement.limit(1)).first() is not None


def load(session: Session, submission_id: UUID) -> SubmissionRow | None:
    """A submission with its findings, pull request and repository."""
    statement = (
        select(SubmissionRow)
        .where(SubmissionRow.id == submission_id)
        .options(
            joinedload(SubmissionRow.pull_request).joinedload(PullRequestRow.repository),
            selectinload(SubmissionRow.findings),
        )
        .execution_options(populate_existing=True)
    )
    return session.scalars(statement).one_or_none()


def replace_findings(
    session: Session, submission_id: UUID, source: Source, findings: Sequence[Mapping[str, Any]]
) -> None:
    """Put these findings, as in the JSON contract, in the place of all that came from the same source."""
    of_source = delete(FindingRow).where(FindingRow.submission_id == submission_id, FindingRow.source == source)
    session.execute(of_source.execution_options(synchronize_session=False))
    for position, finding in enumerate(findings):
        session.add(
            FindingRow(
                submission_id=submission_id,
                position=position,
                code=finding["code"],
                name=finding["name"],
                category=finding["category"],
                severity=Severity(finding["severity"]),
                source=source,
                message=finding["message"],
                fix=finding["fix"],
                path=finding["path"],
                line=finding["line"],
                unpacked_line=finding["unpacked_line"],
                evidence=list(finding["evidence"]),
            )
        )
    session.flush()
