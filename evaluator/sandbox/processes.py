"""Processes of a job as seen from outside: found by their first process, ended without hitting a stranger."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
PAGE = os.sysconf("SC_PAGE_SIZE")
BLOCK = 512  # bytes in one of st_blocks
FILES_PER_PROCESS = 4096


@dataclass(slots=True)
class Handle:
    """A process by a descriptor, which never comes to mean another one."""

    pid: int
    descriptor: int

    @classmethod
    def of(cls, pid: int) -> Handle | None:
        """None where there is no such process any more."""
        try:
            return cls(pid, os.pidfd_open(pid))
        except OSError:
            return None

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Send a signal; a process that is gone takes none."""
        with contextlib.suppress(OSError):
            signal.pidfd_send_signal(self.descriptor, number)

    def gone(self, seconds: float) -> bool:
        """Whether the process ends within so many seconds."""
        return bool(select.select([self.descriptor], [], [], max(seconds, 0.0))[0])

    def close(self) -> None:
        """Give the descriptor back."""
        os.close(self.descriptor)


def children(pid: int) -> list[int]:
    """Direct children, those of all threads."""
    found: list[int] = []
    with contextlib.suppress(OSError):
        for task in (PROC / str(pid) / "task").iterdir():
            with contextlib.suppress(OSError):
                found += map(int, (task / "children").read_text().split())
    return found


def descendants(pid: int) -> list[int]:
    """All processes below one; in a namespace of their own nothing gets out of that tree."""
    found: list[int] = []
    waiting = [pid]
    while waiting:
        below = children(waiting.pop())
        found += below
        waiting += below
    return found


def terminate(pids: Iterable[int], parent: int) -> None:
    """Ask processes to end, those that still are children of `parent`."""
    for pid in pids:
        handle = Handle.of(pid)
        if handle is not None:
            if pid in children(parent):
                handle.kill(signal.SIGTERM)
            handle.close()


def resident_bytes(pids: Iterable[int]) -> int:
    """Memory that the processes hold; what several share counts once for each."""
    total = 0
    for pid in pids:
        with contextlib.suppress(OSError, ValueError, IndexError):
            total += int((PROC / str(pid) / "statm").read_text().split()[1]) * PAGE
    return total


def proportional_bytes(pids: Iterable[int]) -> int:
    """The same, shared pages divided among those that share them: exact and slow."""
    total = 0
    for pid in pids:
        with contextlib.suppress(OSError, ValueError, IndexError):
            for line in (PROC / str(pid) / "smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1]) * 1024
    return total


def nameless_files(pids: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Device and bytes of each file that is open and has no name any more, each once."""
    seen: set[tuple[int, int]] = set()
    for pid in pids:
        with contextlib.suppress(OSError), os.scandir(PROC / str(pid) / "fd") as entries:
            for _, entry in zip(range(FILES_PER_PROCESS), entries, strict=False):
                with contextlib.suppress(OSError):
                    found = entry.stat()
                    key = found.st_dev, found.st_ino
                    if stat.S_ISREG(found.st_mode) and found.st_nlink == 0 and key not in seen:
                        seen.add(key)
                        yield found.st_dev, found.st_blocks * BLOCK
