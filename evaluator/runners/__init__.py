"""Where runs happen. All runners take the same request and yield the same evidence record.

A runner starts a run and returns at once with a handle, which whoever asks keeps: it is asked later how the run goes,
by another process or after a restart of this one. No call takes longer than a few seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from evaluator.evidence import Evidence
from evaluator.request import Inputs, RunRequest


class State(StrEnum):
    """Where a run stands on its runner."""

    WAITING = "waiting"
    RUNNING = "running"
    ENDED = "ended"  # the evidence is there
    LOST = "lost"  # the runner knows nothing of it any more: an infrastructure fault


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is, as its log tells: step, training loss in nats per token, seconds since it began.

    `expected_seconds` is when it will have ended, by the limits where nothing better is known.
    """

    state: State
    phase: str = ""
    step: int | None = None
    steps: int | None = None
    loss: float | None = None
    seconds: float = 0.0
    expected_seconds: float | None = None
    last_line: str = ""


class RunnerError(Exception):
    """The runner cannot be used, or did not take the request. The message says why and how to mend it.

    An infrastructure fault: never the submission's.
    """


class Runner(Protocol):
    """One kind of place where runs happen."""

    @property
    def name(self) -> str:
        """One of "local", "kubernetes", "skypilot"."""
        ...

    def start(self, request: RunRequest, inputs: Inputs) -> str:
        """Begin a run; returns its handle. Starting the same request (`request.id`) again returns the same run's.

        Raises RunnerError.
        """
        ...

    def progress(self, handle: str) -> Progress:
        """How the run goes. Raises RunnerError where that cannot be told now."""
        ...

    def evidence(self, handle: str) -> Evidence:
        """The record of a run that ended. Raises RunnerError where there is none."""
        ...

    def cancel(self, handle: str) -> None:
        """End the run, if it still goes, with all its processes. Evidence then says `not-run`, "cancelled"."""
        ...

    def forget(self, handle: str) -> None:
        """Remove what the runner still keeps of a run that ended and whose evidence was taken."""
        ...
