"""Code as digests, precedents and who inherited them, what happened, and the bulletin's issue."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from worker.store.types import Json, UtcDateTime, now_plus

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

Whole = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add five tables and four columns."""
    _code()
    _precedents()
    op.create_table(
        "happening",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("repository_id", Whole, nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("key", sa.String(length=160), nullable=False),
        sa.Column("number", Whole, nullable=True),
        sa.Column("at", UtcDateTime(), server_default=now_plus(), nullable=False),
        sa.Column("detail", Json, nullable=False),
        *_keys("happening", repository_id="repository"),
        sa.UniqueConstraint("repository_id", "key", name=op.f("uq_happening_repository_id")),
    )
    op.create_index("ix_happening_newest", "happening", ["repository_id", "at"])
    op.add_column("repository", sa.Column("bulletin", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("repository", sa.Column("bulletin_issue", Whole, nullable=True))
    op.add_column("repository", sa.Column("bulletin_digest", sa.String(length=64), nullable=True))
    op.add_column("repository", sa.Column("bulletin_at", UtcDateTime(), nullable=True))


def downgrade() -> None:
    """Take them away."""
    for column in ("bulletin_at", "bulletin_digest", "bulletin_issue", "bulletin"):
        op.drop_column("repository", column)
    for table in ("happening", "inheritance", "precedent", "baseline_code", "submission_code"):
        op.drop_table(table)


def _code() -> None:
    op.create_table(
        "submission_code",
        sa.Column("submission_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.LargeBinary(), nullable=False),
        sa.Column("guilt", Json, nullable=False),
        _foreign("submission_code", "submission_id", "submission", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("submission_id", name=op.f("pk_submission_code")),
    )
    op.create_table(
        "baseline_code",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("repository_id", Whole, nullable=False),
        sa.Column("content_id", sa.String(length=64), nullable=False),
        sa.Column("code", sa.LargeBinary(), nullable=False),
        *_keys("baseline_code", repository_id="repository"),
        sa.UniqueConstraint("repository_id", "content_id", name=op.f("uq_baseline_code_repository_id")),
    )
    op.create_index(op.f("ix_baseline_code_repository_id"), "baseline_code", ["repository_id"])


def _precedents() -> None:
    op.create_table(
        "precedent",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("ruling_id", sa.Uuid(), nullable=False),
        sa.Column("submission_id", sa.Uuid(), nullable=False),
        sa.Column("repository_id", Whole, nullable=False),
        sa.Column("number", Whole, nullable=False),
        sa.Column("outcome", sa.String(length=24), nullable=False),
        sa.Column("codes", Json, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("ruled_at", UtcDateTime(), nullable=False),
        sa.Column("evidence", Json, nullable=False),
        sa.Column("telling", Json, nullable=False),
        sa.Column("withdrawn_at", UtcDateTime(), nullable=True),
        *_keys("precedent", ruling_id="ruling", submission_id="submission", repository_id="repository"),
        sa.UniqueConstraint("ruling_id", name=op.f("uq_precedent_ruling_id")),
    )
    op.create_table(
        "inheritance",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("submission_id", sa.Uuid(), nullable=False),
        sa.Column("precedent_id", sa.Uuid(), nullable=False),
        _foreign("inheritance", "submission_id", "submission", ondelete="CASCADE"),
        *_keys("inheritance", precedent_id="precedent"),
        sa.UniqueConstraint("submission_id", "precedent_id", name=op.f("uq_inheritance_submission_id")),
    )
    for table, column in (
        ("precedent", "submission_id"),
        ("precedent", "repository_id"),
        ("inheritance", "submission_id"),
        ("inheritance", "precedent_id"),
    ):
        op.create_index(op.f(f"ix_{table}_{column}"), table, [column])


def _keys(table: str, **references: str) -> list[sa.schema.SchemaItem]:
    """The primary key and the foreign ones."""
    foreign = [_foreign(table, column, target) for column, target in references.items()]
    return [*foreign, sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}"))]


def _foreign(table: str, column: str, target: str, ondelete: str | None = None) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{column}_{target}")
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=name, ondelete=ondelete)
