"""Guards around screening: a submission may cost time and memory, and never more than that.

In a worker's own process the guard is an alarm; the process has a limit on its memory and may be killed and replaced.
Embedded, where the web lives in the same process, screening has a process of its own.
"""

from __future__ import annotations

import os
import resource
import signal
import threading
import time
from concurrent.futures import CancelledError
from concurrent.futures import TimeoutError as OutOfTime
from contextlib import suppress
from multiprocessing import get_context
from pathlib import Path
from types import FrameType

from pebble import ProcessExpired, ProcessPool

from worker.screening import Request, Screen, Screened, ScreeningError, forget, screen_here, warm_up
from worker.settings import Settings

AGAIN_SECONDS = 1.0
PARENT_SECONDS = 1.0
SCREENED_AT_MOST = 200
"""After so many the process is replaced, since what it remembers and fragments only grows."""

OVERTIME = "screening took longer than {:g} s"
OVER_MEMORY = "screening needed more than {:,} bytes of memory"
DIED = "the screening process ended by itself: {}"


class _OvertimeSignal(BaseException):
    """Not an Exception: a rule that breaks is noted as broken and the next one tried, and this must end them all."""


def screen_guarded(settings: Settings, screen: Screen = screen_here) -> Screen:
    """Screening in this process and its main thread, ended by an alarm. For a worker's children."""

    def guarded(request: Request) -> Screened:
        previous = signal.signal(signal.SIGALRM, _overtime)
        try:
            # The alarm rings again and again, should something in between have caught it.
            signal.setitimer(signal.ITIMER_REAL, settings.screen_seconds, AGAIN_SECONDS)
            try:
                return screen(request)
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
        except _OvertimeSignal:
            forget()
            raise ScreeningError(OVERTIME.format(settings.screen_seconds)) from None
        except MemoryError:
            forget()
            raise ScreeningError(OVER_MEMORY.format(settings.screen_bytes)) from None
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, previous)

    return guarded


def _overtime(_signal: int, _frame: FrameType | None) -> None:
    raise _OvertimeSignal


class Isolated:
    """Screening in a process of its own, one request at a time; whatever happens there stays there.

    The process starts empty (spawn): this one has threads, which a fork would break.
    """

    def __init__(self, settings: Settings, screen: Screen = screen_here) -> None:
        self._settings, self._screen = settings, screen
        self._pool = ProcessPool(
            max_workers=1,
            max_tasks=SCREENED_AT_MOST,
            context=get_context("spawn"),
            initializer=_enter,
            initargs=(settings.screen_bytes, os.getpid()),
        )

    def __call__(self, request: Request) -> Screened:
        """Raises ScreeningError where it ran out of time or memory, or its process ended."""
        try:
            screened: Screened = self._pool.schedule(
                self._screen, args=[request], timeout=self._settings.screen_seconds
            ).result()
        except OutOfTime:
            raise ScreeningError(OVERTIME.format(self._settings.screen_seconds)) from None
        except MemoryError:
            raise ScreeningError(OVER_MEMORY.format(self._settings.screen_bytes)) from None
        except (ProcessExpired, CancelledError) as error:
            raise ScreeningError(DIED.format(error)) from None
        return screened

    def warm_up(self) -> None:
        """Start the process now, so that the first submission does not wait for it."""
        self._pool.schedule(warm_up).result()

    def close(self) -> None:
        """End the process, with whatever it is doing."""
        self._pool.stop()  # type: ignore[no-untyped-call]
        self._pool.join()


def _enter(limit: int, parent: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides when to end
    limit_memory(limit)
    threading.Thread(target=_end_with, args=(parent,), name="parent-watch", daemon=True).start()


def _end_with(parent: int) -> None:
    """A parent that was killed cannot tell."""
    while os.getppid() == parent:
        time.sleep(PARENT_SECONDS)
    os._exit(1)


def limit_memory(more: int) -> None:
    """Let this process have so many bytes of address space beyond what it has now; never more than was allowed."""
    now = resource.getpagesize()
    with suppress(OSError, ValueError):
        now *= int(Path("/proc/self/statm").read_text("ascii").split()[0])
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    wanted = now + more
    resource.setrlimit(resource.RLIMIT_AS, (wanted if most == resource.RLIM_INFINITY else min(wanted, most), most))
