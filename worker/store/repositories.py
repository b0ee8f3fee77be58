"""Queries on installations, repositories and pull requests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func, inspect, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Session, joinedload

from worker.store.models import Base, Installation, PullRequestRow, Repository, SubmissionRow

_TURN = 4707102 << 32
"""Above the repository's number in the key of PostgreSQL's advisory lock, so that no other use of such locks meets."""


def upsert(session: Session, table: type[Base], keys: Sequence[str], values: dict[str, Any]) -> None:
    """Insert a row or bring the existing one with the same keys up to date; safe against another doing the same."""
    insert = postgresql_insert if session.get_bind().dialect.name == "postgresql" else sqlite_insert
    changed = {name: value for name, value in values.items() if name not in keys}
    statement = insert(table).values(**values)
    if changed:
        statement = statement.on_conflict_do_update(index_elements=list(keys), set_=changed)
    else:
        statement = statement.on_conflict_do_nothing(index_elements=list(keys))
    session.execute(statement)


def insert_new(session: Session, table: type[Base], keys: Sequence[str], values: dict[str, Any]) -> bool:
    """Insert a row; False, and nothing changed, where one with the same keys is there already."""
    insert = postgresql_insert if session.get_bind().dialect.name == "postgresql" else sqlite_insert
    statement = insert(table).values(**values).on_conflict_do_nothing(index_elements=list(keys))
    return session.execute(statement.returning(*inspect(table).primary_key)).one_or_none() is not None


def see_installation(session: Session, installation_id: int, account_id: int, account: str) -> None:
    """The App is installed on that account."""
    values = {"id": installation_id, "account_id": account_id, "account": account, "active": True}
    upsert(session, Installation, ["id"], values)


def know_installation(session: Session, installation_id: int, account: str) -> None:
    """Make sure of a row for an installation whose own event we may have missed."""
    if session.get(Installation, installation_id) is None:
        see_installation(session, installation_id, 0, account)


def see_repository(session: Session, repository_id: int, installation_id: int, full_name: str) -> None:
    """The App may read that repository. Installations' numbers grow: late news of an older one changes nothing."""
    known = session.get(Repository, repository_id, populate_existing=True)
    if known is not None and known.installation_id > installation_id:
        return
    values = {"id": repository_id, "installation_id": installation_id, "full_name": full_name, "active": True}
    upsert(session, Repository, ["id"], values)


def know_repository(session: Session, repository_id: int, installation_id: int, full_name: str) -> None:
    """Make sure of a row for a repository that is spoken of, and of its name. A late event revives none."""
    known = session.get(Repository, repository_id)
    if known is None or known.installation_id < installation_id:
        if is_installed(session, installation_id):
            see_repository(session, repository_id, installation_id, full_name)
    elif known.installation_id == installation_id and known.full_name != full_name:
        known.full_name = full_name


def is_installed(session: Session, installation_id: int) -> bool:
    """Whether that installation is known and was neither removed nor suspended."""
    known = session.get(Installation, installation_id)
    return known is not None and known.active


def forget_repository(session: Session, repository_id: int) -> None:
    """The App may not read it any more; what was judged stays."""
    session.execute(update(Repository).where(Repository.id == repository_id).values(active=False))


def forget_installation(session: Session, installation_id: int) -> None:
    """The App was removed or suspended."""
    session.execute(update(Installation).where(Installation.id == installation_id).values(active=False))
    session.execute(update(Repository).where(Repository.installation_id == installation_id).values(active=False))


def revive_installation(session: Session, installation_id: int) -> None:
    """The App works again."""
    session.execute(update(Installation).where(Installation.id == installation_id).values(active=True))
    session.execute(update(Repository).where(Repository.installation_id == installation_id).values(active=True))


def active_repository(session: Session, repository_id: int) -> Repository | None:
    """The repository if the App may still read it."""
    found = session.get(Repository, repository_id)
    return found if found is not None and found.active else None


def by_name(session: Session, full_name: str) -> Repository | None:
    """The repository of that name, in any case; one that the App may read before one that it may not any more."""
    statement = select(Repository).where(func.lower(Repository.full_name) == full_name.lower())
    return session.scalars(statement.order_by(Repository.active.desc(), Repository.id.desc())).first()


def pull_request(session: Session, repository_id: int, number: int) -> PullRequestRow | None:
    """A pull request by its number."""
    statement = select(PullRequestRow).where(
        PullRequestRow.repository_id == repository_id, PullRequestRow.number == number
    )
    return session.scalars(statement).one_or_none()


def locked(session: Session, pull_request_id: UUID) -> PullRequestRow:
    """A pull request with head and hold as they are now; nobody changes them before this transaction ends."""
    row = session.get_one(PullRequestRow, pull_request_id)
    session.refresh(row, ["head_sha", "held"], with_for_update={"key_share": True})
    return row


def in_turn(session: Session, repository_id: int) -> None:
    """Until this transaction ends, no other one of this repository that asks for its turn goes on.

    To be asked for before any row is locked. SQLite writes one transaction after the other anyway.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(_TURN + repository_id % 2**32)))


def numbers_with_head(session: Session, repository_id: int, head_sha: str) -> Sequence[int]:
    """Pull requests that have, or had, this head: check events of forks name none."""
    statement = (
        select(PullRequestRow.number)
        .join(SubmissionRow, SubmissionRow.pull_request_id == PullRequestRow.id)
        .where(PullRequestRow.repository_id == repository_id, SubmissionRow.head_sha == head_sha)
        .distinct()
    )
    return session.scalars(statement).all()


def submission(session: Session, submission_id: UUID) -> SubmissionRow | None:
    """A submission with its pull request and repository."""
    statement = (
        select(SubmissionRow)
        .where(SubmissionRow.id == submission_id)
        .options(joinedload(SubmissionRow.pull_request).joinedload(PullRequestRow.repository))
    )
    return session.scalars(statement).one_or_none()


def current_submission(session: Session, row: PullRequestRow) -> SubmissionRow | None:
    """The submission at the head that counts."""
    statement = select(SubmissionRow).where(
        SubmissionRow.pull_request_id == row.id, SubmissionRow.head_sha == row.head_sha
    )
    return session.scalars(statement).one_or_none()
