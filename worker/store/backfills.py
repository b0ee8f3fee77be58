"""Queries on backfills: what was wished for, which pull requests are to be fetched, how far it is.

A backfill has two jobs. One lists the open pull requests and makes a row for each; it is named by what is wished for,
such as "12!quiet". The other, "12!feed", asks for the fetching of rows that were not fetched yet, slowly.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, String, case, cast, func, literal, or_, select, update
from sqlalchemy.orm import Session

from worker.store import jobs
from worker.store.models import Job, PullRequestRow, Repository, Stage, SubmissionRow
from worker.store.repositories import insert_new
from worker.store.types import now_plus

FEED = "feed"
OPEN = "open"
JUDGING = (Stage.FETCH, Stage.SCREEN, Stage.DECIDE)
LOUD_CREATIONS, QUIET_CREATIONS = 3, 1
"""What publishing creates for a pull request: a check, a comment and labels, or a check alone."""


class Voice(StrEnum):
    """Whether pull requests get a comment and labels. `USUAL`: those that a quiet backfill found stay quiet."""

    USUAL = ""
    QUIET = "quiet"
    LOUD = "loud"


@dataclass(frozen=True, slots=True)
class Wish:
    """What a backfill is to do, in the subject of its job. `since`: only what was created on that day or later."""

    repository_id: int
    voice: Voice = Voice.USUAL
    since: date | None = None

    @property
    def subject(self) -> str:
        """As text."""
        since = None if self.since is None else f"since={self.since.isoformat()}"
        return "!".join(part for part in (str(self.repository_id), self.voice.value, since) if part)

    @property
    def is_plain(self) -> bool:
        """Whether nothing particular is wished for."""
        return self.voice is Voice.USUAL and self.since is None

    @property
    def begins_at(self) -> datetime | None:
        """The first moment of `since`."""
        return None if self.since is None else datetime.combine(self.since, time(), UTC)

    @classmethod
    def of(cls, subject: str) -> Wish:
        """Back from a subject. Raises ValueError for one that is none."""
        number, *words = subject.split("!")
        days = [date.fromisoformat(word.removeprefix("since=")) for word in words if word.startswith("since=")]
        voices = [Voice(word) for word in words if not word.startswith("since=")]
        return cls(int(number), voices[0] if voices else Voice.USUAL, days[0] if days else None)


class Asked(StrEnum):
    """What became of a wish."""

    BEGUN = "begun"
    JOINED = "joined"
    REPLACED = "replaced"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far it is. `busy`: some pull request of any repository is being judged; `fault`: why a job was set aside."""

    listing: bool
    feeding: bool
    busy: bool
    total: int
    judged: int
    fault: str | None = None

    @property
    def done(self) -> bool:
        """Whether everything that was found is judged, or nothing more will be."""
        return not self.listing and not self.feeding and (self.judged >= self.total or not self.busy)


@dataclass(frozen=True, slots=True)
class Listed:
    """An open pull request as GitHub's list shows it: the columns of its row."""

    number: int
    head_sha: str
    draft: bool
    title: str
    created_at: datetime
    rest: dict[str, Any]


def feeding(repository_id: int) -> str:
    """The subject of the job that feeds the pipeline."""
    return f"{repository_id}!{FEED}"


def ask(session: Session, wish: Wish) -> Asked:
    """Ask for a backfill. One that is under way goes on if nothing else is wished for; else the newest wish counts."""
    others = under_way(session, wish.repository_id)
    if wish.subject in others or (wish.is_plain and others):
        return Asked.JOINED
    for subject in session.scalars(select(Job.subject).where(_jobs_of(wish.repository_id), Job.pending)).all():
        if subject != feeding(wish.repository_id) or subject not in others:  # one that was set aside begins anew, too
            jobs.cancel(session, Stage.BACKFILL, subject)
    forget_cursor(session, wish.repository_id)
    jobs.request(session, Stage.BACKFILL, wish.subject)
    return Asked.REPLACED if set(others) - {feeding(wish.repository_id)} else Asked.BEGUN


def forget_cursor(session: Session, repository_id: int) -> None:
    """List from the beginning next time."""
    session.execute(update(Repository).where(Repository.id == repository_id).values(backfill_cursor=None))


def under_way(session: Session, repository_id: int) -> Sequence[str]:
    """The subjects of a repository's backfill jobs that are not done."""
    statement = select(Job.subject).where(_jobs_of(repository_id), Job.pending, Job.quarantined_at.is_(None))
    return session.scalars(statement.order_by(Job.created_at)).all()


def keep(session: Session, wish: Wish, after: int, listed: Sequence[Listed], *, last_page: bool) -> None:
    """Rows for what a page lists after a number. What GitHub shows otherwise than the row is to be fetched again."""
    begins = wish.begins_at
    wanted = {one.number: one for one in listed if begins is None or one.created_at >= begins}
    known = {row.number: row for row in _rows(session, wish, after, None if last_page else _last(listed))}
    for one in wanted.values():
        row = known.get(one.number) or _row(session, wish.repository_id, one.number)
        if row is None:
            _add(session, wish, one)
        else:
            _bring_up(row, one, wish.voice)
    for row in known.values():
        if row.number not in wanted:
            row.fetched_at = None  # it was closed, and nobody told us


def _rows(session: Session, wish: Wish, after: int, last: int | None) -> Iterable[PullRequestRow]:
    """Rows that we take for open, in the range that a page shows."""
    statement = _open(wish.repository_id, wish.begins_at).where(PullRequestRow.number > after)
    return session.scalars(statement if last is None else statement.where(PullRequestRow.number <= last))


def _row(session: Session, repository_id: int, number: int) -> PullRequestRow | None:
    of = PullRequestRow.repository_id == repository_id, PullRequestRow.number == number
    return session.scalars(select(PullRequestRow).where(*of)).one_or_none()


def _last(listed: Collection[Listed]) -> int:
    return max((one.number for one in listed), default=0)


def _add(session: Session, wish: Wish, one: Listed) -> None:
    values = {
        "repository_id": wish.repository_id,
        "number": one.number,
        "head_sha": one.head_sha,
        "state": OPEN,
        "draft": one.draft,
        "title": one.title,
        "created_at": one.created_at,
        "quiet": wish.voice is Voice.QUIET,
        **one.rest,
    }
    insert_new(session, PullRequestRow, ["repository_id", "number"], values)


def _bring_up(row: PullRequestRow, one: Listed, voice: Voice) -> None:
    shown = (row.head_sha, row.state, row.draft, row.title) == (one.head_sha, OPEN, one.draft, one.title)
    lifted = voice is Voice.LOUD and row.quiet
    if voice is Voice.QUIET and row.fetched_at is None:
        row.quiet = True
    if lifted:
        row.quiet = False
    if lifted or not shown:
        row.state, row.fetched_at = OPEN, None


def waiting(session: Session, repository_id: int, limit: int) -> Sequence[PullRequestRow]:
    """Pull requests that nobody fetched or is about to fetch, oldest first."""
    asked = select(Job.id).where(Job.stage == Stage.FETCH, Job.subject == _fetch_subject(repository_id), Job.pending)
    statement = _open(repository_id, None).where(PullRequestRow.fetched_at.is_(None), ~asked.exists())
    return session.scalars(statement.order_by(PullRequestRow.number).limit(limit)).all()


def fetching(session: Session, repository_id: int) -> int:
    """How many fetches of a repository are asked for and not done."""
    of = Job.stage == Stage.FETCH, Job.subject.startswith(f"{repository_id}#")
    return session.scalar(select(func.count()).where(*of, Job.pending, Job.quarantined_at.is_(None))) or 0


def spent(session: Session, installation_id: int, seconds: float = 3_600.0) -> int:
    """How much was created, at most, for what an installation's pull requests were fetched for lately."""
    cost = case((PullRequestRow.quiet, QUIET_CREATIONS), else_=LOUD_CREATIONS)
    statement = (
        select(func.sum(cost))
        .join(Repository, PullRequestRow.repository_id == Repository.id)
        .where(Repository.installation_id == installation_id, PullRequestRow.fetched_at >= now_plus(-seconds))
    )
    return int(session.scalar(statement) or 0)


def listed_before(session: Session, repository_id: int, number: int) -> int:
    """How many pull requests that we take for open have at most that number."""
    statement = _open(repository_id, None).where(PullRequestRow.number <= number)
    return session.scalar(select(func.count()).select_from(statement.subquery())) or 0


def overdue(session: Session, seconds: float) -> bool:
    """Whether some job is due for so long and nobody takes it: then no worker runs, or all are busy."""
    untaken = or_(Job.leased_until.is_(None), Job.leased_until < now_plus())
    due = select(Job.id).where(Job.pending, Job.quarantined_at.is_(None), Job.run_after < now_plus(-seconds), untaken)
    return session.scalars(due.limit(1)).first() is not None


def progress(session: Session, wish: Wish) -> Progress:
    """How far a backfill is, as the rows tell."""
    under = under_way(session, wish.repository_id)
    found = _open(wish.repository_id, wish.begins_at)
    judged = found.join(SubmissionRow, SubmissionRow.pull_request_id == PullRequestRow.id).where(
        SubmissionRow.head_sha == PullRequestRow.head_sha, SubmissionRow.decided_at.is_not(None)
    )
    faults = select(Job.last_error).where(_jobs_of(wish.repository_id), Job.pending, Job.quarantined_at.is_not(None))
    busy = select(Job.id).where(Job.stage.in_(JUDGING), Job.pending, Job.quarantined_at.is_(None))
    feeds = feeding(wish.repository_id)
    return Progress(
        listing=any(subject != feeds for subject in under),
        feeding=feeds in under,
        busy=session.scalars(busy.limit(1)).first() is not None,
        total=session.scalar(select(func.count()).select_from(found.subquery())) or 0,
        judged=session.scalar(select(func.count()).select_from(judged.subquery())) or 0,
        fault=session.scalars(faults).first(),
    )


def _open(repository_id: int, since: datetime | None) -> Select[Any]:
    statement = select(PullRequestRow).where(
        PullRequestRow.repository_id == repository_id, PullRequestRow.state == OPEN
    )
    return statement if since is None else statement.where(PullRequestRow.created_at >= since)


def _jobs_of(repository_id: int) -> ColumnElement[bool]:
    subject = (Job.subject == str(repository_id)) | Job.subject.startswith(f"{repository_id}!")
    return (Job.stage == Stage.BACKFILL) & subject


def _fetch_subject(repository_id: int) -> ColumnElement[str]:
    return literal(f"{repository_id}#") + cast(PullRequestRow.number, String)
