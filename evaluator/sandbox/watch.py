"""What no kernel limit holds is looked at while a job runs: its disk, and its memory where there is no group."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from evaluator.execution import Limits, Reason
from evaluator.sandbox import processes
from evaluator.sandbox.following import Found
from evaluator.sandbox.groups import Group

MOST_FILES = 200_000
EVERY_SECONDS = 0.1
SHARE = 10  # a look may take one part in ten of the time
LEAST_FREE = 256 << 20  # bytes that a job may not take from everything else on the disk
SHARED_MEMORY = ("tmp", "dev/shm")
FULL_DISK = "the runner's own disk is full: fewer than {:,} bytes are free for the work folder"


@dataclass(slots=True)
class Watch:
    """Looks at one job. `first` is the host's number of its first process; `group` None where there is none."""

    work: Path
    limits: Limits
    first: int
    group: Group | None
    clock: Callable[[], float] = time.monotonic
    _next: float = field(default=0.0, init=False)

    def look(self) -> Found | None:
        """Why the job must end now, if it must; what was looked at a moment ago is not looked at again."""
        began = self.clock()
        if began < self._next:
            return None
        found = self.memory() or self.disk()
        self._next = began + max(EVERY_SECONDS, SHARE * (self.clock() - began))
        return found

    def memory(self) -> Found | None:
        """Whether the kernel ended a process, or, without a group, whether all together hold too much."""
        limit = self.limits.memory_bytes
        if self.group is not None:
            if self.group.kills():
                return Reason.MEMORY, f"its processes used up {limit:,} bytes of memory"
            return None
        pids = processes.descendants(self.first)
        held = self._kept_in_memory(pids)
        if held + processes.resident_bytes(pids) > limit and held + processes.proportional_bytes(pids) > limit:
            return Reason.MEMORY, f"its processes held more than {limit:,} bytes of memory"
        return None

    def _kept_in_memory(self, pids: list[int]) -> int:
        """Bytes of files that lie in memory: of temporary file systems, and those without a name."""
        total = 0
        for folder in SHARED_MEMORY:
            with contextlib.suppress(OSError):
                state = os.statvfs(f"/proc/{self.first}/root/{folder}")
                total += (state.f_blocks - state.f_bfree) * state.f_frsize
        here = self.work.stat().st_dev
        return total + sum(size for device, size in processes.nameless_files(pids) if device != here)

    def disk(self) -> Found | None:
        """Whether the work folder holds too much, files that were removed and are still open counted."""
        here = self.work.stat().st_dev
        removed = processes.nameless_files(processes.descendants(self.first))
        return work_folder(self.work, self.limits, sum(size for device, size in removed if device == here))


def work_folder(work: Path, limits: Limits, removed: int = 0) -> Found | None:
    """Whether a work folder holds too much, `removed` bytes without a name counted in; or the disk has no room."""
    state = os.statvfs(work)
    if state.f_bavail * state.f_frsize < LEAST_FREE:
        return Reason.INFRASTRUCTURE, FULL_DISK.format(LEAST_FREE)
    used, files = usage(work)
    if used + removed > limits.work_bytes:
        return Reason.DISK, f"the work folder reached its cap of {limits.work_bytes:,} bytes"
    if files > MOST_FILES:
        return Reason.DISK, f"the work folder holds more than {MOST_FILES:,} files"
    return None


def usage(folder: Path) -> tuple[int, int]:
    """Bytes on disk and files below a folder, links not followed; counting ends above `MOST_FILES`."""
    total = files = 0
    waiting = [str(folder)]
    while waiting and files <= MOST_FILES:
        with contextlib.suppress(OSError), os.scandir(waiting.pop()) as entries:
            for entry in entries:
                files += 1
                with contextlib.suppress(OSError):
                    total += entry.stat(follow_symlinks=False).st_blocks * processes.BLOCK
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                if files > MOST_FILES:
                    break
    return total, files
