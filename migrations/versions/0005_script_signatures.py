"""The scripts of submissions as later ones are compared with them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from worker.store.types import UtcDateTime

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TABLE = "script_signature"
Whole = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Json = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        TABLE,
        sa.Column("submission_id", sa.Uuid(), nullable=False),
        sa.Column("repository_id", Whole, nullable=False),
        sa.Column("number", Whole, nullable=False),
        sa.Column("author", sa.String(length=100), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("version", Whole, nullable=False),
        sa.Column("slots", sa.LargeBinary(), nullable=False),
        sa.Column("shingles", Whole, nullable=False),
        sa.Column("lines", sa.LargeBinary(), nullable=False),
        sa.Column("parents", Json, nullable=False),
        sa.ForeignKeyConstraint(
            ["submission_id"],
            ["submission.id"],
            name=op.f(f"fk_{TABLE}_submission_id_submission"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["repository_id"], ["repository.id"], name=op.f(f"fk_{TABLE}_repository_id_repository")
        ),
        sa.PrimaryKeyConstraint("submission_id", name=op.f(f"pk_{TABLE}")),
    )
    op.create_index("ix_script_signature_version", TABLE, ["repository_id", "version"])


def downgrade() -> None:
    """Take it away."""
    op.drop_table(TABLE)
