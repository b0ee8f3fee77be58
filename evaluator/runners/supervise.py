"""The process beside a run: `python -m evaluator.runners.supervise FOLDER` makes the run of that folder to its end.

It outlives whoever started it, and ends itself with everything under it when the run is cancelled, when its time is up,
or when nobody has touched its lease for too long: then no control plane is left that would ask for the result.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from evaluator.evidence import Evidence, RunVerdict
from evaluator.request import RunRequest, request_of
from evaluator.runners import Progress, State
from evaluator.runners.locks import FileLock
from evaluator.runners.workspace import Workspace

PROGRESS_SECONDS = 1.0  # at most one write a second
SLACK_SECONDS = 120.0  # over the run's total: hashing the data, clearing up
CANCELLED, ORPHANED, LATE = "cancelled", "nobody asked for this run any more", "the supervisor's own time was up"


@dataclass(slots=True)
class Watch:
    """Why the run should end, if it should; asked a few times a second."""

    space: Workspace
    lease_seconds: float
    deadline: float  # monotonic
    reason: str = ""
    stopped: bool = field(default=False)

    def ends(self) -> bool:
        """Whether it should end now; `reason` says why."""
        if not self.reason:
            if self.stopped or self.space.cancel.exists():
                self.reason = CANCELLED
            elif self.space.silence() > self.lease_seconds:
                self.reason = ORPHANED
            elif time.monotonic() > self.deadline:
                self.reason = LATE
        return bool(self.reason)

    def stop(self, *_signal: object) -> None:
        """A signal: end as if it were cancelled."""
        self.stopped = True


@dataclass(slots=True)
class Teller:
    """Writes progress, at most once a second."""

    space: Workspace
    _next: float = 0.0

    def __call__(self, progress: Progress) -> None:
        now = time.monotonic()
        if now >= self._next:
            self._next = now + PROGRESS_SECONDS
            self.space.write(self.space.progress, asdict(progress))


def supervise(space: Workspace) -> Evidence:
    """Make the run and leave its record. What goes wrong on our side is in the record."""
    order = json.loads(space.order.read_bytes())
    request, settings = request_of(order["request"]), order["settings"]
    watch = Watch(space, settings["lease_seconds"], time.monotonic() + request.limits.total_seconds + SLACK_SECONDS)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, watch.stop)
    began = time.monotonic()
    with FileLock(space.root / "machine.lock") as lock:
        teller = Teller(space)
        while not lock.taken():
            if watch.ends():
                record = _never(request, watch.reason, began)
                break
            teller(Progress(State.WAITING, "waiting for the machine", seconds=time.monotonic() - began))
            time.sleep(0.2)
        else:
            watch.deadline = time.monotonic() + request.limits.total_seconds + SLACK_SECONDS
            record = _made(request, space, settings, watch)
        space.write(space.evidence, record.as_json())
    return record


def _made(request: RunRequest, space: Workspace, settings: Mapping[str, Any], watch: Watch) -> Evidence:
    """The run itself, its verdict set right where we ended it."""
    from evaluator.execution import UnavailableError
    from evaluator.reproduce import Machine, reproduce
    from evaluator.sandbox import SandboxSettings

    began = time.monotonic()
    try:
        sandbox = SandboxSettings(**settings["sandbox"])
        machine = Machine(sandbox.executor(), Path(settings["data"]), space.folder, python=sandbox.interpreter)
        record = reproduce(request, space, machine, told=Teller(space), cancelled=watch.ends)
    except UnavailableError as error:
        record = _never(request, str(error), began, infrastructure=True)
    except Exception as error:  # a fault of ours, whatever it is: the record must say so
        record = _never(request, f"{type(error).__name__}: {error}"[:500], began, infrastructure=True)
    if record.verdict is RunVerdict.NOT_RUN and watch.reason and not record.infrastructure:
        record = replace(record, reason=watch.reason, infrastructure=watch.reason != CANCELLED)
    return record


def _never(request: RunRequest, reason: str, began: float, *, infrastructure: bool | None = None) -> Evidence:
    from evaluator.runners.records import not_run

    ours = reason != CANCELLED if infrastructure is None else infrastructure
    return not_run(request.as_json(), "local", reason, seconds=time.monotonic() - began, infrastructure=ours)


def main(folder: str) -> None:
    """Supervise the run of a folder from a process that belongs to nobody; whoever started it need not wait for it."""
    if os.fork():
        os._exit(0)
    os.setsid()
    space = Workspace(Path(folder))
    with space.alive() as alone:
        if alone and not space.begun.exists():
            space.begun.write_text(str(os.getpid()))
            supervise(space)


if __name__ == "__main__":
    main(sys.argv[1])
