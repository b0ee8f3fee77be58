"""Keep the bulletin true: one issue of the repository, edited in place, at most once in ten minutes."""

from __future__ import annotations

import hashlib
import logging
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from worker import subjects
from worker.boards import stored
from worker.boards.values import board
from worker.boards.week import weeks
from worker.bulletin import MARK, TITLE, Standing, text
from worker.clients.gateway import AbsentError, RefusedError, Repo
from worker.pipeline import Context, Superseded
from worker.store import audit, happenings, jobs, queue, repositories
from worker.store.jobs import Lease
from worker.store.models import Repository, Stage
from worker.store.types import now_plus

log = logging.getLogger(__name__)

ACTOR = "fairway"
LEAST_SECONDS = 600.0
AGAIN_SECONDS = 3_600.0
"""How often the queue's numbers are looked at when nothing else happens."""


def run(context: Context, lease: Lease) -> None:
    """Bring the bulletin of the repository that the lease's subject names up to date."""
    repository_id = int(lease.subject)
    with context.scope() as session:
        repository = repositories.active_repository(session, repository_id)
        if repository is None or not repository.bulletin:
            raise Superseded
        wait = _wait(session, repository)
        if wait > 0:
            _come_again(session, lease, wait)
            return
        body = text(_standing(context, session, repository))
    digest = hashlib.sha256(body.encode()).hexdigest()
    issue = repository.bulletin_issue
    if digest != repository.bulletin_digest:
        with context.scope() as session:
            jobs.hold(session, lease)
        issue = _publish(context, subjects.repo_of(repository), issue, body)
    with context.scope() as session:
        jobs.hold(session, lease)
        row = session.get_one(Repository, repository_id)
        if digest != row.bulletin_digest:
            row.bulletin_issue, row.bulletin_digest = issue, digest
            row.bulletin_at = session.scalars(select(now_plus())).one()
            audit.note(session, ACTOR, "bulletin-published", row.full_name, issue=issue)
        _come_again(session, lease, AGAIN_SECONDS)


def _wait(session: Session, repository: Repository) -> float:
    """In how many seconds it may be edited again."""
    if repository.bulletin_at is None:
        return 0.0
    now = session.scalars(select(now_plus())).one()
    return (repository.bulletin_at + timedelta(seconds=LEAST_SECONDS) - now).total_seconds()


def _come_again(session: Session, lease: Lease, seconds: float) -> None:
    jobs.finish(session, lease)
    jobs.request(session, Stage.BULLETIN, lease.subject, delay_seconds=seconds)


def _standing(context: Context, session: Session, repository: Repository) -> Standing:
    competition = context.competition(repository)
    everyone = stored.candidates(session, repository.id)
    boards = [board(everyone, competition, track) for track in competition.tracks]
    leading = next((one.rows[0].number for one in boards if one.track.record and one.rows), None)
    entry = next((one.entry for one in everyone if one.number == leading), {})
    rules, web = context.settings.rules_url, str(context.settings.github_web_url).rstrip("/")
    return Standing(
        boards=boards,
        techniques=entry.get("techniques", ()),
        happenings=happenings.newest(session, repository.id),
        weeks=weeks(everyone),
        waiting=queue.count_waiting(session, repository_id=repository.id),
        repository=f"{web}/{repository.full_name}",
        rules=None if rules is None else str(rules).rstrip("/"),
    )


def _publish(context: Context, repo: Repo, number: int | None, body: str) -> int | None:
    """Edit the issue, or open it; the number of the one that says it now, None where there may be none."""
    try:
        if number is None:
            found = context.github.find_issue(repo, MARK)  # an earlier attempt may have opened it and died
            number = None if found is None else found.number
        if number is not None:
            try:
                context.github.update_issue(repo, number, body=body)  # closed by a person: it stays so
            except AbsentError:
                log.info("the bulletin of %s, issue %d, was deleted", repo.full_name, number)
            else:
                return number
        return context.github.create_issue(repo, TITLE, body)
    except (AbsentError, RefusedError) as error:
        log.warning("no bulletin in %s: %s", repo.full_name, error)
        return None
