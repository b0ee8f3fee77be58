"""One run in the making: what its steps share, and what comes of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from evaluator.evidence import Measured, Phase, ProbeResult, RunVerdict
from evaluator.execution import Ended, Executor, Job, Line, Reason
from evaluator.reproduction.data import Data
from evaluator.reproduction.following import Follower
from evaluator.reproduction.workplace import Workplace
from evaluator.request import Inputs, RunRequest
from evaluator.runners import Progress

OTHER = frozenset({Reason.INFRASTRUCTURE, Reason.CANCELLED})


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run came to, before it is written down."""

    verdict: RunVerdict
    reason: str
    infrastructure: bool = False
    ended: Ended | None = None
    job: Job | None = None
    measured: tuple[Measured, ...] = ()
    second_slice: tuple[Measured, ...] = ()
    phases: tuple[Phase, ...] = ()
    artifact_bytes: int | None = None
    artifact_sha256: str = ""
    probes: tuple[ProbeResult, ...] = ()


@dataclass(slots=True)
class Run:
    """A request on this machine. `scratch` is a folder of its own; times count from `began` (monotonic)."""

    request: RunRequest
    inputs: Inputs
    executor: Executor
    data: Data
    scratch: Path
    told: Callable[[Progress], None] | None = None
    cancelled: Callable[[], bool] | None = None
    began: float = field(default_factory=time.monotonic)
    probes: tuple[str, ...] = ()  # the usual ones where none is named

    @property
    def workplace(self) -> Workplace:
        """Where its jobs work."""
        return Workplace(self.request, self.inputs, self.scratch)

    def seconds(self) -> float:
        """Since it began."""
        return time.monotonic() - self.began

    def left(self) -> float:
        """Seconds that it may still take."""
        return self.request.limits.total_seconds - self.seconds()

    def execute(self, job: Job, follower: Follower) -> tuple[Ended, str | None]:
        """Run a job, following it; the second value is the limit for which it was ended."""
        began = time.monotonic()
        follower.offset = began - self.began
        follower.on_change = self.told
        passed: list[str] = []

        def over() -> bool:
            if self.cancelled is not None and self.cancelled():
                return True
            found = follower.over_time(time.monotonic() - began)
            if found is not None:
                passed.append(found)
            elif self.told is not None:
                self.told(follower.progress(time.monotonic() - began))
            return found is not None

        ended = self.executor.execute(job, on_line=follower.hear, cancelled=over)
        return ended, passed[0] if passed else None


def fault(ended: Ended, passed: str | None = None) -> Outcome | None:
    """The outcome of a job that did not come to its own good end; None for one that did."""
    if passed is not None:
        return Outcome(RunVerdict.OVER_TIME, passed, ended=ended)
    match ended.reason:
        case Reason.EXITED if ended.exit_code == 0:
            return None
        case Reason.EXITED:
            return Outcome(RunVerdict.FAILED, f"it ended with exit code {ended.exit_code}: {_last(ended)}", ended=ended)
        case Reason.WALL:
            return Outcome(RunVerdict.OVER_TIME, ended.detail, ended=ended)
        case Reason.CANCELLED:
            return Outcome(RunVerdict.NOT_RUN, "cancelled", ended=ended)
        case Reason.INFRASTRUCTURE:
            return Outcome(RunVerdict.NOT_RUN, ended.detail, infrastructure=True, ended=ended)
        case Reason.SIGNALLED | Reason.MEMORY | Reason.DISK:
            return Outcome(RunVerdict.FAILED, ended.detail or f"it {ended.reason}", ended=ended)


def at(outcome: Outcome, job: Job) -> Outcome:
    """The outcome with the job that led to it."""
    return replace(outcome, job=job)


def _last(ended: Ended) -> str:
    """The last line that says something."""
    said: Mapping[int, Line] = dict(enumerate(line for line in ended.lines if line.text.strip()))
    return said[len(said) - 1].text.strip()[:300] if said else "it printed nothing"
