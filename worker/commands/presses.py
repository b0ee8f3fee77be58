"""What follows when somebody presses a button at a check: ours, or GitHub's own "Re-run"."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from sqlalchemy.orm import Session

from worker import rulings, subjects
from worker.commands.asked import BUTTONS, HUMAN_REVIEW, REPRODUCE, RERUN, Again, Press
from worker.commands.rulers import may_rule
from worker.pipeline import Context, Superseded
from worker.rulings import Person, RulingError
from worker.store import jobs, publications, repositories, submissions
from worker.store.jobs import Lease
from worker.store.models import Repository, Stage, SubmissionRow

log = logging.getLogger(__name__)

KIND = "probe"


def again(context: Context, lease: Lease, asked: Again) -> None:
    """GitHub's "Re-run": read the pull request again and write its check anew, since GitHub shows it as waiting."""
    with context.scope() as session:
        jobs.hold(session, lease)
        if repositories.active_repository(session, asked.repository_id) is not None:
            _read_again(session, asked.repository_id, asked.number)
        jobs.finish(session, lease)


def press(context: Context, lease: Lease, asked: Press) -> None:
    """One of our buttons. What was pressed at a commit that counts no more asks for nothing about the new one."""
    with context.scope() as session:
        repository = repositories.active_repository(session, asked.repository_id)
    if repository is None or asked.button not in BUTTONS:
        raise Superseded
    allowed = asked.button != REPRODUCE or _may_rule(context, repository, asked)
    with context.scope() as session:
        jobs.hold(session, lease)
        if asked.button == RERUN:
            for number in repositories.numbers_with_head(session, repository.id, asked.head_sha):
                _read_again(session, repository.id, number)
        else:
            for submission in _current(session, repository.id, asked.head_sha):
                _ask(session, submission, asked, wished=not allowed)
        jobs.finish(session, lease)


def _may_rule(context: Context, repository: Repository, asked: Press) -> bool:
    repo, competition = subjects.repo_of(repository), context.competition(repository)
    return may_rule(context.github, context.scope, repo, competition, asked.login, asked.user_id)


def _read_again(session: Session, repository_id: int, number: int) -> None:
    row = repositories.pull_request(session, repository_id, number)
    if row is not None:
        publications.say_again(session, row.id, row.head_sha)
    jobs.request(session, Stage.FETCH, subjects.of_pull_request(repository_id, number))


def _current(session: Session, repository_id: int, head_sha: str) -> Sequence[SubmissionRow]:
    """The submissions of pull requests that are at that head now."""
    found = []
    for number in sorted(repositories.numbers_with_head(session, repository_id, head_sha)):
        row = repositories.pull_request(session, repository_id, number)
        current = None if row is None or row.head_sha != head_sha else repositories.current_submission(session, row)
        loaded = None if current is None else submissions.load(session, current.id)
        found += [] if loaded is None else [loaded]
    return found


def _ask(session: Session, submission: SubmissionRow, asked: Press, *, wished: bool) -> None:
    """Somebody who rules approves by pressing; anybody else wishes."""
    person = Person(asked.login, asked.user_id, "button")
    try:
        if asked.button == HUMAN_REVIEW:
            rulings.request_human(session, submission, person)
        else:
            rulings.request_reproduction(session, submission, KIND, person, wished=wished)
    except RulingError as error:
        log.info("a button asked in vain: %s", error)
