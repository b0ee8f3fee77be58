"""The commands of one comment: read again from GitHub, planned, acknowledged, and carried out in one transaction.

Nothing of it happens twice: a command that was carried out is written down in the transaction that did it, a reaction
is GitHub's own to keep single, and an answer is found again by its number or its marker.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from rules.report import escape
from worker import subjects
from worker.clients.gateway import AbsentError, CommentFacts, RefusedError, Repo, UnavailableError
from worker.commands import answers
from worker.commands.grammar import Command, Hold, Mistake, parse
from worker.commands.handlers import RULING, Case, Plan, plan
from worker.commands.reading import lines_of
from worker.commands.rulers import may_rule
from worker.pipeline import Context, Superseded
from worker.rulings import HeadMovedError, Person
from worker.store import commands, jobs, publications, queue, repositories, rulings, runs, submissions
from worker.store.jobs import Lease
from worker.store.models import Job, PullRequestRow, Repository, Stage

log = logging.getLogger(__name__)

MOST_COMMANDS = 10
HOUR = 3_600.0
MOST_COMMENTS_AN_HOUR = 60
MOST_ANSWERS_AN_HOUR, MOST_ANSWERS_TO_ONE = 30, 10
MOST_WAITS = 20
DONE, NOT_DONE = "+1", "confused"
CLOCKS = timedelta(seconds=1)
"""GitHub tells whole seconds."""


@dataclass(frozen=True, slots=True)
class _Comment:
    """A comment with commands that are new in it. `known`: digest → answer of those that were carried out before."""

    facts: CommentFacts
    repository: Repository
    repo: Repo
    asked_at: datetime
    lines: Sequence[tuple[str, str]]
    new: Sequence[tuple[str, str, Command | Mistake]]
    known: dict[str, str]
    left_out: int

    @property
    def rules(self) -> bool:
        """Whether it takes somebody who rules."""
        return any(isinstance(command, RULING) for _, _, command in self.new)


@dataclass(frozen=True, slots=True)
class _Answer:
    """What is answered, and where it stands when it does."""

    text: str
    number: int | None


def run(context: Context, lease: Lease, repository_id: int, comment_id: int) -> None:
    """Carry out what is new in a comment. Ends quietly where there is nothing, or nobody, to listen to."""
    comment = _read(context, lease, repository_id, comment_id)
    case = _case(context, lease, comment)
    facts = comment.facts
    plans = [
        (digest, line, plan(command, case, f"comment:{facts.id}:{digest[:16]}"))
        for digest, line, command in comment.new
    ]
    answer = _answer(context, lease, comment, case, plans)
    _react(context, comment, DONE if all(made.done for *_, made in plans) else NOT_DONE)
    with context.scope() as session:
        jobs.hold(session, lease)
        for digest, line, made in plans:
            _carry_out(session, comment, digest, line, made)
        if case.moved == answers.READING_ANEW:
            subject = subjects.of_pull_request(comment.repo.id, facts.number)
            jobs.request(session, Stage.FETCH, subject)
        if answer is not None:
            _keep(session, case.pull_request, facts, answer)
        jobs.finish(session, lease)


def _read(context: Context, lease: Lease, repository_id: int, comment_id: int) -> _Comment:
    with context.scope() as session:
        repository = repositories.active_repository(session, repository_id)
        asked_at = session.get_one(Job, lease.job_id).created_at
        known = dict(commands.answers(session, repository_id, comment_id))
    if repository is None:
        raise Superseded
    repo = subjects.repo_of(repository)
    try:
        facts = context.github.comment(repo, comment_id)
    except AbsentError:
        raise Superseded from None  # deleted meanwhile
    found = [] if _is_a_program(facts) else lines_of(facts.body)
    lines = list(zip(commands.digests(found), found, strict=True))
    fresh = [(digest, line, parse(line)) for digest, line in lines if digest not in known]
    room = max(0, MOST_COMMANDS - len(known))
    if not fresh[:room]:
        raise Superseded
    return _Comment(facts, repository, repo, asked_at, lines, fresh[:room], known, len(fresh[room:]))


def _is_a_program(facts: CommentFacts) -> bool:
    """Bots, Apps that write in somebody's name, and this App itself give no commands."""
    return facts.is_bot or facts.app_id is not None or facts.author.lower().endswith("[bot]")


def _case(context: Context, lease: Lease, comment: _Comment) -> Case:
    """All that the commands depend on: the rows as they are, and what GitHub says of who asks and of the head."""
    facts, repository = comment.facts, comment.repository
    case, often, newer = _stored(context, lease, comment)
    rules = comment.rules or often
    if rules and not may_rule(
        context.github, context.scope, comment.repo, case.competition, facts.author, facts.author_id
    ):
        if often:
            log.info("%s gave commands in too many comments of %s", facts.author_id, repository.full_name)
            raise Superseded
        named = case.competition.rulers
        return replace(case, refusal=answers.who_rules(named.permissions, named.users))
    if not any(isinstance(command, RULING) and not isinstance(command, Hold) for _, _, command in comment.new):
        return case
    if context.github.pull_request(comment.repo, facts.number).head_sha != case.pull_request.head_sha:
        return replace(case, moved=answers.READING_ANEW)
    return replace(case, moved=answers.moved(case.pull_request.head_sha) if newer else None)


def _stored(context: Context, lease: Lease, comment: _Comment) -> tuple[Case, bool, bool]:
    """The case as far as the rows tell; whether the person asks too often; whether the head came after the comment."""
    facts = comment.facts
    with context.scope() as session:
        row = repositories.pull_request(session, comment.repo.id, facts.number)
        if row is not None:
            current = repositories.current_submission(session, row)
            submission = None if current is None else submissions.load(session, current.id)
            since = min(comment.asked_at, facts.created_at + CLOCKS)
            case = Case(
                Person(facts.author, facts.author_id, "comment"),
                context.competition(comment.repository),
                row,
                submission,
                [] if submission is None else rulings.of_submission(session, submission.id),
                [] if submission is None else runs.of_submission(session, submission.id),
                queue.is_set_aside(session, row, submission),
            )
            asked = commands.comments_of(session, comment.repo.id, facts.author_id, seconds=HOUR)
            return case, asked >= MOST_COMMENTS_AN_HOUR, submissions.moved_since(session, row, since)
    _bring(context, lease, comment)
    raise UnavailableError(f"pull request {facts.number} is not read yet")


def _bring(context: Context, lease: Lease, comment: _Comment) -> None:
    """Have a pull request read that nobody told us of. Raises Superseded for an issue that is none."""
    number = comment.facts.number
    if lease.waits >= MOST_WAITS:
        raise LookupError(f"pull request {number} was not read in {lease.waits} waits")
    try:
        context.github.pull_request(comment.repo, number)
    except AbsentError:
        raise Superseded from None
    with context.scope() as session:
        jobs.request(session, Stage.FETCH, subjects.of_pull_request(comment.repo.id, number))


def _answer(
    context: Context, lease: Lease, comment: _Comment, case: Case, plans: Sequence[tuple[str, str, Plan]]
) -> _Answer | None:
    """Say what a reaction cannot, in one comment for each that asks; None where nothing is to be said."""
    facts, repo = comment.facts, comment.repo
    with context.scope() as session:
        said = publications.of_pull_request(session, case.pull_request.id).get((commands.ANSWER, str(facts.id)))
        talks = commands.answered_lately(session, case.pull_request.id, seconds=HOUR)
        to_one = commands.answered_lately(session, case.pull_request.id, facts.author_id, seconds=HOUR)
    number = None if said is None else said.github_id
    if number is None and lease.fence > 1:  # an earlier attempt may have answered and died
        number = context.github.find_comment(repo, facts.number, answers.marker(facts.id))
    if number is None:
        quiet = all(made.done and not made.speak for *_, made in plans) and not comment.left_out
        if quiet or talks >= MOST_ANSWERS_AN_HOUR or to_one >= MOST_ANSWERS_TO_ONE:
            return None
    text = _text(context, comment, plans)
    if said is not None and said.digest == answers.digest(text):
        return None
    with context.scope() as session:
        jobs.hold(session, lease)
    return _Answer(text, _say(context, repo, facts.number, number, text))


def _text(context: Context, comment: _Comment, plans: Sequence[tuple[str, str, Plan]]) -> str:
    facts = comment.facts
    told = comment.known | {digest: made.answer for digest, _, made in plans}
    parts = [(line, told[digest]) for digest, line in comment.lines if digest in told]
    web, name = str(context.settings.github_web_url).rstrip("/"), escape.url_path(comment.repo.full_name)
    url = f"{web}/{name}/pull/{facts.number}#issuecomment-{facts.id}"
    return answers.body(facts.id, facts.author, url, parts, comment.left_out, MOST_COMMANDS)


def _say(context: Context, repo: Repo, pull_request: int, number: int | None, text: str) -> int | None:
    """Write the answer; None where GitHub does not let us, as below a locked conversation."""
    try:
        if number is not None:
            try:
                context.github.update_comment(repo, number, text)
            except AbsentError:
                log.info("answer %d was deleted", number)
            else:
                return number
        return context.github.create_comment(repo, pull_request, text)
    except (AbsentError, RefusedError) as error:
        log.warning("no answer below %s#%d: %s", repo.full_name, pull_request, error)
        return None


def _react(context: Context, comment: _Comment, content: str) -> None:
    try:
        context.github.react(comment.repo, comment.facts.id, content)
    except (AbsentError, RefusedError) as error:
        log.warning("no reaction to comment %d of %s: %s", comment.facts.id, comment.repo.full_name, error)


def _carry_out(session: Session, comment: _Comment, digest: str, line: str, made: Plan) -> None:
    """Write a command down and let it have its effect, unless that was done before."""
    facts = comment.facts
    new = commands.record(
        session, comment.repo.id, facts.id, digest, user_id=facts.author_id, text=line, answer=made.answer
    )
    if new and made.effect is not None:
        try:
            made.effect(session)
        except HeadMovedError as error:  # it moved since the plan was made: make another one
            raise UnavailableError(str(error)) from None


def _keep(session: Session, row: PullRequestRow, facts: CommentFacts, answer: _Answer) -> None:
    publications.keep(
        session,
        row.id,
        commands.ANSWER,
        str(facts.id),
        github_id=answer.number,
        digest=answers.digest(answer.text),
        said={"user_id": str(facts.author_id)},
    )
