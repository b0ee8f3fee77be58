"""Runs, their evidence, what they may cost, and where they happen."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from worker.store.models.base import Base
from worker.store.models.words import RunStatus
from worker.store.types import by_value, now_plus


class Run(Base):
    """One attempt at one run: a step of the ladder (`rung`), on one head, with one seed.

    `ordinal` counts the seeds of a step from 0. `occupies` names the machine that is this run's alone: the database
    refuses a second one there, and it is let go when the run is known to have ended. `released_at`: the runner keeps
    nothing of it any more. Seconds are those of all GPUs together (of the machine where it has none), `mills`
    thousandths of the competition's currency; reserved before the start, spent at the end.
    """

    __tablename__ = "run"
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    submission_id: Mapped[UUID] = mapped_column(ForeignKey("submission.id"), index=True)
    head_sha: Mapped[str] = mapped_column(String(64))
    rung: Mapped[str] = mapped_column(String(16))
    ordinal: Mapped[int] = mapped_column(default=0)
    seed: Mapped[int]
    attempt: Mapped[int] = mapped_column(default=1)
    status: Mapped[RunStatus] = mapped_column(by_value(RunStatus), default=RunStatus.REQUESTED)
    requested_by: Mapped[str] = mapped_column(String(100))
    requested_by_id: Mapped[int] = mapped_column(default=0)
    way: Mapped[str] = mapped_column(String(60), default="")
    requested_at: Mapped[datetime] = mapped_column(server_default=now_plus())
    waits_for: Mapped[str | None] = mapped_column(Text)
    runner: Mapped[str] = mapped_column(String(40), default="")
    machine: Mapped[str] = mapped_column(String(80), default="")
    occupies: Mapped[str | None] = mapped_column(String(80))
    handle: Mapped[str | None] = mapped_column(Text)
    request: Mapped[dict[str, Any] | None]
    started_at: Mapped[datetime | None]
    watched_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    released_at: Mapped[datetime | None]
    progress: Mapped[dict[str, Any]] = mapped_column(default=dict)
    verdict: Mapped[str | None] = mapped_column(String(24))
    passed: Mapped[bool | None]
    reason: Mapped[str] = mapped_column(Text, default="")
    evidence_digest: Mapped[str | None] = mapped_column(ForeignKey("evidence.digest"))
    budget_day: Mapped[str | None] = mapped_column(String(10))
    reserved_seconds: Mapped[int] = mapped_column(default=0)
    reserved_mills: Mapped[int] = mapped_column(default=0)
    seconds: Mapped[int] = mapped_column(default=0)
    mills: Mapped[int] = mapped_column(default=0)
    evidence: Mapped[EvidenceRow | None] = relationship(lazy="raise_on_sql")
    __table_args__ = (
        UniqueConstraint("submission_id", "rung", "ordinal", "attempt"),
        UniqueConstraint("head_sha", "rung", "seed", "attempt"),
        UniqueConstraint("occupies"),
        Index("ix_run_status", "status", "watched_at"),
    )


class EvidenceRow(Base):
    """The record of a run, by its digest, as the canonical JSON that the digest is of. Append-only by a trigger."""

    __tablename__ = "evidence"
    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    record: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(server_default=now_plus())


class Budget(Base):
    """What an account may still be charged: a day, an author or a submission of a repository ("day 2026-11-28")."""

    __tablename__ = "budget"
    __table_args__ = (
        UniqueConstraint("repository_id", "account"),
        CheckConstraint("reserved_seconds >= 0 AND reserved_mills >= 0", name="ck_budget_reserved"),
    )
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    repository_id: Mapped[int] = mapped_column(ForeignKey("repository.id"))
    account: Mapped[str] = mapped_column(String(80))
    reserved_seconds: Mapped[int] = mapped_column(default=0, server_default="0")
    spent_seconds: Mapped[int] = mapped_column(default=0, server_default="0")
    reserved_mills: Mapped[int] = mapped_column(default=0, server_default="0")
    spent_mills: Mapped[int] = mapped_column(default=0, server_default="0")


class Machine(Base):
    """A machine that works on runs: when it was last heard of, and why its runner cannot be used."""

    __tablename__ = "machine"
    name: Mapped[str] = mapped_column(String(80), primary_key=True)
    runner: Mapped[str] = mapped_column(String(40))
    fault: Mapped[str | None] = mapped_column(Text)
    seen_at: Mapped[datetime] = mapped_column(server_default=now_plus())
    checked_at: Mapped[datetime | None]
