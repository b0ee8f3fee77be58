"""Who shipped a folder or file first, among the pull requests of one repository. Numbers are in order of creation."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Session

from rules.submission import ChangedFile, Twin
from worker.store.models import Base, FirstFile, FirstFolder
from worker.store.session import SessionScope

AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class EarlierFolders:
    """Whether a folder was brought by a pull request with a lower number; asks the database when it is asked."""

    scope: SessionScope
    repository_id: int
    number: int

    def __contains__(self, path: object) -> bool:
        statement = select(FirstFolder.number).where(
            FirstFolder.repository_id == self.repository_id,
            FirstFolder.digest == _digest(str(path)),
            FirstFolder.number < self.number,
        )
        with self.scope() as session:
            return session.scalars(statement).first() is not None


def keep_folders(session: Session, repository_id: int, number: int, paths: Iterable[str]) -> None:
    """Note which folders a pull request brings; the lowest number stays."""
    for path in sorted(set(paths)):
        values = {"repository_id": repository_id, "digest": _digest(path), "path": path, "number": number}
        _keep(session, FirstFolder, ["repository_id", "digest"], values, number)


def keep_files(session: Session, repository_id: int, number: int, author: str, files: Iterable[ChangedFile]) -> None:
    """Note which files of substance a pull request ships; the lowest number stays."""
    for content_id, path in sorted({file.content_id: file.path for file in files}.items()):
        values = {
            "repository_id": repository_id,
            "content_id": content_id,
            "number": number,
            "author": author,
            "path": path,
        }
        _keep(session, FirstFile, ["repository_id", "content_id"], values, number)


def twins(session: Session, repository_id: int, number: int, files: Collection[ChangedFile]) -> tuple[Twin, ...]:
    """Those of the files that a pull request with a lower number shipped before."""
    ids = sorted({file.content_id for file in files})
    first: dict[str, FirstFile] = {}
    for start in range(0, len(ids), AT_ONCE):
        statement = select(FirstFile).where(
            FirstFile.repository_id == repository_id,
            FirstFile.content_id.in_(ids[start : start + AT_ONCE]),
            FirstFile.number < number,
        )
        first |= {row.content_id: row for row in session.scalars(statement)}
    found = ((file, first[file.content_id]) for file in files if file.content_id in first)
    return tuple(Twin(row.number, row.author, file.path, row.path) for file, row in found)


def _keep(session: Session, table: type[Base], keys: list[str], values: Mapping[str, Any], number: int) -> None:
    insert = postgresql_insert if session.get_bind().dialect.name == "postgresql" else sqlite_insert
    lower = table.__table__.c.number > number
    statement = insert(table).values(**values)
    changed = {name: value for name, value in values.items() if name not in keys}
    session.execute(statement.on_conflict_do_update(index_elements=keys, set_=changed, where=lower))


def _digest(path: str) -> str:
    return hashlib.sha256(path.encode("utf-8", "surrogateescape")).hexdigest()
