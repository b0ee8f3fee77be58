"""Bring a repository's configuration up to date from its default branch, and say in an issue when it is broken.

A broken file leaves the last good one in force. There is one issue in a repository for that: opened with the first
fault, edited in place when the fault changes, closed when it is mended. What it says is compared with GitHub each time,
so that nothing is lost or said twice when a worker dies in between.
"""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass
from uuid import uuid4

from sqlalchemy.orm import Session

from rules.competition import Competition, CompetitionError
from worker import subjects
from worker.clients.gateway import AbsentError, IssueFacts, OversizedError, RefusedError, Repo
from worker.configuration import PATH, decoded, oversized
from worker.configuration_issue import MARK, TITLE, broken, mended
from worker.pipeline import Context, Superseded
from worker.store import audit, happenings, jobs, rejudging, repositories
from worker.store.happenings import Kind
from worker.store.jobs import Lease
from worker.store.models import Repository, Stage

log = logging.getLogger(__name__)

ACTOR = "fairway"


@dataclass(frozen=True, slots=True)
class _Found:
    """What is on the default branch: a good text, or none because the file is absent or `fault` says why."""

    branch: str
    text: str | None
    fault: str | None = None


def run(context: Context, lease: Lease) -> None:
    """Configure the repository that the lease's subject names."""
    repository_id = int(lease.subject)
    with context.scope() as session:
        repository = repositories.active_repository(session, repository_id)
    if repository is None:
        raise Superseded
    repo = subjects.repo_of(repository)
    try:
        found = _look(context, repo)
    except AbsentError:  # the repository is gone, or not for us any more
        raise Superseded from None
    repository = _adopt(context, lease, repository_id, found)
    issue = _tell(context, repo, repository, found)
    with context.scope() as session:
        jobs.hold(session, lease)
        repository = session.get_one(Repository, repository_id)
        if repository.configuration_fault is not None and found.fault is None:
            audit.note(session, ACTOR, "configuration-mended", repository.full_name, issue=repository.fault_issue)
        repository.configuration_fault, repository.fault_issue = found.fault, issue
        jobs.finish(session, lease)


def _look(context: Context, repo: Repo) -> _Found:
    """Read the file. Raises the gateway's errors."""
    branch = context.github.default_branch(repo)
    try:
        content = context.github.file(repo, PATH, branch)
        return _Found(branch, None if content is None else decoded(content))
    except OversizedError:
        return _Found(branch, None, oversized("more than a megabyte"))
    except CompetitionError as error:
        return _Found(branch, None, str(error))


def _adopt(context: Context, lease: Lease, repository_id: int, found: _Found) -> Repository:
    """Keep what was found, before anything is said of it. A fault that is mended stays noted until that is said too."""
    with context.scope() as session:
        jobs.hold(session, lease)
        repository = session.get_one(Repository, repository_id)
        repository.default_branch = found.branch
        if found.fault is None:
            _use(context, session, repository, found.text)
        elif found.fault != repository.configuration_fault:
            repository.configuration_fault = found.fault
            audit.note(session, ACTOR, "configuration-broken", repository.full_name, fault=found.fault[:2_000])
        return repository


def _use(context: Context, session: Session, repository: Repository, text: str | None) -> None:
    """Judge by this text from now on, and judge again what was judged by other rules."""
    sha = None if text is None else hashlib.sha256(text.encode()).hexdigest()
    if sha == repository.configuration_sha:
        return
    before = _competition(context, repository)
    repository.configuration, repository.configuration_sha = text, sha
    now = context.competition(repository)
    repository.bulletin = now.publishing.bulletin
    again = 0
    if now != before:
        again = rejudging.judge_again(session, repository.id, fetch=before is None or _reads_other(before, now))
    action = "configuration-changed" if sha else "configuration-removed"
    audit.note(session, ACTOR, action, repository.full_name, sha=sha, judged_again=again)
    happenings.note(session, repository.id, Kind.RULES, f"{Kind.RULES}:{uuid4()}", action=action, judged_again=again)
    if repository.bulletin:
        jobs.request(session, Stage.BULLETIN, str(repository.id))


def _competition(context: Context, repository: Repository) -> Competition | None:
    """The rules until now; None where this version cannot read them any more."""
    try:
        return context.competition(repository)
    except CompetitionError:
        return None


def _reads_other(before: Competition, now: Competition) -> bool:
    """Whether other folders or files may be a submission's."""
    return (before.track_folders, before.files.required) != (now.track_folders, now.files.required)


def _tell(context: Context, repo: Repo, repository: Repository, found: _Found) -> int | None:
    """Make the issue say what is so; the number of the one that stands open, if any."""
    if repository.configuration_fault is None and repository.fault_issue is None:
        return None
    try:
        issue = _issue(context, repo, repository.fault_issue)
        if found.fault is None:
            if issue is not None and issue.is_open:
                context.github.update_issue(repo, issue.number, body=mended(found.text is None), is_open=False)
            return None
        page = f"{str(context.settings.github_web_url).rstrip('/')}/{repo.full_name}"
        body = broken(found.fault, page, found.branch, has_good_one=repository.configuration is not None)
        if issue is None:
            return context.github.create_issue(repo, TITLE, body)
        if not _same(issue.body, body):
            context.github.update_issue(repo, issue.number, body=body, is_open=True)
        return issue.number
    except (AbsentError, RefusedError) as error:  # no issues in this repository: the reviewers' queue shows it
        log.warning("no issue in %s about its configuration: %s", repo.full_name, error)
        return None


def _issue(context: Context, repo: Repo, number: int | None) -> IssueFacts | None:
    """The issue, by its number or, where none was kept or it went away, by its marker."""
    if number is not None:
        try:
            return context.github.issue(repo, number)
        except (AbsentError, RefusedError):
            pass
    return context.github.find_issue(repo, MARK)


def _same(one: str, other: str) -> bool:
    """Whether two texts differ in nothing but the ends of their lines."""
    return one.split() == other.split()
