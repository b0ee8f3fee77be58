"""The tables. Identifiers of GitHub are its numbers, since names and logins change; ours are UUIDs."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Text,
    UniqueConstraint,
    false,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from rules.rule import Severity, Source
from rules.verdict import Verdict
from worker.store.types import Json, UtcDateTime, by_value, now_plus


class Base(DeclarativeBase):
    """Names of constraints are fixed, so that migrations can drop them on every database."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy reads it once
        datetime: UtcDateTime(),
        dict[str, Any]: Json,
        list[Any]: Json,
        int: BigInteger().with_variant(Integer(), "sqlite"),
    }


class Stage(StrEnum):
    """A step of the pipeline, and the name of its task."""

    RECEIVE = "receive"
    CONFIGURE = "configure"
    BACKFILL = "backfill"
    BULLETIN = "bulletin"
    FETCH = "fetch"
    SCREEN = "screen"
    REVIEW = "review"
    REPRODUCE = "reproduce"
    DECIDE = "decide"
    PUBLISH = "publish"
    COMMAND = "command"


class DeliveryStatus(StrEnum):
    """What became of a delivery."""

    RECEIVED = "received"
    DONE = "done"
    IGNORED = "ignored"
    FAILED = "failed"


class Outcome(StrEnum):
    """What a person ruled."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    NEEDS_CHANGES = "needs-changes"
    WAIVED = "waived"
    HELD = "held"


class RunStatus(StrEnum):
    """Where a run stands."""

    WISHED = "wished"  # by somebody who does not rule: it waits for somebody who does
    REQUESTED = "requested"
    RUNNING = "running"
    FINISHED = "finished"  # with evidence
    LOST = "lost"  # a fault of ours: another attempt follows, or none is left
    CANCELLED = "cancelled"
    SKIPPED = "skipped"  # the step of the ladder before did not pass


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

    `at` is when that head was first there, `slots` a MinHash of `version`, `lines` the hashed token lines, deflated.
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


class Review(Base):
    """What the language-model reviewer answered."""

    __tablename__ = "review"
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    submission_id: Mapped[UUID] = mapped_column(ForeignKey("submission.id"), index=True)
    model: Mapped[str] = mapped_column(String(80))
    answer: Mapped[dict[str, Any]]
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
