"""`fairway migrate`: bring the database to the revision of this version."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from bot.command_line.codes import DONE

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from migrations.apply import Change

AGAIN_SECONDS = 0.5
WAITING = "fairway migrate: {} does not answer, waiting up to {:g} s"
AWAY = "{} did not answer within {:g} s: {}"
UNKNOWN = "there is no revision {!r}: {}"


@click.command("migrate")
@click.option("--to", "revision", default="head", metavar="REV", help="A revision, or base for an empty database.")
@click.option(
    "--wait",
    "patience",
    type=click.FloatRange(0, 3600),
    default=30.0,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait for the database.",
)
def command(revision: str, patience: float) -> int:
    """Bring the database to the newest revision, or to REV.

    An older REV takes changes back, and with them the data that they made room for. At the newest one all repositories'
    configurations are read again: this version may understand them otherwise.
    """
    from alembic.util.exc import CommandError

    from bot.command_line import deployment
    from bot.command_line.database import shown
    from migrations.apply import move
    from worker.store.session import make_engine

    settings = deployment.read_settings()
    place = shown(settings.database_url)
    engine = make_engine(settings.database_url)
    try:
        _wait(engine, place, patience)
        change = move(engine, revision)
        _configure(engine, change)
    except CommandError as error:
        raise click.ClickException(UNKNOWN.format(revision, error)) from None
    finally:
        engine.dispose()
    click.echo(f"{place}: {_told(change)}")
    return DONE


def _configure(engine: Engine, change: Change) -> None:
    from migrations.apply import is_current
    from worker.store import jobs
    from worker.store.models import Stage
    from worker.store.session import session_scope

    before, _ = change
    if before is not None and is_current(engine):
        with session_scope(engine)() as session:
            jobs.request_everywhere(session, Stage.CONFIGURE)


def _wait(engine: Engine, place: str, patience: float) -> None:
    from sqlalchemy.exc import OperationalError

    until, said = time.monotonic() + patience, False
    while True:
        try:
            with engine.connect():
                return
        except OperationalError as error:
            if time.monotonic() >= until:
                reason = str(error.orig).strip().partition("\n")[0]
                raise click.ClickException(AWAY.format(place, patience, reason)) from None
        if not said:
            click.echo(WAITING.format(place, patience), err=True)
            said = True
        time.sleep(AGAIN_SECONDS)


def _told(change: Change) -> str:
    before, after = change
    return f"already at {after or 'base'}" if before == after else f"{before or 'base'} → {after or 'base'}"
