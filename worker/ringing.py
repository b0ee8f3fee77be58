"""Relay and schedule together: what rings, and works on nothing."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from celery import Celery

from worker.app import Doorbell, make_app
from worker.beat import Beat
from worker.pulse import Pulse
from worker.relay import Outbox, Relay
from worker.settings import Settings
from worker.store.session import make_engine, session_scope

log = logging.getLogger(__name__)

JOIN_SECONDS = 5.0


def run_beat(settings: Settings, stop: threading.Event, pulse: Pulse) -> None:
    """Ring until `stop` is set: the relay in this thread, the schedule in another."""
    app = make_app(settings)
    bell = Doorbell(app)
    engine = make_engine(settings.database_url)
    relay = Relay(Outbox(session_scope(engine), bell.announce), seconds=settings.relay_seconds, on_round=pulse.beat)
    log.info(
        "ringing for due jobs every %g s, for the sweep every %g s", settings.relay_seconds, settings.sweep_seconds
    )
    try:
        with beating(app, bell, stop):
            relay.run(stop)
    finally:
        pulse.stop()
        engine.dispose()
    log.info("stopped")


@contextmanager
def beating(app: Celery, bell: Doorbell, stop: threading.Event) -> Iterator[None]:
    """The schedule in a thread; at the end it is waited for a moment."""
    thread = threading.Thread(target=Beat(app, bell).run, args=(stop,), name="beat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(JOIN_SECONDS)
