"""What the commands of a comment depend on: the rows as they are, and what GitHub says of who asks and of the head."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from datetime import timedelta

from sqlalchemy.orm import Session

from worker import precedents, subjects
from worker.clients.gateway import AbsentError, UnavailableError
from worker.commands import answers
from worker.commands.grammar import Hold
from worker.commands.handlers import RULING, Case, Decision, decision_of
from worker.commands.heard import Heard
from worker.commands.rulers import may_rule
from worker.pipeline import Context, Superseded
from worker.precedents import Effect
from worker.reproduction import telling
from worker.rulings import Person
from worker.store import commands, jobs, queue, repositories, rulings, runs, submissions
from worker.store.jobs import Lease
from worker.store.models import PullRequestRow, Stage

log = logging.getLogger(__name__)

HOUR = 3_600.0
MOST_COMMENTS_AN_HOUR = 60
MOST_WAITS, WAITS_FOR_NEWS = 20, 2
CLOCKS = timedelta(seconds=1)
"""GitHub tells whole seconds."""


@dataclass(frozen=True, slots=True)
class _Stored:
    """What the rows tell.

    `often`: the author gave commands in very many comments lately. `newer`: the head came after the comment. `own`:
    what the comment says is its author's, as far as we were told.
    """

    case: Case
    often: bool
    newer: bool
    own: bool


def case_of(context: Context, lease: Lease, heard: Heard) -> Case:
    """The case. Raises Superseded where nobody has to be listened to, UnavailableError where something is not known."""
    stored = _stored(context, lease, heard)
    rulers = stored.case.competition.rulers
    if (heard.rules or stored.often) and not _may_rule(context, heard, stored):
        if stored.often:
            log.info("account %d gave commands in very many comments", heard.facts.author_id)
            raise Superseded
        return replace(stored.case, refusal=answers.who_rules(rulers.permissions, rulers.users))
    if heard.rules and not stored.own:
        if lease.waits < WAITS_FOR_NEWS:
            raise UnavailableError(f"comment {heard.facts.id} was changed, and who did it is not told yet")
        return replace(stored.case, refusal=answers.EDITED)
    return replace(stored.case, moved=_moved(context, heard, stored), effects=_effects(context, heard, stored.case))


def _effects(context: Context, heard: Heard, case: Case) -> dict[Decision, Effect]:
    """What each decision that is asked for would do to precedents: it is told before it is done."""
    asked = {decision for _, _, command in heard.new if (decision := decision_of(command)) is not None}
    if not asked or case.submission is None:
        return {}
    with context.scope() as session:
        row = submissions.load(session, case.submission.id)
        return {} if row is None else {one: precedents.foresee(session, row, *one) for one in asked}


def _may_rule(context: Context, heard: Heard, stored: _Stored) -> bool:
    facts, competition = heard.facts, stored.case.competition
    return may_rule(context.github, context.scope, heard.repo, competition, facts.author, facts.author_id)


def _moved(context: Context, heard: Heard, stored: _Stored) -> str | None:
    """Why a ruling on a commit would not be on the one that was looked at; a hold is not for a commit."""
    if not any(isinstance(command, RULING) and not isinstance(command, Hold) for _, _, command in heard.new):
        return None
    head_sha = stored.case.pull_request.head_sha
    if context.github.pull_request(heard.repo, heard.facts.number).head_sha != head_sha:
        return answers.READING_ANEW
    return answers.moved(head_sha) if stored.newer else None


def _stored(context: Context, lease: Lease, heard: Heard) -> _Stored:
    facts, repository_id = heard.facts, heard.repo.id
    with context.scope() as session:
        row = repositories.pull_request(session, repository_id, facts.number)
        if row is not None:
            asked = commands.comments_of(session, repository_id, facts.author_id, seconds=HOUR)
            since = min(heard.asked_at, facts.created_at + CLOCKS)
            vouched = commands.is_vouched(session, repository_id, facts.id, facts.author_id, facts.updated_at)
            return _Stored(
                _read(context, session, heard, row),
                often=asked >= MOST_COMMENTS_AN_HOUR,
                newer=submissions.moved_since(session, row, since),
                own=vouched or facts.updated_at == facts.created_at,
            )
    _bring(context, lease, heard)
    raise UnavailableError(f"pull request {facts.number} is not read yet")


def _read(context: Context, session: Session, heard: Heard, row: PullRequestRow) -> Case:
    current = repositories.current_submission(session, row)
    submission = None if current is None else submissions.load(session, current.id)
    competition = context.competition(heard.repository)
    return Case(
        Person(heard.facts.author, heard.facts.author_id, "comment"),
        competition,
        row,
        submission,
        [] if submission is None else rulings.of_submission(session, submission.id),
        [] if submission is None else runs.of_submission(session, submission.id),
        () if submission is None else telling.of_submission(session, submission.id, competition),
        queue.is_set_aside(session, row, submission),
    )


def _bring(context: Context, lease: Lease, heard: Heard) -> None:
    """Have a pull request read that nobody told us of. Raises Superseded for an issue that is none."""
    number = heard.facts.number
    if lease.waits >= MOST_WAITS:
        raise LookupError(f"pull request {number} was not read in {lease.waits} waits")
    try:
        context.github.pull_request(heard.repo, number)
    except AbsentError:
        raise Superseded from None
    with context.scope() as session:
        jobs.request(session, Stage.FETCH, subjects.of_pull_request(heard.repo.id, number))
