"""Say on the pull request what counts now: one check for each head, one comment, labels.

The lease is the lock for each pull request. Whatever led here, what is said follows from the rows as they are now, and
only what differs from what was last said is written.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy.orm import Session, joinedload

from rules.competition import Publishing
from worker import subjects
from worker.clients.gateway import AbsentError, RefusedError
from worker.pipeline import Context, Superseded
from worker.publishing.check import check_of, superseded_check
from worker.publishing.comment import comment_of
from worker.publishing.labels import wanted_labels
from worker.publishing.said import Said
from worker.publishing.situation import OPEN, Phase, Situation, situation_of
from worker.publishing.writing import Writer
from worker.reproduction import telling
from worker.store import jobs, publications, repositories, rulings, submissions
from worker.store.jobs import Lease
from worker.store.models import PullRequestRow, SubmissionRow
from worker.store.publications import CHECK, COMMENT, LABELS, OURS, REPORT
from worker.store.types import now_plus

CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class _Desk:
    """What is to be said, and what was. `earlier` is the submission that the comment spoke of last."""

    writer: Writer
    situation: Situation
    pull_request: PullRequestRow
    publishing: Publishing
    earlier: SubmissionRow | None

    def check(self) -> None:
        """A closed pull request gets none that it has not got."""
        begin = self.pull_request.state == OPEN
        if begin or self._stands(CHECK, self.situation.head_sha):
            self.writer.check(check_of(self.situation), begin=begin)

    def superseded(self) -> None:
        """End the checks of heads that nobody reads any more, each once."""
        for (kind, head_sha), said in list(self.writer.known.items()):
            if kind == CHECK and head_sha != self.situation.head_sha and said.said.get("open"):
                check = superseded_check(head_sha, said.said["external_id"], self.situation.head_sha)
                self.writer.end_check(check)

    def comment(self) -> None:
        """The comment, where one stands already or may be begun."""
        begin = self.publishing.comment and self._may_talk()
        if not begin and not self._stands(COMMENT, REPORT):
            return
        if self.situation.phase is Phase.JUDGED:
            about = {"submission": str(self.situation.submission.id)}
            self.writer.comment(comment_of(self.situation), about, begin=begin)
        elif self.earlier is None or self.earlier.id != self.situation.submission.id:
            self.writer.comment(comment_of(self.situation, self.earlier), self._about_earlier(), begin=False)

    def labels(self) -> None:
        """The labels, where some stand already or may be begun."""
        if (self.publishing.labels and self._may_talk()) or self._stands(LABELS, OURS):
            standing = self.writer.said(LABELS, OURS).words("labels")
            self.writer.labels(wanted_labels(self.situation, standing))

    def says_the_end(self) -> bool:
        """Whether what stands there now is more than that it is being read."""
        told = self.situation.phase in (Phase.JUDGED, Phase.NO_SUBMISSION)
        return told and self._stands(CHECK, self.situation.head_sha)

    def _about_earlier(self) -> dict[str, str]:
        told = self.earlier if self.situation.phase is not Phase.NO_SUBMISSION else None
        return {} if told is None else {"submission": str(told.id)}

    def _may_talk(self) -> bool:
        """Whether comment and labels may be begun; those that stand are kept true in any case."""
        row = self.pull_request
        spoken_to = row.state == OPEN and not row.draft and not row.quiet
        return spoken_to and self.situation.phase is Phase.JUDGED

    def _stands(self, kind: str, subject: str) -> bool:
        return (kind, subject) in self.writer.known


def run(context: Context, lease: Lease) -> None:
    """Publish about the pull request that the lease's subject names."""
    desk = _prepare(context, lease)
    refused: Exception | None = None
    for write in (desk.check, desk.superseded, desk.comment, desk.labels):
        refused = _tried(write) or refused
    if refused is not None:
        raise refused
    with context.scope() as session:
        jobs.hold(session, lease)
        if desk.says_the_end():
            _note_published(session, desk)
        jobs.finish(session, lease)


def _tried(write: Callable[[], None]) -> Exception | None:
    """What GitHub refuses of one kind must not keep the others from being written."""
    try:
        write()
    except (AbsentError, RefusedError) as error:
        return error
    return None


def _prepare(context: Context, lease: Lease) -> _Desk:
    """Read all that is needed. Raises Superseded where nothing is to be said."""
    with context.scope() as session:
        jobs.hold(session, lease)
        pull_request = session.get(
            PullRequestRow, subjects.row_id(lease.subject), options=[joinedload(PullRequestRow.repository)]
        )
        current = None if pull_request is None else repositories.current_submission(session, pull_request)
        if pull_request is None or current is None or not pull_request.repository.active:
            raise Superseded
        if pull_request.state not in (OPEN, CLOSED):
            raise Superseded  # GitHub does not show it any more
        submission = submissions.load(session, current.id)
        assert submission is not None  # it was there a line above
        known = {key: Said.of(row) for key, row in publications.of_pull_request(session, pull_request.id).items()}
        competition = context.competition(pull_request.repository)
        page = _page(context, submission)
        told = telling.of_submission(session, submission.id, competition)
        ruled = rulings.of_submission(session, submission.id)
        situation = situation_of(submission, ruled, competition, page=page, runs=told)
        repo = subjects.repo_of(pull_request.repository)
        writer = Writer(context, lease, repo, pull_request.id, pull_request.number, submission.head_sha, known)
        earlier = _earlier(session, known.get((COMMENT, REPORT), Said()))
    return _Desk(writer, situation, pull_request, competition.publishing, earlier)


def _page(context: Context, submission: SubmissionRow) -> str | None:
    public = context.settings.public_url
    return None if public is None else f"{str(public).rstrip('/')}/submissions/{submission.id}"


def _earlier(session: Session, comment: Said) -> SubmissionRow | None:
    told = comment.said.get("submission")
    return None if told is None else session.get(SubmissionRow, subjects.row_id(told))


def _note_published(session: Session, desk: _Desk) -> None:
    row = session.get_one(SubmissionRow, desk.situation.submission.id)
    if desk.writer.wrote or row.published_at is None:
        row.published_at = now_plus()
