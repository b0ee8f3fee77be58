"""Bring a database to a revision. Called by `fairway migrate` and by `fairway serve` when it runs embedded."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine

Change = tuple[str | None, str | None]
"""Revision before and after; None for an empty database."""


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    return config


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Apply what is missing up to `revision`, in one transaction."""
    config = _config()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def downgrade(engine: Engine, revision: str = "base") -> None:
    """Take back down to `revision`."""
    config = _config()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, revision)


def move(engine: Engine, revision: str = "head") -> Change:
    """Go up or down to `revision`; returns where the database stood and where it stands.

    Raises alembic's CommandError for a revision that is not known, or a database that stands at one.
    """
    before = _current(engine)
    if revision == "base" or revision in _older_than(before):
        downgrade(engine, revision)
    else:
        upgrade(engine, revision)
    return before, _current(engine)


def is_current(engine: Engine) -> bool:
    """Whether the database stands at the newest revision."""
    return _current(engine) == ScriptDirectory.from_config(_config()).get_current_head()


def _current(engine: Engine) -> str | None:
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def _older_than(revision: str | None) -> set[str]:
    if revision is None:
        return set()
    known = ScriptDirectory.from_config(_config()).iterate_revisions(revision, "base")
    return {script.revision for script in known} - {revision}
