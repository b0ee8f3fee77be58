"""A trigger refuses to change or delete what was audited."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_POSTGRESQL_UP = (
    """
    CREATE FUNCTION audit_event_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'audit_event is append-only';
    END
    $$
    """,
    """
    CREATE TRIGGER audit_event_append_only BEFORE UPDATE OR DELETE ON audit_event
    FOR EACH ROW EXECUTE FUNCTION audit_event_is_append_only()
    """,
    """
    CREATE TRIGGER audit_event_not_emptied BEFORE TRUNCATE ON audit_event
    FOR EACH STATEMENT EXECUTE FUNCTION audit_event_is_append_only()
    """,
)
_POSTGRESQL_DOWN = (
    "DROP TRIGGER audit_event_not_emptied ON audit_event",
    "DROP TRIGGER audit_event_append_only ON audit_event",
    "DROP FUNCTION audit_event_is_append_only()",
)
_SQLITE_UP = tuple(
    f"CREATE TRIGGER audit_event_no_{what} BEFORE {what} ON audit_event "
    "BEGIN SELECT RAISE(ABORT, 'audit_event is append-only'); END"
    for what in ("update", "delete")
)
_SQLITE_DOWN = ("DROP TRIGGER audit_event_no_update", "DROP TRIGGER audit_event_no_delete")


def upgrade() -> None:
    """Create the triggers."""
    for statement in _POSTGRESQL_UP if _on_postgresql() else _SQLITE_UP:
        op.execute(statement)


def downgrade() -> None:
    """Drop them."""
    for statement in _POSTGRESQL_DOWN if _on_postgresql() else _SQLITE_DOWN:
        op.execute(statement)


def _on_postgresql() -> bool:
    return op.get_bind().dialect.name == "postgresql"
