"""What it means to execute something untrusted: a job, its limits, how it ended. No mechanism is chosen here.

A mechanism is an `Executor`: it runs one job to its end with nothing of ours in reach. `evaluator.sandbox` makes them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Limits:
    """What one job may use. Bytes and seconds; `processes` counts threads too, as the kernel does.

    `work_bytes` caps what the work folder may hold, `log_bytes` what is kept of standard output and error together.
    """

    wall_seconds: float
    memory_bytes: int
    processes: int = 512
    work_bytes: int = 4 << 30
    log_bytes: int = 8 << 20


@dataclass(frozen=True, slots=True)
class Job:
    """One command. Paths inside are absolute; the command starts in `folder`, which is writable and lost afterwards.

    `read_only` maps a path inside to a file or folder of the host; `work` is the host's folder behind `folder`, filled
    by the caller before and read by it afterwards. `environment` is all that the command sees of one. `gpus` are
    indices of devices, empty for none.
    """

    argv: tuple[str, ...]
    work: Path
    limits: Limits
    folder: str = "/work"
    environment: Mapping[str, str] = field(default_factory=dict)
    read_only: Mapping[str, Path] = field(default_factory=dict)
    gpus: tuple[int, ...] = ()


class Reason(StrEnum):
    """Why a job ended."""

    EXITED = "exited"  # by itself, with `exit_code`
    SIGNALLED = "signalled"  # by a signal of its own, `exit_code` is -signal
    WALL = "wall"
    MEMORY = "memory"
    DISK = "disk"  # the work folder reached its cap
    CANCELLED = "cancelled"
    INFRASTRUCTURE = "infrastructure"  # never the submission's fault


@dataclass(frozen=True, slots=True)
class Line:
    """One line of output and when it was received, in seconds since the job began (the host's monotonic clock)."""

    seconds: float
    text: str


@dataclass(frozen=True, slots=True)
class Ended:
    """How a job ended.

    `log` holds the raw output, cut in its middle above `Limits.log_bytes`; `log_sha256` is of all that was printed and
    `log_size` its bytes. `detail` says for people what happened where `reason` is no plain exit.
    """

    reason: Reason
    exit_code: int | None
    seconds: float
    log: bytes
    log_sha256: str
    log_size: int
    lines: tuple[Line, ...] = ()
    detail: str = ""

    @property
    def ok(self) -> bool:
        """Whether it came to its own end with exit code 0."""
        return self.reason is Reason.EXITED and self.exit_code == 0

    @property
    def text(self) -> str:
        """The log as text; what is no UTF-8 is replaced."""
        return self.log.decode("utf-8", "replace")


class UnavailableError(Exception):
    """Nothing may be executed here. The message says what is missing, and how to mend it."""


class Executor(Protocol):
    """Runs one job at a time to its end; leaves no process behind, whatever the job does."""

    @property
    def name(self) -> str:
        """What evidence records call it, with its version ("bubblewrap 0.8.0 + seccomp + cgroup v1")."""
        ...

    def execute(
        self,
        job: Job,
        *,
        on_line: Callable[[Line], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> Ended:
        """Run the job. Raises UnavailableError where the mechanism does not work; nothing was executed then.

        `on_line` hears each line as it comes, `cancelled` is asked at least twice a second.
        """
        ...
