"""A sign of life that another process can see: a file that is touched, for health checks without a port."""

from __future__ import annotations

import os
import stat
import tempfile
import time
from contextlib import suppress
from pathlib import Path

EVERY_SECONDS = 5.0
STALE_SECONDS = 30.0


class Pulse:
    """The pulse of one kind of process on this machine. Raises PermissionError where its folder is another user's."""

    def __init__(self, name: str, folder: Path | None = None) -> None:
        self._path = (folder or _folder()) / f"{name}.pulse"
        self._next = 0.0

    def beat(self) -> None:
        """Still here. A full disk is no reason to end: then the check fails, which is right."""
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + EVERY_SECONDS / 2
        with suppress(OSError):
            self._path.touch()

    def stop(self) -> None:
        """Gone, in good order or until the broker is back."""
        self._next = 0.0
        with suppress(OSError):
            self._path.unlink()

    def fault(self) -> str | None:
        """What is wrong, None when there is a pulse."""
        try:
            age = time.time() - self._path.stat().st_mtime
        except FileNotFoundError:
            return f"no sign of life at {self._path}: not started, or without a broker"
        if age > STALE_SECONDS:
            return f"the last sign of life at {self._path} is {age:.0f} s old"
        return None


def _folder() -> Path:
    """A folder of our own below the one for temporary files, where others may put whatever they like."""
    folder = Path(tempfile.gettempdir()) / f"fairway-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid():
        raise PermissionError(f"{folder} is not a folder of ours; remove it, or set TMPDIR to another place")
    return folder
