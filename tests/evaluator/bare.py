"""An executor for submissions that we wrote ourselves: no sandbox, but a process that has torch loaded already.

Each job is forked from a server that imported the slow libraries once, so that a dozen of them take seconds.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import runpy
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path

from evaluator.execution import Ended, Job, Line, Reason

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["numpy", "torch", "sentencepiece"])


class Bare:
    """Runs jobs one after another, with the host's paths in the place of the job's own."""

    name = "none (samples of ours only)"

    def execute(
        self,
        job: Job,
        *,
        on_line: Callable[[Line], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> Ended:
        log = job.work.parent / "log"
        environment = {name: _outside(value, job) for name, value in job.environment.items()}
        process = _CONTEXT.Process(target=_child, args=(job.argv[1:], job.work, environment, log))
        started = time.monotonic()
        process.start()
        process.join(job.limits.wall_seconds)
        reason = Reason.EXITED
        if process.is_alive():
            process.kill()
            process.join()
            reason = Reason.WALL
        raw = log.read_bytes()
        return Ended(
            reason, process.exitcode, time.monotonic() - started, raw, hashlib.sha256(raw).hexdigest(), len(raw)
        )


def _outside(value: str, job: Job) -> str:
    for inside, outside in job.read_only.items():
        value = value.replace(inside, str(outside))
    return value


def _child(argv: tuple[str, ...], work: Path, environment: dict[str, str], log: Path) -> None:
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    os.chdir(work)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = list(argv)
    import torch

    torch.set_num_threads(1)
    try:
        runpy.run_path(argv[0], run_name="__main__")
    except Exception:
        traceback.print_exc()
        sys.stdout.flush()
        os._exit(1)
    sys.stdout.flush()
    os._exit(0)
