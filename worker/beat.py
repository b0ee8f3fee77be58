"""What comes by itself: the sweep, GitHub's failed deliveries, the purge. The schedule stands in `worker.app`.

It is kept in memory: at a start everything is due at once, and two beats at the same time only do things twice.
"""

from __future__ import annotations

import logging
import threading
from datetime import UTC, datetime

from celery import Celery
from celery.beat import ScheduleEntry, Scheduler

from worker.app import Doorbell, DoorbellError

log = logging.getLogger(__name__)

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
MOST_SECONDS = 1.0
STALE_SECONDS = 3_600.0
"""A message that waited longer is dropped: it has come again since. Generous, as machines' clocks may differ."""


class Beat:
    """Celery's schedule, rung on our doorbell."""

    def __init__(self, app: Celery, bell: Doorbell) -> None:
        self._schedule = _InMemory(app, bell)

    def run(self, stop: threading.Event) -> None:
        """Go on until `stop` is set."""
        while not stop.is_set():
            stop.wait(self.round())

    def round(self) -> float:
        """Ring what is due. Returns in how many seconds to come again."""
        pause: float = self._schedule.tick()
        self._schedule.ring()
        return min(pause, MOST_SECONDS)


class _InMemory(Scheduler):  # type: ignore[misc] # Celery has no types
    """Celery's base scheduler keeps times in memory. What the broker did not take stays owed."""

    def __init__(self, app: Celery, bell: Doorbell) -> None:
        self._bell = bell
        self._owed: dict[str, None] = {}
        self._failing = False
        super().__init__(app, max_interval=MOST_SECONDS)

    producer = None  # the doorbell has its own connection

    def setup_schedule(self) -> None:
        """The entries of the app, all due at once."""
        for name, entry in self.app.conf.beat_schedule.items():
            self.add(name=name, last_run_at=LONG_AGO, **entry)

    def apply_entry(self, entry: ScheduleEntry, producer: object = None) -> None:  # noqa: ARG002 - Celery's signature
        """Note that a task is due."""
        self._owed[entry.task] = None

    def ring(self) -> None:
        """Ring for what is owed, until the broker refuses."""
        try:
            for task in list(self._owed):
                self._bell.ring(task, expires=STALE_SECONDS)
                del self._owed[task]
                self._say(None)
        except DoorbellError as error:
            self._say(error)

    def _say(self, error: DoorbellError | None) -> None:
        if (error is not None) is not self._failing:
            self._failing = error is not None
            log.warning("periodic tasks wait: %s" if error else "periodic tasks go on%s", error or "")
