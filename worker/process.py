"""A worker as a process of its own: Celery's prefork pool, where a child that hangs or dies is replaced."""

from __future__ import annotations

import gc
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from celery import Celery, bootsteps
from celery.signals import setup_logging, worker_process_init

from worker import screening
from worker.app import GPU_QUEUE, Doorbell, make_app, queue_at
from worker.clients.github import GitHubGateway
from worker.context import make_context
from worker.pipeline import Context
from worker.pulse import EVERY_SECONDS, Pulse
from worker.reproduction import presence
from worker.screener import limit_memory, screen_guarded
from worker.settings import Settings
from worker.stages import functions
from worker.store.session import make_engine
from worker.tasks import register

log = logging.getLogger(__name__)

REPLACE_SECONDS = 0.5
QUIET = {"without_gossip": True, "without_mingle": True, "without_heartbeat": True}
"""What workers would tell each other. Ours meet in the database only, and start sooner without."""


@dataclass(slots=True)
class Workplace:
    """The context of one child: its connections are its own, none is inherited."""

    settings: Settings
    bell: Doorbell
    _context: Context | None = field(default=None, init=False, repr=False)

    def __call__(self) -> Context:
        if self._context is None:
            raise RuntimeError("a task runs where no child of a worker has begun")
        return self._context

    def enter(self, **_signal: object) -> None:
        """Begin as a child."""
        self._context = make_context(self.settings, self.bell.announce, screen_guarded(self.settings))
        limit_memory(self.settings.screen_bytes)


def run_worker(settings: Settings, *, queues: Sequence[str], concurrency: int, pulse: Pulse) -> int:
    """Work until a signal: TERM finishes what runs, a second INT or QUIT does not. Returns the exit code.

    Raises NotAnAppError where the settings name no App.
    """
    app = make_app(settings)
    workplace = Workplace(settings, Doorbell(app))
    register(app, workplace)
    beat_in_consumer(app, pulse)
    setup_logging.connect(_keep_logging, weak=False)
    worker_process_init.connect(workplace.enter, weak=False)
    _import_everything(settings)
    if GPU_QUEUE in queues:
        presence.introduce(settings)
    listened = [*queues, *([queue_at(settings.machine_name)] if GPU_QUEUE in queues else [])]
    worker = app.Worker(queues=listened, concurrency=concurrency, pool="prefork", quiet=True, **QUIET)
    log.info("working on %s, %d jobs at a time", ", ".join(listened), concurrency)
    worker.start()
    return int(worker.exitcode or 0)


def beat_in_consumer(app: Celery, pulse: Pulse) -> None:
    """Beat as long as the worker listens to the broker and its main loop turns.

    It also looks for children that died more often than Celery does, which may need five seconds to notice one.
    """

    class Beating(bootsteps.StartStopStep):  # type: ignore[misc] # Celery has no types
        requires = ("celery.worker.consumer.tasks:Tasks",)
        timers: tuple[Any, ...] = ()

        def start(self, consumer: Any) -> None:
            log.info("listening for jobs")
            pulse.beat()
            repeatedly = consumer.timer.call_repeatedly
            self.timers = (
                repeatedly(EVERY_SECONDS, pulse.beat),
                repeatedly(REPLACE_SECONDS, consumer.pool.maintain_pool),
            )

        def stop(self, _consumer: object) -> None:
            for timer in self.timers:
                timer.cancel()
            pulse.stop()

    app.steps["consumer"].add(Beating)


def _import_everything(settings: Settings) -> None:
    """Once, before the children are forked, so that one that replaces another is there at once."""
    functions()
    screening.warm_up()
    GitHubGateway(settings).warm_up()
    make_engine(settings.database_url).dispose()  # nothing was connected, but the driver is there
    gc.freeze()  # what is shared now stays shared: no child's collector writes to it


def _keep_logging(**_signal: object) -> None:
    """With a receiver of this signal Celery leaves logging as it is."""
