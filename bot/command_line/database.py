"""The deployment's database, for commands of its operator."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from bot.command_line.deployment import settings_as_given

if TYPE_CHECKING:
    from worker.settings import Settings
    from worker.store.session import SessionScope

WITHOUT_SERVER = "this command needs the server's packages: pip install 'fairway[server]' ({})"
NO_DATABASE = "{} cannot be reached: {}; FAIRWAY_DATABASE_URL says where the database is"
NO_FILE = "there is no database at {!r}; start Fairway once, or say where it is in FAIRWAY_DATABASE_URL"
NOT_MIGRATED = "{} is not at the newest revision: run `fairway migrate` first"


@contextmanager
def opened() -> Iterator[SessionScope]:
    """Transactions on the database that the settings name. Raises ClickException where there is none to work on."""
    try:
        from sqlalchemy.exc import InterfaceError, OperationalError

        from migrations.apply import is_current
        from worker.store.session import make_engine, session_scope
    except ImportError as error:
        raise click.ClickException(WITHOUT_SERVER.format(error)) from None
    url = _existing(settings_as_given())
    engine = make_engine(url)
    try:
        if not is_current(engine):
            raise click.ClickException(NOT_MIGRATED.format(shown(url)))
        yield session_scope(engine)
    except (OperationalError, InterfaceError) as error:
        raise click.ClickException(NO_DATABASE.format(shown(url), _first_line(error.orig))) from None
    finally:
        engine.dispose()


def shown(url: str) -> str:
    """The address without its password."""
    from sqlalchemy import make_url

    return make_url(url).render_as_string(hide_password=True)


def _existing(settings: Settings) -> str:
    """The address; SQLite would quietly make a new file in a place where there is none."""
    from pathlib import Path

    from sqlalchemy import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        url = make_url(settings.database_url)
    except ArgumentError:
        raise click.ClickException("FAIRWAY_DATABASE_URL is no address of a database") from None
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").is_file():
        raise click.ClickException(NO_FILE.format(url.database or ""))
    return settings.database_url


def _first_line(error: BaseException | None) -> str:
    return str(error).strip().partition("\n")[0]
