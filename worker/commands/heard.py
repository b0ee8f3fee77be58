"""A comment as GitHub shows it now, and the commands that are new in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from worker import subjects
from worker.clients.gateway import AbsentError, CommentFacts, Repo
from worker.commands.grammar import Command, Mistake, parse
from worker.commands.handlers import RULING
from worker.commands.reading import lines_of
from worker.pipeline import Context, Superseded
from worker.store import commands, repositories
from worker.store.jobs import Lease
from worker.store.models import Job, Repository

MOST_COMMANDS = 10


@dataclass(frozen=True, slots=True)
class Heard:
    """A comment with commands.

    `lines` are all of them by their digests, `new` those to be carried out, `known` what was answered to those that
    were before, `left_out` how many are more than one comment may give. `asked_at` is when we first heard of it.
    """

    facts: CommentFacts
    repository: Repository
    repo: Repo
    asked_at: datetime
    lines: Sequence[tuple[str, str]]
    new: Sequence[tuple[str, str, Command | Mistake]]
    known: Mapping[str, str]
    left_out: int

    @property
    def rules(self) -> bool:
        """Whether it takes somebody who rules."""
        return any(isinstance(command, RULING) for _, _, command in self.new)


def hear(context: Context, lease: Lease, repository_id: int, comment_id: int) -> Heard:
    """Read a comment. Raises Superseded where it is gone, a program wrote it, or nothing is new in it."""
    with context.scope() as session:
        repository = repositories.active_repository(session, repository_id)
        asked_at = session.get_one(Job, lease.job_id).created_at
        known = commands.answers(session, repository_id, comment_id)
    if repository is None:
        raise Superseded
    repo = subjects.repo_of(repository)
    try:
        facts = context.github.comment(repo, comment_id)
    except AbsentError:
        raise Superseded from None
    found = [] if _is_a_program(facts) else lines_of(facts.body)
    lines = list(zip(commands.digests(found), found, strict=True))
    fresh = [(digest, line, parse(line)) for digest, line in lines if digest not in known]
    room = max(0, MOST_COMMANDS - len(known))
    if not fresh[:room]:
        raise Superseded
    return Heard(facts, repository, repo, asked_at, lines, fresh[:room], known, len(fresh[room:]))


def _is_a_program(facts: CommentFacts) -> bool:
    """Bots, Apps that write in somebody's name, and this App itself give no commands."""
    return facts.is_bot or facts.app_id is not None or facts.author.lower().endswith("[bot]")
