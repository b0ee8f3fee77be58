"""Queries on what was last said on GitHub."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from worker.store.models import Publication
from worker.store.repositories import upsert
from worker.store.types import now_plus

CHECK, COMMENT, LABELS, AGAIN = "check", "comment", "labels", "again"
REPORT, OURS = "report", "fairway"
"""The subjects of comment and labels; that of a check, and of saying it again, is its head SHA."""


def of_pull_request(session: Session, pull_request_id: UUID) -> dict[tuple[str, str], Publication]:
    """All that was said, by kind and subject."""
    statement = select(Publication).where(Publication.pull_request_id == pull_request_id)
    return {(row.kind, row.subject): row for row in session.scalars(statement)}


def keep(
    session: Session,
    pull_request_id: UUID,
    kind: str,
    subject: str,
    *,
    github_id: int | None,
    digest: str,
    said: Mapping[str, Any],
) -> None:
    """Remember what was said, or, with an empty digest, what is about to be."""
    values = {
        "pull_request_id": pull_request_id,
        "kind": kind,
        "subject": subject,
        "github_id": github_id,
        "digest": digest,
        "said": dict(said),
        "updated_at": now_plus(),
    }
    upsert(session, Publication, ["pull_request_id", "kind", "subject"], values)


def say_again(session: Session, pull_request_id: UUID, head_sha: str) -> None:
    """Let the next publishing write the check of that head even if nothing changed.

    When somebody asks for it to be run again, GitHub shows it as waiting until it is written. This has a row of its
    own, so that a publishing that is under way cannot undo it.
    """
    of_head = Publication.pull_request_id == pull_request_id, Publication.subject == head_sha
    known = session.scalars(select(Publication).where(*of_head, Publication.kind == AGAIN)).one_or_none()
    times = 1 if known is None else known.said["times"] + 1
    keep(session, pull_request_id, AGAIN, head_sha, github_id=None, digest=str(times), said={"times": times})
    session.expire_all()
