"""What has to be judged again when a repository's rules change."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import null, select, update
from sqlalchemy.orm import Session

from worker.store import jobs
from worker.store.models import Job, PullRequestRow, Stage, SubmissionRow

SPACING_SECONDS = 1.5
"""Between two that are judged again: what was pushed meanwhile goes before them, and GitHub's limits are kept."""


def judge_again(session: Session, repository_id: int, *, fetch: bool) -> int:
    """Ask for the current submissions of open pull requests again, oldest first, slowly; returns how many.

    `fetch`: other folders or files may count now, so that they have to be read again as well.
    """
    if fetch:
        _begin_fetches_again(session, repository_id)
    found = _current(session, repository_id)
    if fetch:
        _forget_snapshots(session, [submission_id for submission_id, _ in found])
    for place, (submission_id, number) in enumerate(found):
        stage, subject = (Stage.FETCH, f"{repository_id}#{number}") if fetch else (Stage.SCREEN, str(submission_id))
        jobs.request(session, stage, subject, delay_seconds=place * SPACING_SECONDS)
    return len(found)


def screen_again(session: Session, submission_ids: Sequence[UUID], *, after_seconds: float = 0.0) -> None:
    """Ask for the screening of these submissions again, in their order, slowly, from so many seconds on."""
    for place, submission_id in enumerate(submission_ids):
        delay = after_seconds + place * SPACING_SECONDS
        jobs.request(session, Stage.SCREEN, str(submission_id), delay_seconds=delay)


def fetch_again(
    session: Session, repository_id: int, found: Sequence[tuple[UUID, int]], *, after_seconds: float = 0.0
) -> None:
    """Ask for these submissions, each with its number, to be read and screened again, in their order, slowly."""
    _forget_snapshots(session, [submission_id for submission_id, _ in found])
    for place, (_, number) in enumerate(found):
        delay = after_seconds + place * SPACING_SECONDS
        jobs.request(session, Stage.FETCH, f"{repository_id}#{number}", delay_seconds=delay)


def _forget_snapshots(session: Session, submission_ids: Sequence[UUID]) -> None:
    statement = update(SubmissionRow).where(SubmissionRow.id.in_(submission_ids)).values(snapshot=null())
    session.execute(statement.execution_options(synchronize_session=False))


def _current(session: Session, repository_id: int) -> Sequence[tuple[UUID, int]]:
    """Those that were fetched; what is still to be fetched will be judged by the new rules anyway."""
    statement = (
        select(SubmissionRow.id, PullRequestRow.number)
        .join(PullRequestRow, SubmissionRow.pull_request_id == PullRequestRow.id)
        .where(PullRequestRow.repository_id == repository_id, PullRequestRow.state == "open")
        .where(SubmissionRow.head_sha == PullRequestRow.head_sha, SubmissionRow.fetched_at.is_not(None))
        .order_by(PullRequestRow.number)
    )
    return [(submission_id, number) for submission_id, number in session.execute(statement)]


def _begin_fetches_again(session: Session, repository_id: int) -> None:
    """A fetch that is under way began by the old rules: what it brings must not be kept."""
    under_way = select(Job.subject).where(
        Job.stage == Stage.FETCH, Job.subject.startswith(f"{repository_id}#"), Job.leased_until.is_not(None)
    )
    for subject in session.scalars(under_way).all():
        jobs.cancel(session, Stage.FETCH, subject)
        jobs.request(session, Stage.FETCH, subject)
