"""Following a job that runs: its output read, its limits kept, its end brought about and waited for."""

from __future__ import annotations

import contextlib
import os
import select
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from evaluator.execution import Ended, Job, Line, Reason
from evaluator.sandbox.log import Keeper

TURN_SECONDS = 0.1
GRACE_SECONDS = 1.0  # between asking and killing; the kill itself takes milliseconds
REAP_SECONDS = 10.0
PORTION = 1 << 16
NO_WAY = "the job's processes could not be ended within {:.0f} seconds"

Found = tuple[Reason, str]


class Running(Protocol):
    """A job that was begun, however that was done."""

    @property
    def process(self) -> subprocess.Popen[bytes]:
        """The process of ours that ends when the job has; its output is `stdout`."""
        ...

    def go(self) -> float:
        """Let it begin; when that was, on the monotonic clock."""
        ...

    def look(self, *, last: bool = False) -> Found | None:
        """Why it must end now; `last` is asked when it has ended."""
        ...

    def ask(self) -> None:
        """Send TERM to the job."""
        ...

    def kill(self) -> None:
        """Send KILL to everything of it."""
        ...

    def gone(self, seconds: float) -> bool:
        """Whether nothing of it is left within so many seconds."""
        ...


@dataclass(slots=True)
class Following:
    """One job followed to its end. `began` is on the monotonic clock."""

    job: Job
    running: Running
    began: float
    keeper: Keeper
    cancelled: Callable[[], bool] | None = None

    def to_the_end(self) -> Ended:
        """Wait until it ends or must; then nothing of it is left."""
        try:
            found = self._wait(self.must_end)
            if found is not None:
                self.running.ask()
                self._wait(_after(GRACE_SECONDS))
            seconds = self._seconds()
        finally:
            self.running.kill()
        code = self._reap()
        found = found or self.running.look(last=True)
        if code is None:
            return ended(self.keeper, (Reason.INFRASTRUCTURE, NO_WAY.format(REAP_SECONDS)), None, seconds)
        return ended(self.keeper, found or _by_itself(code), code, seconds)

    def must_end(self) -> Found | None:
        """A limit that was reached, or the wish to end it."""
        if self._seconds() >= self.job.limits.wall_seconds:
            return Reason.WALL, f"it ran longer than {self.job.limits.wall_seconds:g} seconds"
        if self.cancelled is not None and self.cancelled():
            return Reason.CANCELLED, "cancelled"
        return self.running.look()

    def _wait(self, until: Callable[[], Found | None]) -> Found | None:
        """Read what it prints until it ends (None) or there is a reason to stop."""
        while self.running.process.poll() is None:
            found = until()
            if found is not None:
                return found
            self._read(TURN_SECONDS)
        return None

    def _read(self, seconds: float) -> bool:
        """Take one portion of output, if any comes; False at its end."""
        output = self.running.process.stdout
        assert output is not None
        left = self.job.limits.wall_seconds - self._seconds()
        if not select.select([output], [], [], min(seconds, max(left, 0.01)))[0]:
            return True
        data = os.read(output.fileno(), PORTION)
        if data:
            self.keeper.take(data, self._seconds())
        elif self.running.process.poll() is None:
            time.sleep(0.01)  # it closed its output and goes on
        return bool(data)

    def _reap(self) -> int | None:
        """Exit code once nothing of it is left, and the rest of its output; None where something stays."""
        if not self.running.gone(REAP_SECONDS):
            return None
        try:
            code = self.running.process.wait(REAP_SECONDS)
        except subprocess.TimeoutExpired:
            return None
        output = self.running.process.stdout
        assert output is not None
        while select.select([output], [], [], 0)[0] and self._read(0):
            pass
        self.keeper.end(self._seconds())
        return code

    def _seconds(self) -> float:
        return time.monotonic() - self.began


def followed(
    job: Job,
    begin: Callable[[contextlib.ExitStack], Running | Ended],
    on_line: Callable[[Line], None] | None,
    cancelled: Callable[[], bool] | None,
) -> Ended:
    """Set a job up, let it begin and follow it to its end; what `begin` puts on the stack goes with it.

    An OSError of the setting up is a fault of ours, and so is what `begin` returns in the place of a job.
    """
    keeper = Keeper(job.limits.log_bytes, on_line)
    try:
        with contextlib.ExitStack() as kept:
            begun = begin(kept)
            if isinstance(begun, Ended):
                return begun
            return Following(job, begun, begun.go(), keeper, cancelled).to_the_end()
    except OSError as error:
        return failed(f"the sandbox could not be set up: {error}", keeper)


def ended(keeper: Keeper, found: Found, code: int | None, seconds: float) -> Ended:
    """The result with its log."""
    reason, detail = found
    if reason is Reason.SIGNALLED and code is not None:
        code = 128 - code
    elif reason is not Reason.EXITED:
        code = None
    return Ended(reason, code, seconds, keeper.log, keeper.sha256, keeper.size, keeper.lines, detail)


def failed(detail: str, keeper: Keeper | None = None) -> Ended:
    """A fault of ours before the job began."""
    return ended(keeper or Keeper(1), (Reason.INFRASTRUCTURE, detail), None, 0.0)


def _by_itself(code: int) -> Found:
    """An exit, or a signal, which arrives as 128 and its number."""
    if 128 < code <= 128 + 64:
        return Reason.SIGNALLED, f"ended by signal {code - 128}"
    return Reason.EXITED, ""


def _after(seconds: float) -> Callable[[], Found | None]:
    until = time.monotonic() + seconds
    return lambda: (Reason.WALL, "") if time.monotonic() >= until else None
