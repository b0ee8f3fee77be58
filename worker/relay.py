"""The relay: looks at the outbox all the time and rings the doorbell for what is due.

The receiver only writes rows, so this is what starts a delivery's way; and it is what finds the job of a worker that
died. It outlives every fault of database and broker.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

from worker import pipeline
from worker.pipeline import Announce, Bell
from worker.store.session import SessionScope

log = logging.getLogger(__name__)

MOST_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Outbox:
    """Where due jobs stand, and how they are announced."""

    scope: SessionScope
    announce: Announce


class Relay:
    """Rings every `seconds`; while that fails, less and less often, up to every five seconds.

    `on_round` is called after each round that went well.
    """

    def __init__(self, bell: Bell, *, seconds: float, on_round: Callable[[], None] = lambda: None) -> None:
        self._bell, self._seconds, self._on_round = bell, seconds, on_round
        self._failures = 0

    def run(self, stop: threading.Event) -> None:
        """Go on until `stop` is set."""
        while not stop.is_set():
            self.round()
            stop.wait(self.pause)

    @property
    def pause(self) -> float:
        """Seconds until the next round."""
        return float(min(max(self._seconds, MOST_SECONDS), self._seconds * 2.0 ** min(self._failures, 16)))

    def round(self) -> None:
        """Ring once for all that is due. A fault is logged when it begins and when it ends."""
        fault: Exception | None
        try:
            _, fault = pipeline.ring_or_fault(self._bell)
        except Exception as error:  # whatever it is, the next round may go well
            fault = error
        if fault is not None:
            self._fails(fault)
        else:
            self._goes_on()

    def _fails(self, fault: Exception) -> None:
        if not self._failures:
            said = (str(fault).splitlines() or [""])[0]
            log.warning("the relay stands still, what is due waits: %s: %s", type(fault).__name__, said)
        self._failures += 1

    def _goes_on(self) -> None:
        if self._failures:
            log.warning("the relay goes on after %d rounds in vain", self._failures)
        self._failures = 0
        self._on_round()
