"""What GitHub shows: installations, repositories, pull requests."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column, relationship

from worker.store.models.base import Base
from worker.store.types import now_plus


class Installation(Base):
    """The App on one account."""

    __tablename__ = "installation"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    account_id: Mapped[int]
    account: Mapped[str] = mapped_column(String(100))
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime] = mapped_column(server_default=now_plus())


class Repository(Base):
    """A repository that the App may read.

    `configuration` is the last good `.github/fairway.toml`, `configuration_fault` what is wrong with the newest one and
    `fault_issue` the number of the issue that says so. `bulletin` tells whether what happens is told in an issue,
    `bulletin_issue` is its number, `bulletin_digest` what it said last and `bulletin_at` when.
    """

    __tablename__ = "repository"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    installation_id: Mapped[int] = mapped_column(ForeignKey("installation.id"), index=True)
    full_name: Mapped[str] = mapped_column(String(200), index=True)
    default_branch: Mapped[str] = mapped_column(String(255), default="main")
    active: Mapped[bool] = mapped_column(default=True)
    configuration: Mapped[str | None] = mapped_column(Text)
    configuration_sha: Mapped[str | None] = mapped_column(String(64))
    configuration_fault: Mapped[str | None] = mapped_column(Text)
    fault_issue: Mapped[int | None]
    backfill_cursor: Mapped[int | None]
    bulletin: Mapped[bool] = mapped_column(default=False, server_default=false())
    bulletin_issue: Mapped[int | None]
    bulletin_digest: Mapped[str | None] = mapped_column(String(64))
    bulletin_at: Mapped[datetime | None]
    installation: Mapped[Installation] = relationship(lazy="raise_on_sql")


class PullRequestRow(Base):
    """A pull request as GitHub last showed it. `head_sha` is the head that counts; `held` stops publishing."""

    __tablename__ = "pull_request"
    __table_args__ = (UniqueConstraint("repository_id", "number"),)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    repository_id: Mapped[int] = mapped_column(ForeignKey("repository.id"), index=True)
    number: Mapped[int]
    author: Mapped[str] = mapped_column(String(100), default="")
    author_id: Mapped[int] = mapped_column(default=0)
    title: Mapped[str] = mapped_column(Text, default="")
    head_sha: Mapped[str] = mapped_column(String(64), default="")
    base_sha: Mapped[str] = mapped_column(String(64), default="")
    state: Mapped[str] = mapped_column(String(16), default="open")
    draft: Mapped[bool] = mapped_column(default=False)
    held: Mapped[bool] = mapped_column(default=False)
    quiet: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]
    fetched_at: Mapped[datetime | None]
    repository: Mapped[Repository] = relationship(lazy="raise_on_sql")
