"""Who shipped a folder or file first, among the pull requests of one repository. Numbers are in order of creation."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, select
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
        with self.scope() as session:
            return bool(_folders(session, self.repository_id, [str(path)], FirstFolder.number < self.number))


def known_folders(session: Session, repository_id: int, number: int, paths: Iterable[str]) -> frozenset[str]:
    """Those of the folders that a pull request with a lower number brought."""
    return frozenset(_folders(session, repository_id, paths, FirstFolder.number < number))


def keep_folders(session: Session, repository_id: int, number: int, paths: Iterable[str]) -> frozenset[str]:
    """Note which folders a pull request brings; the lowest number stays.

    Returns those that a higher number was thought to have brought first.
    """
    brought = sorted(set(paths))
    later = _folders(session, repository_id, brought, FirstFolder.number > number)
    for path in brought:
        values = {"repository_id": repository_id, "digest": _digest(path), "path": path, "number": number}
        _keep(session, FirstFolder, ["repository_id", "digest"], values, number)
    return frozenset(later)


def keep_files(
    session: Session, repository_id: int, number: int, author: str, files: Iterable[ChangedFile]
) -> frozenset[str]:
    """Note which files of substance a pull request ships; the lowest number stays.

    Returns the contents that a higher number was thought to have shipped first.
    """
    paths = {file.content_id: file.path for file in files}
    later = [one.content_id for one in _firsts(session, repository_id, paths, FirstFile.number > number)]
    for content_id, path in sorted(paths.items()):
        values = {
            "repository_id": repository_id,
            "content_id": content_id,
            "number": number,
            "author": author,
            "path": path,
        }
        _keep(session, FirstFile, ["repository_id", "content_id"], values, number)
    return frozenset(later)


def twins(session: Session, repository_id: int, number: int, files: Collection[ChangedFile]) -> tuple[Twin, ...]:
    """Those of the files that a pull request with a lower number shipped before."""
    ids = {file.content_id for file in files}
    first = {row.content_id: row for row in _firsts(session, repository_id, ids, FirstFile.number < number)}
    found = ((file, first[file.content_id]) for file in files if file.content_id in first)
    return tuple(Twin(row.number, row.author, file.path, row.path) for file, row in found)


def _folders(session: Session, repository_id: int, paths: Iterable[str], which: ColumnElement[bool]) -> list[str]:
    """Those of the folders of which that is so."""
    digests = sorted(map(_digest, set(paths)))
    chosen = FirstFolder.repository_id == repository_id, FirstFolder.digest.in_(digests)
    return list(session.scalars(select(FirstFolder.path).where(*chosen, which)))


def _firsts(
    session: Session, repository_id: int, content_ids: Collection[str], which: ColumnElement[bool]
) -> Iterator[FirstFile]:
    """Who shipped these contents first, so far."""
    ids = sorted(content_ids)
    for start in range(0, len(ids), AT_ONCE):
        chosen = FirstFile.repository_id == repository_id, FirstFile.content_id.in_(ids[start : start + AT_ONCE])
        yield from session.scalars(select(FirstFile).where(*chosen, which))


def _keep(session: Session, table: type[Base], keys: list[str], values: Mapping[str, Any], number: int) -> None:
    insert = postgresql_insert if session.get_bind().dialect.name == "postgresql" else sqlite_insert
    lower = table.__table__.c.number > number
    statement = insert(table).values(**values)
    changed = {name: value for name, value in values.items() if name not in keys}
    session.execute(statement.on_conflict_do_update(index_elements=keys, set_=changed, where=lower))


def _digest(path: str) -> str:
    return hashlib.sha256(path.encode("utf-8", "surrogateescape")).hexdigest()
