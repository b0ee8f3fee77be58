"""Commands that were carried out, who shipped a folder or file first, and how often a job was parked in a row."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from worker.store.types import UtcDateTime, now_plus

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

Whole = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add three tables and a column."""
    op.create_table(
        "command",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("repository_id", Whole, nullable=False),
        sa.Column("comment_id", Whole, nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("user_id", Whole, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), server_default=now_plus(), nullable=False),
        *_belongs("command", "comment_id", "digest"),
    )
    op.create_table(
        "first_folder",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("repository_id", Whole, nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("number", Whole, nullable=False),
        *_belongs("first_folder", "digest"),
    )
    op.create_table(
        "first_file",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("repository_id", Whole, nullable=False),
        sa.Column("content_id", sa.String(length=64), nullable=False),
        sa.Column("number", Whole, nullable=False),
        sa.Column("author", sa.String(length=100), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        *_belongs("first_file", "content_id"),
    )
    for table in ("command", "first_folder", "first_file"):
        op.create_index(op.f(f"ix_{table}_repository_id"), table, ["repository_id"])
    op.add_column("job", sa.Column("waits", Whole, server_default="0", nullable=False))


def downgrade() -> None:
    """Take them away."""
    op.drop_column("job", "waits")
    for table in ("first_file", "first_folder", "command"):
        op.drop_table(table)


def _belongs(table: str, *keys: str) -> tuple[sa.schema.SchemaItem, ...]:
    """The constraints of a table whose rows belong to a repository and are unique there by these keys."""
    return (
        sa.ForeignKeyConstraint(
            ["repository_id"], ["repository.id"], name=op.f(f"fk_{table}_repository_id_repository")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        sa.UniqueConstraint("repository_id", *keys, name=op.f(f"uq_{table}_repository_id")),
    )
