"""Apply the rules to a fetched submission: findings, techniques, measurements and the report."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from importlib.metadata import version

from sqlalchemy.orm import Session

from rules.competition import Competition
from rules.lineage.kin import baseline_of
from rules.precedents import Code, Innocents, Precedent
from rules.precedents.code import code_of_text
from rules.report.contract import finding_entry
from rules.report.links import Links
from rules.rule import Finding, Source
from rules.submission import PullRequest, Status, Twin
from worker import configuration, subjects
from worker.clients.fetching import MOST_LATER, snapshot_files
from worker.clients.gateway import AbsentError, RefusedError, Repo
from worker.clients.snapshot import Snapshot
from worker.earlier import telling_files
from worker.pipeline import Context, Superseded
from worker.precedents import clear
from worker.screening import Request, Screened
from worker.stages import following
from worker.store import earlier, happenings, jobs, later, lineage, precedents, rejudging, repositories, submissions
from worker.store.happenings import Kind
from worker.store.jobs import Lease
from worker.store.models import Stage, SubmissionRow
from worker.store.types import now_plus

MOST_BASELINE = 1_000_000  # bytes
ROUNDS = 4  # of screening and bringing what was missing


@dataclass(frozen=True, slots=True)
class _Subject:
    """A submission and where it comes from."""

    row: SubmissionRow
    repo: Repo
    snapshot: Snapshot
    competition: Competition
    twins: tuple[Twin, ...]
    precedents: tuple[Precedent, ...]
    baseline: tuple[str, Code] | None = None


def run(context: Context, lease: Lease) -> None:
    """Screen the submission that the lease's subject names."""
    subject = _with_baseline(context, _load(context, lease))
    request = _request(context, subject)
    signed, absent = _complete(context, subject, replace(request, only_signature=True))
    related = _related(context, lease, subject, replace(request, absent=absent), signed)
    screened, _ = _complete(context, subject, related)
    besides = [finding_entry(finding) for finding in _on_configuration(context, subject)]
    with context.scope() as session:
        row = _held(session, lease, subject)
        row.entry, row.report = screened.entry, screened.report
        row.screened_at, row.rules_version = now_plus(), version("fairway")
        for source, added in ((Source.RULE, besides), (Source.PRECEDENT, [])):
            found = [finding for finding in screened.entry["findings"] if finding["source"] == source]
            submissions.replace_findings(session, row.id, source, [*found, *added])
        _compare(session, row, screened, subject)
        jobs.request(session, following(Stage.SCREEN), str(row.id))
        jobs.finish(session, lease)


def _compare(session: Session, row: SubmissionRow, screened: Screened, subject: _Subject) -> None:
    """Keep the code for later comparisons, and whose guilty lines it keeps."""
    precedents.keep_code(session, row.id, screened.code, screened.guilt)
    if subject.baseline is not None:
        content_id, code = subject.baseline
        if precedents.keep_baseline(session, row.pull_request.repository_id, content_id, code):
            clear(session, row.pull_request.repository_id, code)
    for precedent in precedents.inherit(session, row.id, screened.inherited):
        key = f"{Kind.COPIES}:{precedent.id}:{row.pull_request.number}"
        happenings.note(
            session,
            row.pull_request.repository_id,
            Kind.COPIES,
            key,
            number=row.pull_request.number,
            of=precedent.number,
            codes=precedent.codes,
        )


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
        known = tuple(map(precedents.value_of, precedents.standing(session, repository.id)))
        return _Subject(row, subjects.repo_of(repository), snapshot, competition, twins, known)


def _with_baseline(context: Context, subject: _Subject) -> _Subject:
    """The competition's own script as this pull request found it, unless it is known: its lines are no evidence.

    Its content is brought to this machine in any case: likeness counts what lies beyond it, wherever that is asked.
    """
    name = subject.competition.files.baseline_name
    content_id = next((i for i, path in subject.snapshot.top_files.items() if path == name), None)
    if content_id is None:
        return subject
    with context.scope() as session:
        known = precedents.knows_baseline(session, subject.repo.id, content_id)
    if known and context.content.has(content_id):
        return subject
    try:
        raw = context.github.blob(subject.repo, content_id)
    except (AbsentError, RefusedError):
        return subject
    with suppress(ValueError, OSError):
        context.content.put(content_id, raw)
    return subject if known else replace(subject, baseline=(content_id, code_of_text(name, raw[:MOST_BASELINE])))


def _related(context: Context, lease: Lease, subject: _Subject, request: Request, signed: Screened) -> Request:
    """What is to be screened, with the earlier submissions that are near to it.

    Its own script is kept before: of two that are read at once one sees the other here, or is asked to look again.
    """
    if signed.signature is None:
        return request
    baseline = _baseline_lines(context, subject)
    with context.scope() as session:
        repositories.in_turn(session, subject.repo.id)
        row = _held(session, lease, subject)
        if lineage.keep(session, row, signed.signature, signed.script, signed.parents):
            again = later.touched(session, row, signed.signature, signed.script, signed.parents, baseline)
            rejudging.screen_again(session, again, after_seconds=later.AFTER_SECONDS)
    with context.scope() as session:
        row = _held(session, lease, subject)
        near = lineage.near(session, row, signed.signature, signed.script, signed.parents, baseline)
        parent = None if near.parent is None else submissions.load(session, near.parent)
        known = None if parent is None or parent.snapshot is None else (lineage.request_of(parent), parent.snapshot)
    return replace(request, neighbours=near.neighbours, refused=near.refused, parent=known)


def _held(session: Session, lease: Lease, subject: _Subject) -> SubmissionRow:
    """The submission while the lease is ours. Raises Superseded where its head does not count any more."""
    jobs.hold(session, lease)
    row = submissions.load(session, subject.row.id)
    if row is None or row.superseded_at is not None:
        raise Superseded
    return row


def _baseline_lines(context: Context, subject: _Subject) -> frozenset[int]:
    """The lines of the competition's own script, which weigh nothing; none where its content is not at hand."""
    name = subject.competition.files.baseline_name
    for content_id, path in subject.snapshot.top_files.items():
        if path == name:
            with suppress(KeyError, ValueError):
                return baseline_of(context.content.read(content_id, MOST_BASELINE).decode("utf-8", "replace"))
    return frozenset()


def _complete(context: Context, subject: _Subject, request: Request) -> tuple[Screened, frozenset[str]]:
    """Screen; where a rule wants a content that was not fetched, bring it and screen again.

    With the answer come the contents that cannot be had.
    """
    for _ in range(ROUNDS):
        screened = context.screen(request)
        if not screened.missing:
            return screened, request.absent
        absent = frozenset(_bring(context, subject, screened.missing))
        request = replace(request, absent=request.absent | absent)
    request = replace(request, absent=request.absent | frozenset(screened.missing))
    return context.screen(request), request.absent


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
        precedents=_spared(subject),
        links=Links(f"{web}/{subject.repo.full_name}", None if rules is None else str(rules).rstrip("/")),
    )


def _spared(subject: _Subject) -> tuple[Precedent, ...]:
    """The precedents, less what the baseline that was just met shares with them."""
    innocents = Innocents()
    if subject.baseline is None:
        return subject.precedents
    innocents.add(subject.baseline[1])
    return tuple(replace(one, evidence=tuple(map(innocents.mark, one.evidence))) for one in subject.precedents)


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
