"""Queries on commands that were carried out or answered."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from worker.store.models import CommandRow, Publication
from worker.store.repositories import insert_new
from worker.store.types import now_plus

ANSWER = "answer"
"""The kind of the publication that answers a comment; its subject is the comment's number."""
_EDIT = "edited {}"
"""In the place of a digest: the row holds no command, but that the author made this edit."""


def digests(lines: Iterable[str]) -> list[str]:
    """What tells each line of a comment from the others: its words, and how often they stood there before."""
    seen: Counter[str] = Counter()
    found = []
    for line in lines:
        words = " ".join(line.split())
        found.append(hashlib.sha256(f"{seen[words]}\n{words}".encode()).hexdigest())
        seen[words] += 1
    return found


def vouch(session: Session, repository_id: int, comment_id: int, user_id: int, edited_at: datetime) -> None:
    """Keep that the author of a comment made that edit: it may be anybody who may write in the repository."""
    mark = _EDIT.format(edited_at.astimezone(UTC).isoformat())
    record(session, repository_id, comment_id, mark, user_id=user_id, text="", answer="")


def is_vouched(session: Session, repository_id: int, comment_id: int, user_id: int, edited_at: datetime) -> bool:
    """Whether that edit is known as its author's own."""
    statement = select(CommandRow.id).where(
        CommandRow.repository_id == repository_id,
        CommandRow.comment_id == comment_id,
        CommandRow.digest == _EDIT.format(edited_at.astimezone(UTC).isoformat()),
        CommandRow.user_id == user_id,
    )
    return session.scalars(statement).first() is not None


def answers(session: Session, repository_id: int, comment_id: int) -> Mapping[str, str]:
    """Digest → answer of what was carried out of a comment."""
    statement = select(CommandRow.digest, CommandRow.answer).where(
        CommandRow.repository_id == repository_id, CommandRow.comment_id == comment_id, CommandRow.text != ""
    )
    return {row.digest: row.answer for row in session.execute(statement)}


def record(
    session: Session, repository_id: int, comment_id: int, digest: str, *, user_id: int, text: str, answer: str
) -> bool:
    """Write a command down; False where it stands there already and must not be carried out again."""
    values = {
        "repository_id": repository_id,
        "comment_id": comment_id,
        "digest": digest,
        "user_id": user_id,
        "text": text,
        "answer": answer,
    }
    return insert_new(session, CommandRow, ["repository_id", "comment_id", "digest"], values)


def comments_of(session: Session, repository_id: int, user_id: int, *, seconds: float) -> int:
    """In how many comments somebody gave commands lately."""
    statement = select(func.count(func.distinct(CommandRow.comment_id))).where(
        CommandRow.repository_id == repository_id,
        CommandRow.user_id == user_id,
        CommandRow.text != "",
        CommandRow.created_at > now_plus(-seconds),
    )
    return session.scalar(statement) or 0


def answered_lately(session: Session, pull_request_id: UUID, user_id: int | None = None, *, seconds: float) -> int:
    """How many comments below a pull request, of one person if one is named, were answered lately."""
    statement = select(func.count(Publication.id)).where(
        Publication.pull_request_id == pull_request_id,
        Publication.kind == ANSWER,
        Publication.updated_at > now_plus(-seconds),
    )
    if user_id is not None:
        statement = statement.where(Publication.said["user_id"].as_string() == str(user_id))
    return session.scalar(statement) or 0
