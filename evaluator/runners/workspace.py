"""The folder of one run on this machine: what was ordered, how it goes, what it left."""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evaluator.regular import read_regular
from evaluator.runners.locks import FileLock

MOST_BYTES = 16 << 20  # of a record
TRIES_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Workspace:
    """Paths below one folder. `order` and `inputs` are written before the run, all else by its supervisor."""

    folder: Path

    @property
    def root(self) -> Path:
        """What all runs of the machine share."""
        return self.folder.parent

    @property
    def order(self) -> Path:
        return self.folder / "order.json"

    @property
    def begun(self) -> Path:
        """There once a supervisor took the run, with its process number."""
        return self.folder / "begun"

    @property
    def progress(self) -> Path:
        return self.folder / "progress.json"

    @property
    def evidence(self) -> Path:
        return self.folder / "evidence.json"

    @property
    def cancel(self) -> Path:
        """There once somebody wishes the run to end."""
        return self.folder / "cancel"

    @property
    def lease(self) -> Path:
        """Touched by whoever still wants the result."""
        return self.folder / "lease"

    def file(self, sha256: str) -> Path:
        """An input by its content. Raises KeyError."""
        path = self.folder / "inputs" / sha256
        if not sha256.isalnum() or not path.is_file():
            raise KeyError(sha256)
        return path

    def silence(self) -> float:
        """Seconds since the lease was touched."""
        try:
            return time.time() - self.lease.stat().st_mtime
        except FileNotFoundError:
            return float("inf")

    def write(self, path: Path, data: Mapping[str, Any]) -> None:
        """Write a whole file or none."""
        aside = path.with_suffix(f".{os.getpid()}.part")
        aside.write_text(json.dumps(data))
        aside.replace(path)

    def read(self, path: Path) -> dict[str, Any]:
        """What `write` wrote. Raises NotRegularError and ValueError."""
        found = json.loads(read_regular(path, MOST_BYTES))
        if not isinstance(found, dict):
            raise ValueError(f"{path.name} holds no object")
        return found

    @contextlib.contextmanager
    def alive(self) -> Iterator[bool]:
        """Be the run's supervisor; False where another one is."""
        until = time.monotonic() + TRIES_SECONDS  # whoever looks whether there is one holds it for a moment
        with FileLock(self.folder / "alive") as lock:
            while not (mine := lock.taken()) and time.monotonic() < until:
                time.sleep(0.02)
            yield mine

    def supervised(self) -> bool:
        """Whether a supervisor lives."""
        with FileLock(self.folder / "alive") as lock:
            return not lock.taken()
