"""Bring a pull request up to date from GitHub, and its files at the head into the content store.

The delivery that led here is forgotten: what counts is what GitHub shows now. The head is noted first, in a transaction
of its own, so that a check says at once that the submission was seen; then its files are fetched.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import Session

from rules.competition import Competition
from rules.reading.scope import new_folders
from rules.reading.trees import Change
from worker import subjects
from worker.clients.fetching import fetch_snapshot
from worker.clients.gateway import AbsentError, PullRequestFacts, Repo
from worker.clients.snapshot import Snapshot
from worker.earlier import telling_files
from worker.pipeline import Context, Superseded
from worker.stages import following
from worker.store import earlier, jobs, later, rejudging, repositories, submissions
from worker.store.jobs import Lease
from worker.store.models import PullRequestRow, Repository, Stage, SubmissionRow
from worker.store.types import now_plus

OPEN, GONE = "open", "gone"


@dataclass(frozen=True, slots=True)
class _Head:
    """The head that counts, as it was noted. `known`: a snapshot of it against the same base is here already."""

    submission_id: UUID
    pull_request_id: UUID
    known: bool


def run(context: Context, lease: Lease) -> None:
    """Fetch the pull request that the lease's subject names."""
    repository_id, number = subjects.pull_request(lease.subject)
    with context.scope() as session:
        repository = repositories.active_repository(session, repository_id)
    if repository is None:
        raise Superseded
    repo = subjects.repo_of(repository)
    try:
        facts = context.github.pull_request(repo, number)
    except AbsentError:
        _forget(context, lease, repository_id, number)
        return
    head = _note(context, lease, repository, facts)
    if head is None:
        return
    if head.known:
        with context.scope() as session:
            jobs.hold(session, lease)
            _go_on(session, lease, head)
        return
    competition = context.competition(repository)
    snapshot = _snapshot(context, repo, facts, competition)
    with context.scope() as session:
        repositories.in_turn(session, repository_id)
        jobs.hold(session, lease)
        if _keep(session, head, repository_id, facts, snapshot, competition):
            _go_on(session, lease, head)
        else:
            jobs.request(session, Stage.FETCH, lease.subject)
            jobs.finish(session, lease)


def _snapshot(context: Context, repo: Repo, facts: PullRequestFacts, competition: Competition) -> Snapshot:
    return fetch_snapshot(
        context.github,
        repo,
        facts,
        competition,
        context.content,
        context.settings.git_folder,
        known_folders=earlier.EarlierFolders(context.scope, repo.id, facts.number),
    )


def _note(context: Context, lease: Lease, repository: Repository, facts: PullRequestFacts) -> _Head | None:
    """Keep what GitHub shows. None when nothing is to be read: the pull request is closed, and the job is done."""
    with context.scope() as session:
        jobs.hold(session, lease)
        before = repositories.pull_request(session, repository.id, facts.number)
        moved = before is None or before.head_sha != facts.head_sha
        same_base = before is not None and before.base_sha == facts.base_sha
        ready = before is not None and before.draft and not facts.draft
        row = _keep_facts(session, repository.id, facts, lift_quiet=(moved and before is not None) or ready)
        submission = submissions.begin(session, row.id, facts.head_sha)
        jobs.request(session, Stage.PUBLISH, str(row.id))
        if facts.state != OPEN:
            jobs.finish(session, lease)
            return None
        return _Head(submission.id, row.id, same_base and submission.snapshot is not None)


def _keep_facts(session: Session, repository_id: int, facts: PullRequestFacts, *, lift_quiet: bool) -> PullRequestRow:
    values = {
        "repository_id": repository_id,
        "number": facts.number,
        "author": facts.author[:100],
        "author_id": facts.author_id,
        "title": facts.title,
        "head_sha": facts.head_sha,
        "base_sha": facts.base_sha,
        "state": facts.state,
        "draft": facts.draft,
        "created_at": facts.created_at,
        "fetched_at": now_plus(),
    }
    if lift_quiet:
        values["quiet"] = False
    repositories.upsert(session, PullRequestRow, ["repository_id", "number"], values)
    session.expire_all()
    row = repositories.pull_request(session, repository_id, facts.number)
    assert row is not None  # it was written a line above
    return row


def _keep(
    session: Session,
    head: _Head,
    repository_id: int,
    facts: PullRequestFacts,
    snapshot: Snapshot,
    competition: Competition,
) -> bool:
    """The snapshot, and what it brings first: later ones with the same, that were read before, look again.

    False, and nothing is kept, where an earlier one brought a folder while this one was read.
    """
    change = Change(snapshot.base, snapshot.base_sha, snapshot.changed, (), snapshot.existing)
    folders = new_folders(change, competition.track_folders)
    if earlier.known_folders(session, repository_id, facts.number, folders) != snapshot.known_folders:
        return False
    submission = session.get_one(SubmissionRow, head.submission_id)
    submission.snapshot, submission.fetched_at = snapshot.as_json(), now_plus()
    brought = earlier.keep_folders(session, repository_id, facts.number, folders)
    stacked = later.in_folders(session, repository_id, facts.number, brought)
    rejudging.fetch_again(session, repository_id, stacked, after_seconds=later.AFTER_SECONDS)
    files = telling_files(snapshot.scope(competition))
    first = earlier.keep_files(session, repository_id, facts.number, facts.author[:100], files)
    again = later.holders(session, repository_id, facts.number, first)
    rejudging.screen_again(session, again, after_seconds=later.AFTER_SECONDS)
    return True


def _go_on(session: Session, lease: Lease, head: _Head) -> None:
    jobs.request(session, following(Stage.FETCH), str(head.submission_id))
    jobs.finish(session, lease)


def _forget(context: Context, lease: Lease, repository_id: int, number: int) -> None:
    """GitHub shows no such pull request (any more)."""
    with context.scope() as session:
        jobs.hold(session, lease)
        row = repositories.pull_request(session, repository_id, number)
        if row is not None:
            row.state = GONE
        jobs.finish(session, lease)
