"""Ending in good order."""

from __future__ import annotations

import signal
import threading
from types import FrameType


def until_told() -> threading.Event:
    """An event that TERM and INT set; from now on neither ends the process by itself."""
    told = threading.Event()

    def tell(_signal: int, _frame: FrameType | None) -> None:
        told.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, tell)
    return told
