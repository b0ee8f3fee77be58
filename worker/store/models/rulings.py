"""What people decided, and what follows from it."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from worker.store.models.base import Base
from worker.store.models.words import Outcome
from worker.store.types import by_value, now_plus


class Ruling(Base):
    """A person's decision on a submission. Nothing is changed later: a new ruling stands beside the old one."""

    __tablename__ = "ruling"
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    submission_id: Mapped[UUID] = mapped_column(ForeignKey("submission.id"), index=True)
    outcome: Mapped[Outcome] = mapped_column(by_value(Outcome))
    codes: Mapped[list[Any]] = mapped_column(default=list)
    reason: Mapped[str] = mapped_column(Text, default="")
    ruler: Mapped[str] = mapped_column(String(100))
    ruler_id: Mapped[int]
    origin: Mapped[str] = mapped_column(String(120), default="")
    created_at: Mapped[datetime] = mapped_column(server_default=now_plus())
    __table_args__ = (UniqueConstraint("submission_id", "origin"),)


class PrecedentRow(Base):
    """A ruling that later submissions are compared with, until another ruling on the same submission ends it.

    `evidence` is what it was ruled on, `telling` the same with what innocent code shares marked.
    """

    __tablename__ = "precedent"
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    ruling_id: Mapped[UUID] = mapped_column(ForeignKey("ruling.id"), unique=True)
    submission_id: Mapped[UUID] = mapped_column(ForeignKey("submission.id"), index=True)
    repository_id: Mapped[int] = mapped_column(ForeignKey("repository.id"), index=True)
    number: Mapped[int]
    outcome: Mapped[Outcome] = mapped_column(by_value(Outcome))
    codes: Mapped[list[Any]] = mapped_column(default=list)
    reason: Mapped[str] = mapped_column(Text, default="")
    ruled_at: Mapped[datetime]
    evidence: Mapped[list[Any]] = mapped_column(default=list)
    telling: Mapped[list[Any]] = mapped_column(default=list)
    withdrawn_at: Mapped[datetime | None]


class Inheritance(Base):
    """A submission that keeps the guilty lines of a precedent."""

    __tablename__ = "inheritance"
    __table_args__ = (UniqueConstraint("submission_id", "precedent_id"),)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    submission_id: Mapped[UUID] = mapped_column(ForeignKey("submission.id", ondelete="CASCADE"), index=True)
    precedent_id: Mapped[UUID] = mapped_column(ForeignKey("precedent.id"), index=True)


class Happening(Base):
    """Something that those who follow the competition want to know; `kind` is a `worker.happenings.Kind`.

    `key` names what happened once in a repository, so that a stage that runs twice tells it once.
    """

    __tablename__ = "happening"
    __table_args__ = (UniqueConstraint("repository_id", "key"), Index("ix_happening_newest", "repository_id", "at"))
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    repository_id: Mapped[int] = mapped_column(ForeignKey("repository.id"))
    kind: Mapped[str] = mapped_column(String(24))
    key: Mapped[str] = mapped_column(String(160))
    number: Mapped[int | None]
    at: Mapped[datetime] = mapped_column(server_default=now_plus())
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)
