"""What happened in a competition, for those who follow it.

A detail may hold words of participants and organizers as they are: whoever shows them escapes them.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from worker.store import jobs
from worker.store.models import Happening, Repository, Stage
from worker.store.repositories import insert_new

NEWEST = 30


class Kind(StrEnum):
    """What may happen."""

    CANDIDATE = "record-candidate"
    RULING = "ruling"
    PRECEDENT = "precedent"
    PRECEDENT_ENDED = "precedent-ended"
    COPIES = "family-of-copies"
    FRONTIER = "frontier-moved"
    RULES = "rules-changed"


def note(
    session: Session, repository_id: int, kind: Kind, key: str, *, number: int | None = None, **detail: Any
) -> bool:
    """Write down what happened and ask for the bulletin where there is one; False where the same was told before."""
    values = {"repository_id": repository_id, "kind": kind.value, "key": key[:160], "number": number, "detail": detail}
    told = insert_new(session, Happening, ["repository_id", "key"], values)
    if told and session.get_one(Repository, repository_id).bulletin:
        jobs.request(session, Stage.BULLETIN, str(repository_id))
    return told


def newest(session: Session, repository_id: int, *, limit: int = NEWEST) -> Sequence[Happening]:
    """What happened, newest first."""
    statement = select(Happening).where(Happening.repository_id == repository_id)
    return session.scalars(statement.order_by(Happening.at.desc(), Happening.id).limit(limit)).all()


def last(session: Session, repository_id: int, kind: Kind) -> Happening | None:
    """The newest of one kind."""
    statement = select(Happening).where(Happening.repository_id == repository_id, Happening.kind == kind.value)
    return session.scalars(statement.order_by(Happening.at.desc(), Happening.id).limit(1)).first()


def published(session: Session, *, limit: int = NEWEST) -> list[tuple[Happening, str]]:
    """What happened in the repositories that publish a bulletin, newest first, with their names."""
    statement = (
        select(Happening, Repository.full_name)
        .join(Repository, Repository.id == Happening.repository_id)
        .where(Repository.active, Repository.bulletin)
        .order_by(Happening.at.desc(), Happening.id)
        .limit(limit)
    )
    return [(happening, name) for happening, name in session.execute(statement)]
