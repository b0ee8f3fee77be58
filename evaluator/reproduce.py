"""A request in, an evidence record out: the run in between happens in the sandbox, on the host's clock.

Whatever goes wrong on our side ends as `not-run` with `infrastructure` set, never as the submission's fault.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from evaluator.evidence import Evidence, RunVerdict
from evaluator.execution import Executor, UnavailableError
from evaluator.reproduction import data as shown
from evaluator.reproduction import versions
from evaluator.reproduction.full import full
from evaluator.reproduction.probing import probe
from evaluator.reproduction.run import Outcome, Run
from evaluator.reproduction.smoke import smoke
from evaluator.reproduction.workplace import InputError, open_to_jobs
from evaluator.request import Inputs, Rung, RunRequest
from evaluator.runners import Progress

RUNGS: Mapping[Rung, Callable[[Run], Outcome]] = {
    Rung.SMOKE: smoke,
    Rung.PROBE: probe,
    Rung.SEED: full,
    Rung.FULL: full,
}
EXCERPT = 16_384  # characters of the log's head and tail that the record keeps


@dataclass(frozen=True, slots=True)
class Machine:
    """Where runs happen: what executes, where the data are, where jobs may work. `python` is the submissions'."""

    executor: Executor
    data: Path
    folder: Path
    runner: str = "local"
    python: Path | None = None


def reproduce(
    request: RunRequest,
    inputs: Inputs,
    machine: Machine,
    *,
    told: Callable[[Progress], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
    probes: tuple[str, ...] = (),
) -> Evidence:
    """Run a request to its end; `probes` names those of its rung, the usual ones by default. Raises nothing."""
    started_at, began = _now(), time.monotonic()
    scratch = machine.folder / "scratch"
    hashes: dict[str, str] = {}
    try:
        open_to_jobs(scratch)
        data = shown.find(machine.data, request.dataset)
        hashes = shown.verify(data, request.dataset, machine.folder.parent / "data-digests.json")
        run = Run(request, inputs, machine.executor, data, scratch, told, cancelled, began, probes)
        outcome = RUNGS[request.rung](run)
    except (shown.DataError, InputError, UnavailableError, OSError) as error:
        outcome = Outcome(RunVerdict.NOT_RUN, str(error), infrastructure=True)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return written(request, machine, outcome, hashes, started_at, time.monotonic() - began)


def written(
    request: RunRequest, machine: Machine, outcome: Outcome, hashes: Mapping[str, str], started_at: str, seconds: float
) -> Evidence:
    """The record of an outcome."""
    ended, job = outcome.ended, outcome.job
    text = "" if ended is None else ended.text
    return Evidence(
        request=request.as_json(),
        runner=machine.runner,
        verdict=outcome.verdict,
        reason=outcome.reason,
        started_at=started_at,
        ended_at=_now(),
        seconds=round(seconds, 3),
        argv=() if job is None else job.argv,
        environment={} if job is None else dict(job.environment),
        inputs={**{f"file:{file.path}": file.sha256 for file in request.files}, **hashes},
        versions=versions.versions(machine.executor, machine.python),
        devices=versions.devices(request.gpus),
        phases=outcome.phases,
        exit_code=None if ended is None else ended.exit_code,
        infrastructure=outcome.infrastructure,
        log_sha256="" if ended is None else ended.log_sha256,
        log_bytes=0 if ended is None else ended.log_size,
        log_head=text[:EXCERPT],
        log_tail=text[max(EXCERPT, len(text) - EXCERPT) :],
        measured=outcome.measured,
        second_slice=outcome.second_slice,
        artifact_bytes=outcome.artifact_bytes,
        artifact_sha256=outcome.artifact_sha256,
        probes=outcome.probes,
        cost=round(seconds / 3600 * request.cost_per_hour * max(request.gpus, 1), 6),
    )


def _now() -> str:
    return datetime.now(UTC).isoformat()
