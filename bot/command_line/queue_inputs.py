"""What `fairway queue` is given: numbers, codes, a repository, and who asks."""

from __future__ import annotations

import getpass
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.command_line import database, deployment
from worker.rulings import Person
from worker.settings import Settings
from worker.store import repositories, submissions
from worker.store.models import Repository, SubmissionRow

MOVED = "#{0} is at {1} now, not at {2}: look at it with `fairway queue show {0}`; nothing was done"
_NUMBER = re.compile(r"#?([1-9]\d{0,9})")
_LOGIN = re.compile(r"[A-Za-z0-9_-]{1,100}")


@contextmanager
def transaction() -> Iterator[Session]:
    """One transaction on the deployment's database."""
    with database.opened() as scope, scope() as session:
        yield session


def settings() -> Settings:
    """The deployment's settings."""
    return deployment.settings_as_given()


def numbers(words: Sequence[str]) -> list[int]:
    """Numbers of pull requests in their order, each once. Raises UsageError."""
    found = [_NUMBER.fullmatch(word) for word in words]
    if None in found or not found:
        raise click.UsageError(f"{words[found.index(None)] if words else ''!r} is no number of a pull request")
    return sorted({int(match[1]) for match in found if match})


def numbers_and_codes(words: Sequence[str]) -> tuple[list[int], list[str]]:
    """Numbers first, then codes. Raises UsageError."""
    first = next((i for i, word in enumerate(words) if not _NUMBER.fullmatch(word)), len(words))
    if first == 0:
        raise click.UsageError("name pull requests by their numbers first, then the codes")
    return numbers(words[:first]), list(words[first:])


def person(login: str | None) -> Person:
    """Who asks: the login that was given, else the account on this machine, which the audit holds in either case."""
    try:
        account = getpass.getuser()
    except (KeyError, OSError):
        account = "an account without a name"
    if login is not None and not _LOGIN.fullmatch(login):
        raise click.UsageError(f"--as: {login!r} is no login")
    return Person(login or account, 0, f"command line, as {account}")


def repository(session: Session, name: str | None) -> Repository:
    """The repository of that name; without one, the only one that there is. Raises ClickException."""
    known = session.scalars(select(Repository).where(Repository.active).order_by(Repository.full_name)).all()
    if not known:
        raise click.ClickException("no repository is known yet: install the App on one")
    if name is None and len(known) == 1:
        return known[0]
    for one in known:
        if name is not None and one.full_name.lower() == name.lower():
            return one
    names = ", ".join(one.full_name for one in known[:20])
    wrong = "there are several repositories" if name is None else f"there is no repository {name!r}"
    raise click.ClickException(f"{wrong}; --repository takes one of {names}")


def submission(session: Session, of: Repository, number: int, head: str | None = None) -> SubmissionRow:
    """The submission at the head that counts, and that begins with `head`. Raises ClickException."""
    row = repositories.pull_request(session, of.id, number)
    current = None if row is None else repositories.current_submission(session, row)
    loaded = None if current is None else submissions.load(session, current.id)
    if loaded is None:
        raise click.ClickException(f"{of.full_name} has no pull request #{number} that Fairway has read")
    if head is not None and not loaded.head_sha.startswith(head.lower()):
        raise click.ClickException(MOVED.format(number, loaded.head_sha[:10], head))
    return loaded
