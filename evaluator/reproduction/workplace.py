"""The submission's files, each by its hash, laid out for a job; and the job that runs them."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from evaluator.execution import Job, Limits
from evaluator.regular import NotRegularError, read_regular
from evaluator.reproduction.data import Data
from evaluator.request import InputFile, Inputs, RunRequest

MOST_FILE = 512_000_000  # bytes
FOLDER = "/submission"
LOG_BYTES = 8 << 20


class InputError(Exception):
    """A file of the request is missing here or is another one: a fault of ours."""


def lay_out(files: Sequence[InputFile], inputs: Inputs, folder: Path) -> Path:
    """Copy the submission's files into a new folder, each verified. Raises InputError."""
    folder.mkdir(parents=True)
    for file in files:
        parts = PurePosixPath(file.path).parts
        if not parts or file.path.startswith("/") or ".." in parts or "\0" in file.path:
            raise InputError(f"{file.path!r} is no path inside a submission")
        try:
            content = read_regular(inputs.file(file.sha256), MOST_FILE)
        except (KeyError, NotRegularError) as error:
            raise InputError(f"the content of {file.path!r} is not at hand: {error}") from None
        found = hashlib.sha256(content).hexdigest()
        if found != file.sha256:
            raise InputError(f"{file.path!r} has another content than was asked for: {found}, not {file.sha256}")
        target = folder.joinpath(*parts)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    return folder


@dataclass(frozen=True, slots=True)
class Workplace:
    """Where the jobs of one run work. `scratch` is the run's own folder, emptied afterwards."""

    request: RunRequest
    inputs: Inputs
    scratch: Path

    def fresh(self, name: str) -> Path:
        """A new work folder with the submission's files and nothing else."""
        folder = self.scratch / name
        if folder.exists():
            shutil.rmtree(folder)
        return lay_out(self.request.files, self.inputs, folder)

    def job(
        self,
        work: Path,
        shown: Mapping[str, Path],
        data: Data,
        *,
        seconds: float,
        more: Mapping[str, str] | None = None,
        command: Sequence[str] | None = None,
    ) -> Job:
        """The submission's command in `work`, with what it reads. `more` goes into its environment."""
        request, limits = self.request, self.request.limits
        own = {**data.environment, "SEED": str(request.seed), "RUN_ID": _run_id(request)}
        bounds = Limits(seconds, limits.memory_bytes, limits.processes, limits.work_bytes, LOG_BYTES)
        return Job(
            argv=tuple(command or request.command),
            work=work,
            limits=bounds,
            folder=FOLDER,
            environment={"PYTHONUNBUFFERED": "1", **request.environment, **(more or {}), **own},
            read_only=shown,
            gpus=tuple(range(request.gpus)),
        )


def open_to_jobs(folder: Path) -> None:
    """Let the user that jobs run under pass through a folder of ours."""
    folder.mkdir(parents=True, exist_ok=True)
    os.chmod(folder, 0o711)  # noqa: PTH101, S103 - passing is not reading


def _run_id(request: RunRequest) -> str:
    """A name that is fit for a file."""
    return "".join(c if c.isalnum() or c in "-_" else "-" for c in request.id)[:80] or "run"
