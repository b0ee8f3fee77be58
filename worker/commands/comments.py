"""The commands of one comment: read again from GitHub, planned, acknowledged, and carried out in one transaction.

Nothing of it happens twice: a command that was carried out is written down in the transaction that did it, a reaction
is GitHub's own to keep single, and an answer is found again by its number or its marker.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from rules.report import escape
from worker import subjects
from worker.clients.gateway import AbsentError, RefusedError, UnavailableError
from worker.commands import answers
from worker.commands.cases import HOUR, case_of
from worker.commands.handlers import Case, Plan, plan
from worker.commands.heard import MOST_COMMANDS, Heard, hear
from worker.pipeline import Context
from worker.rulings import HeadMovedError
from worker.store import commands, jobs, publications
from worker.store.jobs import Lease
from worker.store.models import Stage

log = logging.getLogger(__name__)

MOST_ANSWERS_AN_HOUR, MOST_ANSWERS_TO_ONE = 30, 10
DONE, NOT_DONE = "+1", "confused"

Plans = Sequence[tuple[str, str, Plan]]
"""Digest, line, and what becomes of it."""


@dataclass(frozen=True, slots=True)
class _Answer:
    """What is answered, and the number of the comment where it stands; None where GitHub did not let us."""

    text: str
    number: int | None


def run(context: Context, lease: Lease, repository_id: int, comment_id: int) -> None:
    """Carry out what is new in a comment. Ends quietly where there is nothing, or nobody, to listen to."""
    heard = hear(context, lease, repository_id, comment_id)
    case = case_of(context, lease, heard)
    plans = [(digest, line, plan(command, case, _origin(heard, digest))) for digest, line, command in heard.new]
    answer = _answer(context, lease, heard, case, plans)
    _react(context, heard, DONE if all(made.done for *_, made in plans) else NOT_DONE)
    with context.scope() as session:
        jobs.hold(session, lease)
        for digest, line, made in plans:
            _carry_out(session, heard, digest, line, made)
        if case.moved == answers.READING_ANEW:
            jobs.request(session, Stage.FETCH, subjects.of_pull_request(heard.repo.id, heard.facts.number))
        if answer is not None:
            _keep(session, case, heard, answer)
        jobs.finish(session, lease)


def _origin(heard: Heard, digest: str) -> str:
    return f"comment:{heard.facts.id}:{digest[:16]}"


def _answer(context: Context, lease: Lease, heard: Heard, case: Case, plans: Plans) -> _Answer | None:
    """Say what a reaction cannot, in one comment for each that asks; None where nothing is to be said."""
    facts, row_id = heard.facts, case.pull_request.id
    with context.scope() as session:
        said = publications.of_pull_request(session, row_id).get((commands.ANSWER, str(facts.id)))
        talks = commands.answered_lately(session, row_id, seconds=HOUR)
        to_one = commands.answered_lately(session, row_id, facts.author_id, seconds=HOUR)
    number = None if said is None else said.github_id
    if number is None and lease.fence > 1:  # an earlier attempt may have answered and died
        number = context.github.find_comment(heard.repo, facts.number, answers.marker(facts.id))
    if number is None:
        quiet = all(made.done and not made.speak for *_, made in plans) and not heard.left_out
        if quiet or talks >= MOST_ANSWERS_AN_HOUR or to_one >= MOST_ANSWERS_TO_ONE:
            return None
    text = _text(context, heard, plans)
    if said is not None and said.digest == answers.digest(text):
        return None
    with context.scope() as session:
        jobs.hold(session, lease)
    return _Answer(text, _say(context, heard, number, text))


def _text(context: Context, heard: Heard, plans: Plans) -> str:
    """What is said to each command that the comment gives now; to those that were carried out before, the same."""
    facts = heard.facts
    told = {**heard.known, **{digest: made.answer for digest, _, made in plans}}
    parts = [(line, told[digest]) for digest, line in heard.lines if digest in told]
    web, name = str(context.settings.github_web_url).rstrip("/"), escape.url_path(heard.repo.full_name)
    url = f"{web}/{name}/pull/{facts.number}#issuecomment-{facts.id}"
    return answers.body(facts.id, facts.author, url, parts, heard.left_out, MOST_COMMANDS)


def _say(context: Context, heard: Heard, number: int | None, text: str) -> int | None:
    """Write the answer; None where GitHub does not let us, as below a locked conversation."""
    try:
        if number is not None:
            try:
                context.github.update_comment(heard.repo, number, text)
            except AbsentError:
                log.info("answer %d was deleted", number)
            else:
                return number
        return context.github.create_comment(heard.repo, heard.facts.number, text)
    except (AbsentError, RefusedError) as error:
        log.warning("no answer to comment %d: %s", heard.facts.id, error)
        return None


def _react(context: Context, heard: Heard, content: str) -> None:
    try:
        context.github.react(heard.repo, heard.facts.id, content)
    except (AbsentError, RefusedError) as error:
        log.warning("no reaction to comment %d: %s", heard.facts.id, error)


def _carry_out(session: Session, heard: Heard, digest: str, line: str, made: Plan) -> None:
    """Write a command down and let it have its effect, unless that was done before."""
    facts = heard.facts
    new = commands.record(
        session, heard.repo.id, facts.id, digest, user_id=facts.author_id, text=line, answer=made.answer
    )
    if new and made.effect is not None:
        try:
            made.effect(session)
        except HeadMovedError as error:  # it moved since the plan was made: make another one
            raise UnavailableError(str(error)) from None


def _keep(session: Session, case: Case, heard: Heard, answer: _Answer) -> None:
    publications.keep(
        session,
        case.pull_request.id,
        commands.ANSWER,
        str(heard.facts.id),
        github_id=answer.number,
        digest=answers.digest(answer.text),
        said={"user_id": str(heard.facts.author_id)},
    )
