"""Apply the rules to a fetched submission: findings, techniques, measurements and the report."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from importlib.metadata import version

from rules.competition import Competition
from rules.report.contract import finding_entry
from rules.report.links import Links
from rules.rule import Finding, Source
from rules.submission import PullRequest, Status, Twin
from worker import configuration, subjects
from worker.clients.fetching import MOST_LATER, snapshot_files
from worker.clients.gateway import AbsentError, Repo
from worker.clients.snapshot import Snapshot
from worker.earlier import telling_files
from worker.pipeline import Context, Superseded
from worker.screening import Request, Screened
from worker.stages import following
from worker.store import earlier, jobs, submissions
from worker.store.jobs import Lease
from worker.store.models import Stage, SubmissionRow
from worker.store.types import now_plus

ROUNDS = 4  # of screening and bringing what was missing


@dataclass(frozen=True, slots=True)
class _Subject:
    """A submission and where it comes from."""

    row: SubmissionRow
    repo: Repo
    snapshot: Snapshot
    competition: Competition
    twins: tuple[Twin, ...]


def run(context: Context, lease: Lease) -> None:
    """Screen the submission that the lease's subject names."""
    subject = _load(context, lease)
    screened = _screen(context, subject)
    besides = [finding_entry(finding) for finding in _on_configuration(context, subject)]
    with context.scope() as session:
        jobs.hold(session, lease)
        row = submissions.load(session, subject.row.id)
        if row is None or row.superseded_at is not None:
            raise Superseded
        row.entry, row.report = screened.entry, screened.report
        row.screened_at, row.rules_version = now_plus(), version("fairway")
        submissions.replace_findings(session, row.id, Source.RULE, [*screened.entry["findings"], *besides])
        jobs.request(session, following(Stage.SCREEN), str(row.id))
        jobs.finish(session, lease)


def _load(context: Context, lease: Lease) -> _Subject:
    """What is to be screened. Raises Superseded where the head moved on or nothing was fetched yet."""
    with context.scope() as session:
        row = submissions.load(session, subjects.row_id(lease.subject))
        if row is None or row.superseded_at is not None or row.snapshot is None:
            raise Superseded
        repository = row.pull_request.repository
        competition = context.competition(repository)
        snapshot = Snapshot.from_json(row.snapshot)
        files = tuple(telling_files(snapshot.scope(competition)))
        twins = earlier.twins(session, repository.id, row.pull_request.number, files)
        return _Subject(row, subjects.repo_of(repository), snapshot, competition, twins)


def _screen(context: Context, subject: _Subject) -> Screened:
    """Screen; where a rule wants a content that was not fetched, bring it and screen again."""
    request = _request(context, subject)
    for _ in range(ROUNDS):
        screened = context.screen(request)
        if not screened.missing:
            return screened
        absent = frozenset(_bring(context, subject, screened.missing))
        request = replace(request, absent=request.absent | absent)
    return context.screen(replace(request, absent=request.absent | frozenset(screened.missing)))


def _request(context: Context, subject: _Subject) -> Request:
    row, pull_request = subject.row, subject.row.pull_request
    web = str(context.settings.github_web_url).rstrip("/")
    rules = context.settings.rules_url
    return Request(
        competition=subject.competition,
        pull_request=PullRequest(
            pull_request.number, row.head_sha, pull_request.author, pull_request.title, pull_request.created_at
        ),
        snapshot=subject.snapshot.as_json(),
        content_folder=context.settings.content_folder,
        twins=subject.twins,
        links=Links(f"{web}/{subject.repo.full_name}", None if rules is None else str(rules).rstrip("/")),
    )


def _on_configuration(context: Context, subject: _Subject) -> list[Finding]:
    """What is to be said on a pull request that edits the competition's configuration; it is never used."""
    file = configuration.proposed(subject.snapshot.changed)
    if file is None:
        return []
    if file.status is Status.DELETED:
        return configuration.findings_of(None)
    try:
        return configuration.findings_of(context.github.blob(subject.repo, file.content_id))
    except AbsentError:
        return []


def _bring(context: Context, subject: _Subject, missing: Iterable[str]) -> Iterable[str]:
    """Fetch contents; yields those that cannot be had. Raises the gateway's errors."""
    files = {
        file.content_id: file
        for file in snapshot_files(subject.snapshot, context.content, context.github, subject.repo)
    }
    for content_id in missing:
        try:
            files[content_id].read(MOST_LATER)
        except (KeyError, ValueError):
            yield content_id
