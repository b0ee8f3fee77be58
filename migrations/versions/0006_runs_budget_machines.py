"""Runs as attempts with seed, machine, progress; append-only evidence; budgets; machines; the place of a job."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from worker.store.types import UtcDateTime, now_plus

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

Whole = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Json = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")

_POSTGRESQL_UP = (
    """
    CREATE FUNCTION evidence_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'evidence is append-only';
    END
    $$
    """,
    """
    CREATE TRIGGER evidence_append_only BEFORE UPDATE OR DELETE ON evidence
    FOR EACH ROW EXECUTE FUNCTION evidence_is_append_only()
    """,
    """
    CREATE TRIGGER evidence_not_emptied BEFORE TRUNCATE ON evidence
    FOR EACH STATEMENT EXECUTE FUNCTION evidence_is_append_only()
    """,
)
_SQLITE_UP = tuple(
    f"CREATE TRIGGER evidence_no_{what} BEFORE {what} ON evidence "
    "BEGIN SELECT RAISE(ABORT, 'evidence is append-only'); END"
    for what in ("update", "delete")
)


def upgrade() -> None:
    """What was asked for and never run is asked for anew: the old table says neither head nor seed."""
    op.drop_index(op.f("ix_run_submission_id"), table_name="run")
    op.drop_table("run")
    op.create_table(
        "evidence",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), server_default=now_plus(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_evidence")),
    )
    _create_run()
    _create_budget()
    op.create_table(
        "machine",
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("runner", sa.String(length=40), nullable=False),
        sa.Column("fault", sa.Text(), nullable=True),
        sa.Column("seen_at", UtcDateTime(), server_default=now_plus(), nullable=False),
        sa.Column("checked_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_machine")),
    )
    op.add_column("job", sa.Column("place", sa.String(length=80), server_default="", nullable=False))
    for statement in _POSTGRESQL_UP if _on_postgresql() else _SQLITE_UP:
        op.execute(statement)


def downgrade() -> None:
    """Back to one row per submission and kind."""
    op.drop_column("job", "place")
    for table in ("machine", "budget", "run", "evidence"):
        op.drop_table(table)
    if _on_postgresql():
        op.execute("DROP FUNCTION evidence_is_append_only()")
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


def _create_run() -> None:
    op.create_table(
        "run",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("submission_id", sa.Uuid(), nullable=False),
        sa.Column("head_sha", sa.String(length=64), nullable=False),
        sa.Column("rung", sa.String(length=16), nullable=False),
        sa.Column("ordinal", Whole, nullable=False),
        sa.Column("seed", Whole, nullable=False),
        sa.Column("attempt", Whole, nullable=False),
        sa.Column("status", sa.String(length=24), nullable=False),
        sa.Column("requested_by", sa.String(length=100), nullable=False),
        sa.Column("requested_by_id", Whole, nullable=False),
        sa.Column("way", sa.String(length=60), nullable=False),
        sa.Column("requested_at", UtcDateTime(), server_default=now_plus(), nullable=False),
        sa.Column("waits_for", sa.Text(), nullable=True),
        sa.Column("runner", sa.String(length=40), nullable=False),
        sa.Column("machine", sa.String(length=80), nullable=False),
        sa.Column("occupies", sa.String(length=80), nullable=True),
        sa.Column("handle", sa.Text(), nullable=True),
        sa.Column("request", Json, nullable=True),
        *(
            sa.Column(f"{what}_at", UtcDateTime(), nullable=True)
            for what in ("started", "watched", "ended", "released")
        ),
        sa.Column("progress", Json, nullable=False),
        sa.Column("verdict", sa.String(length=24), nullable=True),
        sa.Column("passed", sa.Boolean(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("evidence_digest", sa.String(length=64), nullable=True),
        sa.Column("budget_day", sa.String(length=10), nullable=True),
        *(sa.Column(name, Whole, nullable=False) for name in ("reserved_seconds", "reserved_mills")),
        *(sa.Column(name, Whole, nullable=False) for name in ("seconds", "mills")),
        sa.ForeignKeyConstraint(["submission_id"], ["submission.id"], name=op.f("fk_run_submission_id_submission")),
        sa.ForeignKeyConstraint(["evidence_digest"], ["evidence.digest"], name=op.f("fk_run_evidence_digest_evidence")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_run")),
        sa.UniqueConstraint("submission_id", "rung", "ordinal", "attempt", name=op.f("uq_run_submission_id")),
        sa.UniqueConstraint("head_sha", "rung", "seed", "attempt", name=op.f("uq_run_head_sha")),
        sa.UniqueConstraint("occupies", name=op.f("uq_run_occupies")),
    )
    op.create_index(op.f("ix_run_submission_id"), "run", ["submission_id"], unique=False)
    op.create_index("ix_run_status", "run", ["status", "watched_at"], unique=False)


def _create_budget() -> None:
    op.create_table(
        "budget",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("repository_id", Whole, nullable=False),
        sa.Column("account", sa.String(length=80), nullable=False),
        *(
            sa.Column(f"{kind}_{unit}", Whole, server_default="0", nullable=False)
            for unit in ("seconds", "mills")
            for kind in ("reserved", "spent")
        ),
        sa.CheckConstraint("reserved_seconds >= 0 AND reserved_mills >= 0", name="ck_budget_reserved"),
        sa.ForeignKeyConstraint(["repository_id"], ["repository.id"], name=op.f("fk_budget_repository_id_repository")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_budget")),
        sa.UniqueConstraint("repository_id", "account", name=op.f("uq_budget_repository_id")),
    )


def _on_postgresql() -> bool:
    return op.get_bind().dialect.name == "postgresql"
