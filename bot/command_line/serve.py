"""`fairway serve`: the web; without a broker also everything else, in one process."""

from __future__ import annotations

import logging
import os
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from bot.command_line.codes import DONE, FAULT, FOUND

if TYPE_CHECKING:
    from worker.settings import Settings

log = logging.getLogger(__name__)

CHECK_SECONDS = 5.0
TAKEN = "{}:{} cannot be listened on: {}; choose another with --host and --port"
UNSIGNED = (
    "FAIRWAY_WEBHOOK_SECRET is not set: deliveries from GitHub are refused (503), since nobody could tell them from "
    "forged ones"
)
NO_APP = (
    "FAIRWAY_APP_ID and FAIRWAY_PRIVATE_KEY are not set: nothing is asked of GitHub and nothing is published; "
    "deliveries are stored and wait"
)
NO_REVIEWER = "FAIRWAY_REVIEWER_URL is not set: no language model reads submissions; the rules alone judge"
NO_RUNNER = (
    "FAIRWAY_RUNNER is not set: no submission is run here, neither reproduced nor probed; requests are kept and wait"
)
EMBEDDED = "FAIRWAY_BROKER_URL is not set: web and worker share this process, and the database is {}"


@click.command("serve")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; 0.0.0.0 for all.")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0 takes a free one.")
@click.option("--check", is_flag=True, help="Start nothing; tell whether a site on this machine answers on the port.")
@click.option("--verbose", is_flag=True, help="Log more.")
def command(host: str, port: int, check: bool, verbose: bool) -> int:
    """Receive GitHub's webhooks until a signal comes; /healthz answers as soon as it is ready.

    With FAIRWAY_BROKER_URL (Redis) this is the web alone, beside `fairway worker` and `fairway beat`. Without it the
    worker runs in this process too, and what is not set up is told at the start.
    """
    if check:
        return _tell(port)
    from bot.command_line import deployment, logs
    from bot.command_line.signals import until_told

    settings = deployment.read_settings()
    _refuse_unsafe(settings)
    works = settings.embedded and deployment.is_app(settings)
    bound = _bind(host, port)
    logs.set_up(settings, verbose=verbose)
    told = until_told()
    with _beside(settings, works=works):
        started = told.is_set() or _serve(settings, bound)
    _leave(DONE if started else FAULT)
    return DONE if started else FAULT


def _tell(port: int) -> int:
    """Ask the site on this machine how it is."""
    from contextlib import closing
    from http.client import HTTPConnection, HTTPException

    with closing(HTTPConnection("127.0.0.1", port, timeout=CHECK_SECONDS)) as connection:
        try:
            connection.request("GET", "/healthz")
            status = str(connection.getresponse().status)
        except (OSError, HTTPException) as error:
            status = str(error)
    if status == "200":
        click.echo("alive")
        return DONE
    click.echo(f"port {port} of this machine does not answer as it should: {status}", err=True)
    return FOUND


def _refuse_unsafe(settings: Settings) -> None:
    """A real deployment without a secret would take forged deliveries, or none: it does not start."""
    from bot.web.app import UNSIGNED as NEEDS_SECRET

    if not settings.webhook_secret and not (settings.embedded and settings.database_url.startswith("sqlite")):
        raise click.ClickException(NEEDS_SECRET)


def _bind(host: str, port: int) -> socket.socket:
    from bot.web.server import bind

    try:
        return bind(host, port)
    except OSError as error:
        raise click.ClickException(TAKEN.format(host, port, error.strerror or error)) from None


@contextmanager
def _beside(settings: Settings, *, works: bool) -> Iterator[None]:
    """What runs beside the web in this process."""
    if not settings.embedded:
        yield
        return
    _say_what_is_missing(settings)
    _migrate(settings)
    if not works:
        yield
        return
    from worker.embedded import working

    with working(settings):
        yield


def _say_what_is_missing(settings: Settings) -> None:
    from bot.command_line.database import shown

    log.warning(EMBEDDED.format(shown(settings.database_url)))
    if not settings.webhook_secret:
        log.warning(UNSIGNED)
    if settings.app_id is None or settings.private_key is None:
        log.warning(NO_APP)
    if settings.reviewer_url is None:
        log.warning(NO_REVIEWER)
    if not settings.runner:
        log.warning(NO_RUNNER)


def _migrate(settings: Settings) -> None:
    from migrations.apply import upgrade
    from worker.store.session import make_engine

    engine = make_engine(settings.database_url)
    try:
        upgrade(engine)
    finally:
        engine.dispose()


def _serve(settings: Settings, bound: socket.socket) -> bool:
    from bot.web.app import make_app
    from bot.web.server import serve

    return serve(make_app(settings, unsigned=not settings.webhook_secret), bound)


def _leave(code: int) -> None:
    """A job that hangs in a thread of the pool would keep the interpreter from ending: it is left to the next start."""
    if any(thread.name.startswith("ThreadPoolExecutor") for thread in threading.enumerate()):
        logging.shutdown()
        sys.stdout.flush()
        os._exit(code)
