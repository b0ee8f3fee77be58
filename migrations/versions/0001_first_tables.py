"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from worker.store.types import Json, UtcDateTime, now_plus

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

Whole = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create them."""
    op.create_table(
        "audit_event",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", UtcDateTime(), server_default=now_plus(), nullable=False),
        sa.Column("actor", sa.String(length=120), nullable=False),
        sa.Column("action", sa.String(length=60), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("detail", Json, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_event")),
    )
    op.create_index(op.f("ix_audit_event_at"), "audit_event", ["at"], unique=False)
    op.create_index(op.f("ix_audit_event_subject"), "audit_event", ["subject"], unique=False)
    op.create_table(
        "delivery",
        sa.Column("guid", sa.String(length=64), nullable=False),
        sa.Column("event", sa.String(length=64), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", UtcDateTime(), server_default=now_plus(), nullable=False),
        sa.Column("status", sa.String(length=24), server_default="received", nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("guid", name=op.f("pk_delivery")),
    )
    op.create_index(op.f("ix_delivery_event"), "delivery", ["event"], unique=False)
    op.create_table(
        "installation",
        sa.Column("id", Whole, autoincrement=False, nullable=False),
        sa.Column("account_id", Whole, nullable=False),
        sa.Column("account", sa.String(length=100), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", UtcDateTime(), server_default=now_plus(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_installation")),
    )
    op.create_table(
        "job",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("stage", sa.String(length=24), nullable=False),
        sa.Column("subject", sa.String(length=160), nullable=False),
        sa.Column("wanted", Whole, server_default="1", nullable=False),
        sa.Column("done", Whole, server_default="0", nullable=False),
        sa.Column("pending", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("attempts", Whole, server_default="0", nullable=False),
        sa.Column("fence", Whole, server_default="0", nullable=False),
        sa.Column("run_after", UtcDateTime(), server_default=now_plus(), nullable=False),
        sa.Column("leased_until", UtcDateTime(), nullable=True),
        sa.Column("announced_at", UtcDateTime(), nullable=True),
        sa.Column("quarantined_at", UtcDateTime(), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("created_at", UtcDateTime(), server_default=now_plus(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job")),
        sa.UniqueConstraint("stage", "subject", name=op.f("uq_job_stage")),
    )
    op.create_index("ix_job_due", "job", ["pending", "run_after"], unique=False)
    op.create_table(
        "repository",
        sa.Column("id", Whole, autoincrement=False, nullable=False),
        sa.Column("installation_id", Whole, nullable=False),
        sa.Column("full_name", sa.String(length=200), nullable=False),
        sa.Column("default_branch", sa.String(length=255), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("configuration", sa.Text(), nullable=True),
        sa.Column("configuration_sha", sa.String(length=64), nullable=True),
        sa.Column("configuration_fault", sa.Text(), nullable=True),
        sa.Column("fault_issue", Whole, nullable=True),
        sa.Column("backfill_cursor", Whole, nullable=True),
        sa.ForeignKeyConstraint(
            ["installation_id"], ["installation.id"], name=op.f("fk_repository_installation_id_installation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_repository")),
    )
    op.create_index(op.f("ix_repository_full_name"), "repository", ["full_name"], unique=False)
    op.create_index(op.f("ix_repository_installation_id"), "repository", ["installation_id"], unique=False)
    op.create_table(
        "pull_request",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("repository_id", Whole, nullable=False),
        sa.Column("number", Whole, nullable=False),
        sa.Column("author", sa.String(length=100), nullable=False),
        sa.Column("author_id", Whole, nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("head_sha", sa.String(length=64), nullable=False),
        sa.Column("base_sha", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("draft", sa.Boolean(), nullable=False),
        sa.Column("held", sa.Boolean(), nullable=False),
        sa.Column("quiet", sa.Boolean(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("fetched_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["repository_id"], ["repository.id"], name=op.f("fk_pull_request_repository_id_repository")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pull_request")),
        sa.UniqueConstraint("repository_id", "number", name=op.f("uq_pull_request_repository_id")),
    )
    op.create_index(op.f("ix_pull_request_repository_id"), "pull_request", ["repository_id"], unique=False)
    op.create_table(
        "publication",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("pull_request_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("subject", sa.String(length=100), nullable=False),
        sa.Column("github_id", Whole, nullable=True),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("said", Json, nullable=False),
        sa.Column("updated_at", UtcDateTime(), server_default=now_plus(), nullable=False),
        sa.ForeignKeyConstraint(
            ["pull_request_id"], ["pull_request.id"], name=op.f("fk_publication_pull_request_id_pull_request")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_publication")),
        sa.UniqueConstraint("pull_request_id", "kind", "subject", name=op.f("uq_publication_pull_request_id")),
    )
    op.create_index(op.f("ix_publication_pull_request_id"), "publication", ["pull_request_id"], unique=False)
    op.create_table(
        "submission",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("pull_request_id", sa.Uuid(), nullable=False),
        sa.Column("head_sha", sa.String(length=64), nullable=False),
        sa.Column("created_at", UtcDateTime(), server_default=now_plus(), nullable=False),
        sa.Column("fetched_at", UtcDateTime(), nullable=True),
        sa.Column("screened_at", UtcDateTime(), nullable=True),
        sa.Column("reviewed_at", UtcDateTime(), nullable=True),
        sa.Column("reproduced_at", UtcDateTime(), nullable=True),
        sa.Column("decided_at", UtcDateTime(), nullable=True),
        sa.Column("published_at", UtcDateTime(), nullable=True),
        sa.Column("superseded_at", UtcDateTime(), nullable=True),
        sa.Column("human_requested_at", UtcDateTime(), nullable=True),
        sa.Column("verdict", sa.String(length=24), nullable=True),
        sa.Column("entry", Json, nullable=True),
        sa.Column("report", sa.Text(), nullable=True),
        sa.Column("snapshot", Json, nullable=True),
        sa.Column("rules_version", sa.String(length=40), nullable=True),
        sa.ForeignKeyConstraint(
            ["pull_request_id"], ["pull_request.id"], name=op.f("fk_submission_pull_request_id_pull_request")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_submission")),
        sa.UniqueConstraint("pull_request_id", "head_sha", name=op.f("uq_submission_pull_request_id")),
    )
    op.create_index(op.f("ix_submission_head_sha"), "submission", ["head_sha"], unique=False)
    op.create_index(op.f("ix_submission_pull_request_id"), "submission", ["pull_request_id"], unique=False)
    op.create_index("ix_submission_queue", "submission", ["verdict", "created_at"], unique=False)
    op.create_table(
        "finding",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("submission_id", sa.Uuid(), nullable=False),
        sa.Column("position", Whole, nullable=False),
        sa.Column("code", sa.String(length=8), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("category", sa.String(length=40), nullable=False),
        sa.Column("severity", sa.String(length=24), nullable=False),
        sa.Column("source", sa.String(length=24), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("fix", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=True),
        sa.Column("line", Whole, nullable=True),
        sa.Column("unpacked_line", Whole, nullable=True),
        sa.Column("evidence", Json, nullable=False),
        sa.ForeignKeyConstraint(
            ["submission_id"], ["submission.id"], name=op.f("fk_finding_submission_id_submission"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_finding")),
        sa.UniqueConstraint("submission_id", "source", "position", name=op.f("uq_finding_submission_id")),
    )
    op.create_index(op.f("ix_finding_code"), "finding", ["code"], unique=False)
    op.create_index(op.f("ix_finding_submission_id"), "finding", ["submission_id"], unique=False)
    op.create_table(
        "review",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("submission_id", sa.Uuid(), nullable=False),
        sa.Column("model", sa.String(length=80), nullable=False),
        sa.Column("answer", Json, nullable=False),
        sa.Column("created_at", UtcDateTime(), server_default=now_plus(), nullable=False),
        sa.ForeignKeyConstraint(["submission_id"], ["submission.id"], name=op.f("fk_review_submission_id_submission")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review")),
    )
    op.create_index(op.f("ix_review_submission_id"), "review", ["submission_id"], unique=False)
    op.create_table(
        "ruling",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("submission_id", sa.Uuid(), nullable=False),
        sa.Column("outcome", sa.String(length=24), nullable=False),
        sa.Column("codes", Json, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("ruler", sa.String(length=100), nullable=False),
        sa.Column("ruler_id", Whole, nullable=False),
        sa.Column("origin", sa.String(length=120), nullable=False),
        sa.Column("created_at", UtcDateTime(), server_default=now_plus(), nullable=False),
        sa.ForeignKeyConstraint(["submission_id"], ["submission.id"], name=op.f("fk_ruling_submission_id_submission")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ruling")),
        sa.UniqueConstraint("submission_id", "origin", name=op.f("uq_ruling_submission_id")),
    )
    op.create_index(op.f("ix_ruling_submission_id"), "ruling", ["submission_id"], unique=False)
    op.create_table(
        "run",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("submission_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("status", sa.String(length=24), nullable=False),
        sa.Column("requested_by", sa.String(length=100), nullable=False),
        sa.Column("requested_at", UtcDateTime(), server_default=now_plus(), nullable=False),
        sa.Column("evidence", Json, nullable=True),
        sa.ForeignKeyConstraint(["submission_id"], ["submission.id"], name=op.f("fk_run_submission_id_submission")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_run")),
        sa.UniqueConstraint("submission_id", "kind", name=op.f("uq_run_submission_id")),
    )
    op.create_index(op.f("ix_run_submission_id"), "run", ["submission_id"], unique=False)


def downgrade() -> None:
    """Drop them."""
    op.drop_index(op.f("ix_run_submission_id"), table_name="run")
    op.drop_table("run")
    op.drop_index(op.f("ix_ruling_submission_id"), table_name="ruling")
    op.drop_table("ruling")
    op.drop_index(op.f("ix_review_submission_id"), table_name="review")
    op.drop_table("review")
    op.drop_index(op.f("ix_finding_submission_id"), table_name="finding")
    op.drop_index(op.f("ix_finding_code"), table_name="finding")
    op.drop_table("finding")
    op.drop_index("ix_submission_queue", table_name="submission")
    op.drop_index(op.f("ix_submission_pull_request_id"), table_name="submission")
    op.drop_index(op.f("ix_submission_head_sha"), table_name="submission")
    op.drop_table("submission")
    op.drop_index(op.f("ix_publication_pull_request_id"), table_name="publication")
    op.drop_table("publication")
    op.drop_index(op.f("ix_pull_request_repository_id"), table_name="pull_request")
    op.drop_table("pull_request")
    op.drop_index(op.f("ix_repository_installation_id"), table_name="repository")
    op.drop_index(op.f("ix_repository_full_name"), table_name="repository")
    op.drop_table("repository")
    op.drop_index("ix_job_due", table_name="job")
    op.drop_table("job")
    op.drop_table("installation")
    op.drop_index(op.f("ix_delivery_event"), table_name="delivery")
    op.drop_table("delivery")
    op.drop_index(op.f("ix_audit_event_subject"), table_name="audit_event")
    op.drop_index(op.f("ix_audit_event_at"), table_name="audit_event")
    op.drop_table("audit_event")
