"""How much memory a process and all that it started hold together, watched while they work."""

from __future__ import annotations

import os
from collections import defaultdict
from pathlib import Path
from threading import Event, Thread
from types import TracebackType

_PAGE = os.sysconf("SC_PAGE_SIZE")
_EVERY = 0.5  # seconds between two looks


class Watch:
    """Looks from time to time, in a thread; `most_mib` is the largest sum of resident sizes that was seen."""

    def __init__(self) -> None:
        self.most_mib = 0.0
        self._over = Event()
        self._thread = Thread(target=self._look, daemon=True)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(_EVERY):
            self.most_mib = max(self.most_mib, resident_mib(os.getpid()))


def resident_mib(root: int) -> float:
    """The resident sizes of a process and of its descendants, in MiB; pages that they share count for each."""
    children: defaultdict[int, list[int]] = defaultdict(list)
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and (parent := _parent_of(entry)) is not None:
            children[parent].append(int(entry.name))
    waiting, pages = [root], 0
    for process in waiting:  # grows while it is walked
        waiting += children[process]
        pages += _pages_of(process)
    return pages * _PAGE / 2**20


def _parent_of(entry: Path) -> int | None:
    try:
        return int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    except (OSError, IndexError, ValueError):  # it ended meanwhile
        return None


def _pages_of(process: int) -> int:
    try:
        return int(Path(f"/proc/{process}/statm").read_text().split()[1])
    except (OSError, IndexError, ValueError):
        return 0
