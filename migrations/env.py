"""How Alembic runs: on the connection handed in (`migrations.apply`), with timeouts on locks."""

from __future__ import annotations

from alembic import context
from sqlalchemy import text

from worker.store.models import Base

LOCK_SECONDS = 10


def run() -> None:
    """Run the migrations on the connection that the caller put into the configuration."""
    connection = context.config.attributes["connection"]
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'"))
        connection.execute(text("SELECT pg_advisory_xact_lock(4707101)"))  # two that migrate at once wait in line
    context.configure(connection=connection, target_metadata=Base.metadata, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()


run()
