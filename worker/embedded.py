"""The whole pipeline in the web's process: a worker of threads, the relay and the schedule, and a broker in memory."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from celery import Celery
from celery.worker import WorkController
from celery.worker import state as worker_state

from worker.app import GPU_QUEUE, QUEUE, Doorbell, make_app, queue_at
from worker.context import make_context
from worker.process import QUIET
from worker.relay import Relay
from worker.reproduction import presence
from worker.ringing import beating
from worker.screener import Isolated
from worker.settings import Settings
from worker.tasks import register

log = logging.getLogger(__name__)

START_SECONDS = 30.0
STOP_SECONDS = 20.0


@contextmanager
def working(settings: Settings) -> Iterator[None]:
    """Work on jobs beside what the caller does. Raises NotAnAppError where the settings name no App."""
    with ExitStack() as stack:
        app = make_app(settings)
        bell = Doorbell(app)
        screen = Isolated(settings)
        stack.callback(screen.close)
        context = make_context(settings, bell.announce, screen)
        register(app, lambda: context)
        stack.enter_context(_listening(app, settings.concurrency, _queues(settings)))
        screen.warm_up()
        stop = threading.Event()
        stack.enter_context(beating(app, bell, stop))
        stack.enter_context(_relaying(Relay(context, seconds=settings.relay_seconds), stop))
        yield


def _queues(settings: Settings) -> list[str]:
    """With a runner this process is its machine too, if the sandbox holds; the web and the rest work without."""
    if not settings.runner or not presence.is_fit(settings):
        return [QUEUE]
    presence.introduce(settings)
    return [QUEUE, GPU_QUEUE, queue_at(settings.machine_name)]


@contextmanager
def _listening(app: Celery, concurrency: int, queues: Sequence[str]) -> Iterator[None]:
    """Celery's worker in a thread. At the end the jobs that run may finish; what does not is leased again later."""
    ready = threading.Event()
    app.set_default()  # threads of the pool look for their tasks there
    worker = WorkController(
        app=app,
        pool="threads",
        concurrency=concurrency,
        queues=list(queues),
        ready_callback=lambda _consumer: ready.set(),
        **QUIET,
    )
    thread = threading.Thread(target=worker.start, name="worker", daemon=True)
    thread.start()
    if not ready.wait(START_SECONDS):
        raise TimeoutError("the worker did not start")
    try:
        yield
    finally:
        worker_state.should_stop = 0  # Celery looks at it in its loop, and so does a real worker's TERM
        thread.join(STOP_SECONDS)
        if thread.is_alive():
            log.warning("jobs that still run are left to the next start")
        worker_state.should_stop = None


@contextmanager
def _relaying(relay: Relay, stop: threading.Event) -> Iterator[None]:
    thread = threading.Thread(target=relay.run, args=(stop,), name="relay", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(STOP_SECONDS)
