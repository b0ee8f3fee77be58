"""One pull request at one head commit: what was found, and what others are compared with."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from rules.rule import Severity, Source
from rules.verdict import Verdict
from worker.store.models.base import Base
from worker.store.models.github import PullRequestRow
from worker.store.types import by_value, now_plus


class SubmissionRow(Base):
    """One pull request at one head commit, a column for each stage that has been passed.

    `entry` is the triage as in the JSON contract, `report` its Markdown, `snapshot` the list of files that was read.
    """

    __tablename__ = "submission"
    __table_args__ = (
        UniqueConstraint("pull_request_id", "head_sha"),
        Index("ix_submission_queue", "verdict", "created_at"),
    )
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    pull_request_id: Mapped[UUID] = mapped_column(ForeignKey("pull_request.id"), index=True)
    head_sha: Mapped[str] = mapped_column(String(64), index=True)
    created_at: Mapped[datetime] = mapped_column(server_default=now_plus())
    fetched_at: Mapped[datetime | None]
    screened_at: Mapped[datetime | None]
    reviewed_at: Mapped[datetime | None]
    reproduced_at: Mapped[datetime | None]
    decided_at: Mapped[datetime | None]
    published_at: Mapped[datetime | None]
    superseded_at: Mapped[datetime | None]
    human_requested_at: Mapped[datetime | None]
    verdict: Mapped[Verdict | None] = mapped_column(by_value(Verdict))
    entry: Mapped[dict[str, Any] | None]
    report: Mapped[str | None] = mapped_column(Text)
    snapshot: Mapped[dict[str, Any] | None]
    rules_version: Mapped[str | None] = mapped_column(String(40))
    pull_request: Mapped[PullRequestRow] = relationship(lazy="raise_on_sql")
    findings: Mapped[list[FindingRow]] = relationship(
        back_populates="submission", order_by="FindingRow.position", cascade="all, delete-orphan", lazy="raise_on_sql"
    )


class FindingRow(Base):
    """One finding; `evidence` holds quotes with their places."""

    __tablename__ = "finding"
    __table_args__ = (UniqueConstraint("submission_id", "source", "position"),)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    submission_id: Mapped[UUID] = mapped_column(ForeignKey("submission.id", ondelete="CASCADE"), index=True)
    position: Mapped[int]
    code: Mapped[str] = mapped_column(String(8), index=True)
    name: Mapped[str] = mapped_column(String(80))
    category: Mapped[str] = mapped_column(String(40))
    severity: Mapped[Severity] = mapped_column(by_value(Severity))
    source: Mapped[Source] = mapped_column(by_value(Source))
    message: Mapped[str] = mapped_column(Text)
    fix: Mapped[str] = mapped_column(Text, default="")
    path: Mapped[str | None] = mapped_column(Text)
    line: Mapped[int | None]
    unpacked_line: Mapped[int | None]
    evidence: Mapped[list[Any]] = mapped_column(default=list)
    submission: Mapped[SubmissionRow] = relationship(back_populates="findings", lazy="raise_on_sql")


class FirstFolder(Base):
    """Which pull request brought a submission folder first; `digest` is the SHA-256 of its path, for the index."""

    __tablename__ = "first_folder"
    __table_args__ = (UniqueConstraint("repository_id", "digest"),)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    repository_id: Mapped[int] = mapped_column(ForeignKey("repository.id"), index=True)
    digest: Mapped[str] = mapped_column(String(64))
    path: Mapped[str] = mapped_column(Text)
    number: Mapped[int]


class FirstFile(Base):
    """Which pull request shipped a file of some substance first, by git's id of its content."""

    __tablename__ = "first_file"
    __table_args__ = (UniqueConstraint("repository_id", "content_id"),)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    repository_id: Mapped[int] = mapped_column(ForeignKey("repository.id"), index=True)
    content_id: Mapped[str] = mapped_column(String(64))
    number: Mapped[int]
    author: Mapped[str] = mapped_column(String(100))
    path: Mapped[str] = mapped_column(Text)


class ScriptSignature(Base):
    """The script of a submission as later ones are compared with it; every head that was seen keeps its own.

    `at` is when that head was first there, `slots` a MinHash of `version`, `lines` the hashed token lines, deflated,
    `parents` the numbers that it names as parents.
    """

    __tablename__ = "script_signature"
    __table_args__ = (Index("ix_script_signature_version", "repository_id", "version"),)
    submission_id: Mapped[UUID] = mapped_column(ForeignKey("submission.id", ondelete="CASCADE"), primary_key=True)
    repository_id: Mapped[int] = mapped_column(ForeignKey("repository.id"))
    number: Mapped[int]
    author: Mapped[str] = mapped_column(String(100))
    at: Mapped[datetime]
    version: Mapped[int]
    slots: Mapped[bytes] = mapped_column(LargeBinary)
    shingles: Mapped[int]
    lines: Mapped[bytes] = mapped_column(LargeBinary)
    parents: Mapped[list[Any]] = mapped_column(default=list)


class SubmissionCode(Base):
    """The code of a submission as digests (`rules.precedents.Code`), and what its findings rest on."""

    __tablename__ = "submission_code"
    submission_id: Mapped[UUID] = mapped_column(ForeignKey("submission.id", ondelete="CASCADE"), primary_key=True)
    code: Mapped[bytes] = mapped_column(LargeBinary)
    guilt: Mapped[list[Any]] = mapped_column(default=list)


class BaselineCode(Base):
    """The competition's own script at one of its states, as digests; `content_id` is git's id of the file."""

    __tablename__ = "baseline_code"
    __table_args__ = (UniqueConstraint("repository_id", "content_id"),)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    repository_id: Mapped[int] = mapped_column(ForeignKey("repository.id"), index=True)
    content_id: Mapped[str] = mapped_column(String(64))
    code: Mapped[bytes] = mapped_column(LargeBinary)


class Review(Base):
    """What the language-model reviewer answered."""

    __tablename__ = "review"
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    submission_id: Mapped[UUID] = mapped_column(ForeignKey("submission.id"), index=True)
    model: Mapped[str] = mapped_column(String(80))
    answer: Mapped[dict[str, Any]]
    created_at: Mapped[datetime] = mapped_column(server_default=now_plus())
