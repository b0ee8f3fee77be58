"""What must hold when everything is quiet again: nothing lost, nothing twice, and everything said as it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import func, insert, inspect, select
from sqlalchemy.orm import Session

from benchmarks.deployment import Deployment, Hub
from benchmarks.story import Story
from demo.github.values import PullRequest
from migrations.apply import upgrade
from tests.databases import postgresql
from worker import pipeline, subjects
from worker.clients.github import GitHubGateway
from worker.configuration import competition_of
from worker.content import ContentStore
from worker.pipeline import Context
from worker.publishing.check import check_of
from worker.publishing.comment import MARKER
from worker.publishing.situation import situation_of
from worker.quarantine import set_aside
from worker.screening import screen_here
from worker.settings import Settings
from worker.stages import functions
from worker.store import jobs, repositories, rulings, submissions
from worker.store.models import (
    AuditEvent,
    Base,
    Delivery,
    DeliveryStatus,
    FindingRow,
    Job,
    PullRequestRow,
    Ruling,
    ScriptSignature,
    Stage,
    SubmissionRow,
)
from worker.store.session import SessionScope, make_engine, session_scope

ANSWER = "<!-- fairway:answer"
Judged = tuple[str, str, tuple[tuple[str, str, str], ...]]


def problems(running: Deployment, story: Story, settings: Settings, folder: Path) -> Iterator[str]:
    """Everything that is not as it should be."""
    with running.scope() as session:
        yield from _lost(session, running.hub)
        yield from _twice(session)
        published = {number: _shown(session, settings, number) for number in story.heads}
        judged = _judged(session)
    for number, heads in story.heads.items():
        yield from _said(running.hub, running.hub.repository.pulls[number], heads, published[number])
    quiet = quiet_run(running, story, settings, folder)
    for number, expected in quiet.items():
        if judged.get(number) != expected:
            yield f"#{number} was judged {judged.get(number)}, in a quiet run {expected}"


def _lost(session: Session, hub: Hub) -> Iterator[str]:
    sent = {record.guid for record in list(hub.state.hooks.records.values())}
    stored = {row.guid: row.status for row in session.execute(select(Delivery.guid, Delivery.status))}
    yield from (f"delivery {guid} never arrived" for guid in sorted(sent - set(stored)))
    settled = (DeliveryStatus.DONE, DeliveryStatus.IGNORED)
    yield from (f"delivery {guid} is {status}" for guid, status in stored.items() if status not in settled)
    for job in session.scalars(select(Job).where(Job.pending | Job.quarantined_at.is_not(None))):
        yield f"{job.stage} {job.subject} is unfinished: {job.last_error}"


def _twice(session: Session) -> Iterator[str]:
    rulings_of = select(Ruling.origin, func.count()).group_by(Ruling.origin).having(func.count() > 1)
    yield from (f"{count} rulings of {origin}" for origin, count in session.execute(rulings_of))
    noted = select(AuditEvent).where(AuditEvent.actor != "fairway")  # its own repeat: after each outage it lists anew
    acts = Counter((e.action, e.subject, str(sorted(e.detail.items()))) for e in session.scalars(noted))
    yield from (f"{count} times in the audit: {act}" for act, count in acts.items() if count > 1)


def _said(hub: Hub, pull: PullRequest, heads: list[str], expected: tuple[str, str | None] | None) -> Iterator[str]:
    """What stands on GitHub beside what the rows say."""
    comments = hub.comments(pull)
    reports = [comment for comment in comments if comment.body.startswith(MARKER)]
    answers = Counter(comment.body.split("-->")[0] for comment in comments if comment.body.startswith(ANSWER))
    yield from (f"#{pull.number}: {count} answers {marker}" for marker, count in answers.items() if count > 1)
    if len(reports) > 1:
        yield f"#{pull.number} has {len(reports)} reports"
    for head in heads:
        runs = list(hub.state.runs_of(hub.repository, head))
        if len(runs) > 1:
            yield f"#{pull.number} has {len(runs)} checks at {head[:8]}"
        yield from (f"#{pull.number}: the check at {head[:8]} is {run.status}" for run in runs if not run.conclusion)
    if pull.issue.closed_at is not None:
        return
    if not pull.draft and len(reports) != 1:
        yield f"#{pull.number} is open and has {len(reports)} reports"
    check = hub.check(pull)
    shown = None if check is None else (check.title or "", check.conclusion)
    if shown != expected:
        yield f"#{pull.number} shows {shown}, its rows say {expected}"


def _shown(session: Session, settings: Settings, number: int) -> tuple[str, str | None] | None:
    """Title and conclusion that the check of the head should have, by the rows."""
    row = session.scalars(select(PullRequestRow).where(PullRequestRow.number == number)).one_or_none()
    current = None if row is None else repositories.current_submission(session, row)
    submission = None if current is None else submissions.load(session, current.id)
    if submission is None:
        return None
    competition = competition_of(None, settings.competition)
    check = check_of(situation_of(submission, rulings.of_submission(session, submission.id), competition))
    return check.title, None if check.conclusion is None else check.conclusion.value


def _judged(session: Session) -> dict[int, Judged]:
    """Number → head, verdict and findings of the submission that counts."""
    statement = select(PullRequestRow.number, SubmissionRow).join(
        SubmissionRow,
        (SubmissionRow.pull_request_id == PullRequestRow.id) & (SubmissionRow.head_sha == PullRequestRow.head_sha),
    )
    return {
        number: (row.head_sha, str(row.verdict and row.verdict.value), _findings(session, row))
        for number, row in session.execute(statement)
        if row.decided_at is not None
    }


def _findings(session: Session, row: SubmissionRow) -> tuple[tuple[str, str, str], ...]:
    columns = FindingRow.code, FindingRow.severity, FindingRow.message
    found = select(*columns).where(FindingRow.submission_id == row.id)
    return tuple(sorted((code, severity.value, message) for code, severity, message in session.execute(found)))


def quiet_run(running: Deployment, story: Story, settings: Settings, folder: Path) -> dict[int, Judged]:
    """The same pull requests read and judged once more, one by one, with nothing breaking and nothing published.

    Waivers change verdicts, so pull requests with rulings are left out. They and the closed ones are known by their
    signatures, as are former heads: which of them were seen in time is chance.
    """
    with running.scope() as session:
        ruled = set(
            session.scalars(
                select(PullRequestRow.number)
                .join(SubmissionRow, SubmissionRow.pull_request_id == PullRequestRow.id)
                .join(Ruling, Ruling.submission_id == SubmissionRow.id)
            )
        )
    hub = running.hub
    wanted = [n for n in story.heads if hub.repository.pulls[n].issue.closed_at is None and n not in ruled]
    with postgresql() as url:
        engine = make_engine(url)
        upgrade(engine)
        gateway = GitHubGateway(settings)
        try:
            apart = settings.model_copy(update={"content_folder": folder / "quiet"})
            context = _context(apart, session_scope(engine), gateway)
            with context.scope() as session:
                assert hub.installation is not None
                account = hub.repository.owner
                repositories.see_installation(session, hub.installation.id, account.id, account.login)
                repositories.see_repository(session, hub.repository.id, hub.installation.id, hub.repository.full_name)
                with running.scope() as stormed:
                    _remember(stormed, session, wanted)
            for number in wanted:
                _work_on(context, subjects.of_pull_request(hub.repository.id, number))
            with context.scope() as session:
                return _judged(session)
        finally:
            gateway.close()
            engine.dispose()


def _remember(stormed: Session, session: Session, wanted: list[int]) -> None:
    """What was seen of each head and when, with the signatures of those that are not read once more."""
    session.flush()
    for row in stormed.scalars(select(PullRequestRow)):
        session.execute(insert(PullRequestRow).values(_columns(row)))
    heads = select(SubmissionRow, PullRequestRow).join(
        PullRequestRow, PullRequestRow.id == SubmissionRow.pull_request_id
    )
    for submission, request in stormed.execute(heads):
        seen = {"id": submission.id, "pull_request_id": request.id, "head_sha": submission.head_sha}
        session.execute(insert(SubmissionRow).values(**seen, created_at=submission.created_at))
        signature = stormed.get(ScriptSignature, submission.id)
        again = request.number in wanted and submission.head_sha == request.head_sha
        if signature is not None and not again:
            session.execute(insert(ScriptSignature).values(_columns(signature)))


def _columns(row: Base) -> dict[str, Any]:
    return {column.key: getattr(row, column.key) for column in inspect(type(row)).column_attrs}


def _context(settings: Settings, scope: SessionScope, gateway: GitHubGateway) -> Context:
    wanted = (Stage.FETCH, Stage.SCREEN, Stage.DECIDE)
    stages = functions()
    return Context(
        settings=settings,
        scope=scope,
        github=gateway,
        content=ContentStore(settings.content_folder),
        screen=screen_here,
        stages={stage: stages[stage] for stage in wanted},
        on_quarantine=set_aside,
        announce=lambda _stage, _job_id, _place: None,
    )


def _work_on(context: Context, subject: str) -> None:
    """Work on everything but publishing that follows from fetching one pull request."""
    with context.scope() as session:
        jobs.request(session, Stage.FETCH, subject)
    while True:
        with context.scope() as session:
            waiting = select(Job.id).where(Job.pending, Job.stage.in_(list(context.stages)))
            job_id = session.scalars(waiting.limit(1)).first()
        if job_id is None:
            return
        pipeline.work(context, job_id)
