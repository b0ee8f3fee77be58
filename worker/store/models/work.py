"""What came in, what is to be done, what was said, and who did what."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from worker.store.models.base import Base
from worker.store.models.words import DeliveryStatus, Stage
from worker.store.types import by_value, now_plus


class Delivery(Base):
    """One webhook as received. A redelivery keeps its GUID."""

    __tablename__ = "delivery"
    guid: Mapped[str] = mapped_column(String(64), primary_key=True)
    event: Mapped[str] = mapped_column(String(64), index=True)
    body: Mapped[bytes] = mapped_column(LargeBinary)
    received_at: Mapped[datetime] = mapped_column(server_default=now_plus())
    status: Mapped[DeliveryStatus] = mapped_column(
        by_value(DeliveryStatus), default=DeliveryStatus.RECEIVED, server_default=DeliveryStatus.RECEIVED.value
    )
    reason: Mapped[str | None] = mapped_column(Text)


class Job(Base):
    """Work to be done: one row for each stage and subject, which is also the outbox.

    `wanted` counts how often the work was asked for and `done` up to which count it is done, so that a request during
    the work is never lost. `fence` grows with every lease: who holds an older one cannot write any more. `place` is
    the machine that has to do it, "" for any.
    """

    __tablename__ = "job"
    __table_args__ = (UniqueConstraint("stage", "subject"), Index("ix_job_due", "pending", "run_after"))
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    stage: Mapped[Stage] = mapped_column(by_value(Stage))
    subject: Mapped[str] = mapped_column(String(160))
    wanted: Mapped[int] = mapped_column(default=1, server_default="1")
    done: Mapped[int] = mapped_column(default=0, server_default="0")
    pending: Mapped[bool] = mapped_column(default=True, server_default="1")
    attempts: Mapped[int] = mapped_column(default=0, server_default="0")
    waits: Mapped[int] = mapped_column(default=0, server_default="0")
    fence: Mapped[int] = mapped_column(default=0, server_default="0")
    run_after: Mapped[datetime] = mapped_column(server_default=now_plus())
    leased_until: Mapped[datetime | None]
    announced_at: Mapped[datetime | None]
    quarantined_at: Mapped[datetime | None]
    last_error: Mapped[str | None] = mapped_column(Text)
    place: Mapped[str] = mapped_column(String(80), default="", server_default="")
    created_at: Mapped[datetime] = mapped_column(server_default=now_plus())


class Publication(Base):
    """What was last said on GitHub; `kind` is "check", "comment", "labels" or "reaction", `subject` its object."""

    __tablename__ = "publication"
    __table_args__ = (UniqueConstraint("pull_request_id", "kind", "subject"),)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    pull_request_id: Mapped[UUID] = mapped_column(ForeignKey("pull_request.id"), index=True)
    kind: Mapped[str] = mapped_column(String(16))
    subject: Mapped[str] = mapped_column(String(100))
    github_id: Mapped[int | None]
    digest: Mapped[str] = mapped_column(String(64), default="")
    said: Mapped[dict[str, Any]] = mapped_column(default=dict)
    updated_at: Mapped[datetime] = mapped_column(server_default=now_plus(), onupdate=now_plus())


class CommandRow(Base):
    """A command in a comment that was carried out or answered, so that an edit of the comment repeats none.

    `digest` is of the command's text and its place among equal ones in the comment.
    """

    __tablename__ = "command"
    __table_args__ = (UniqueConstraint("repository_id", "comment_id", "digest"),)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    repository_id: Mapped[int] = mapped_column(ForeignKey("repository.id"), index=True)
    comment_id: Mapped[int]
    digest: Mapped[str] = mapped_column(String(64))
    user_id: Mapped[int]
    text: Mapped[str] = mapped_column(Text)
    answer: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime] = mapped_column(server_default=now_plus())


class AuditEvent(Base):
    """Who did what, when. Append-only: on PostgreSQL a trigger refuses update and delete."""

    __tablename__ = "audit_event"
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    at: Mapped[datetime] = mapped_column(server_default=now_plus(), index=True)
    actor: Mapped[str] = mapped_column(String(120))
    action: Mapped[str] = mapped_column(String(60))
    subject: Mapped[str] = mapped_column(String(200), index=True)
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)
