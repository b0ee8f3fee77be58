"""Runs on this machine: each under a supervisor of its own, which outlives whoever started it."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Protocol

from evaluator.evidence import Evidence, evidence_of
from evaluator.execution import UnavailableError
from evaluator.regular import NotRegularError, read_regular
from evaluator.reproduction.workplace import MOST_FILE
from evaluator.request import Inputs, RunRequest
from evaluator.runners import Progress, RunnerError, State
from evaluator.runners.records import not_run
from evaluator.runners.workspace import Workspace
from evaluator.sandbox import SandboxSettings, settings_of

LEASE_SECONDS = 180.0
START_SECONDS = 20.0  # within which a supervisor takes up what it was started for
KEPT = ("PATH", "HOME", "TMPDIR", "LANG", "LD_LIBRARY_PATH", "VIRTUAL_ENV")
"""What a supervisor gets of the environment: no secret of ours is in reach of a run."""


class Settings(Protocol):
    """What `make_runner` needs of a deployment's settings."""

    @property
    def data_folder(self) -> Path | None: ...
    @property
    def runs_folder(self) -> Path: ...
    @property
    def run_silence_seconds(self) -> float: ...


@dataclass(frozen=True, slots=True)
class LocalRunner:
    """Runner. `data` is where data sets are, `folder` where runs are kept (seconds in `lease_seconds`)."""

    data: Path
    folder: Path
    sandbox: SandboxSettings = field(default_factory=SandboxSettings)
    lease_seconds: float = LEASE_SECONDS

    @property
    def name(self) -> str:
        return "local"

    def start(self, request: RunRequest, inputs: Inputs) -> str:
        """Begin the run once, however often it is asked for. Raises RunnerError."""
        handle = hashlib.sha256(request.id.encode()).hexdigest()[:32]
        space = Workspace(self.folder / handle)
        try:
            if not space.order.exists():
                self._order(space, request, inputs)
            if not space.begun.exists() and not space.supervised():
                self._launch(space)
        except OSError as error:
            raise RunnerError(f"the run could not be begun in {self.folder}: {error}") from None
        return handle

    def progress(self, handle: str) -> Progress:
        """How it goes; asking keeps it alive."""
        space = self._space(handle)
        if space.evidence.exists():
            return Progress(State.ENDED)
        if not space.order.exists():
            return Progress(State.LOST)
        space.lease.touch()
        if not space.supervised():
            waited = time.time() - space.order.stat().st_mtime
            fresh = not space.begun.exists() and waited < START_SECONDS
            if space.evidence.exists():  # it ended between the two looks
                return Progress(State.ENDED)
            return Progress(State.WAITING if fresh else State.LOST)
        try:
            told = space.read(space.progress)
            return Progress(**{**told, "state": State(told["state"])})
        except (NotRegularError, ValueError, TypeError, KeyError):
            return Progress(State.WAITING)

    def evidence(self, handle: str) -> Evidence:
        """The record. Raises RunnerError."""
        space = self._space(handle)
        try:
            return evidence_of(space.read(space.evidence))
        except (NotRegularError, ValueError) as error:
            raise RunnerError(f"there is no record of the run {handle}: {error}") from None

    def cancel(self, handle: str) -> None:
        """Wish it to end; where nobody supervises it any more, say so in its record."""
        space = self._space(handle)
        if not space.order.exists() or space.evidence.exists():
            return
        space.cancel.touch()
        if not space.supervised() and not space.evidence.exists():
            request = space.read(space.order)["request"]
            space.write(space.evidence, not_run(request, self.name, "cancelled", infrastructure=False).as_json())

    def forget(self, handle: str) -> None:
        """Remove its folder. Raises RunnerError while it runs."""
        space = self._space(handle)
        if space.folder.exists() and space.supervised() and not space.evidence.exists():
            raise RunnerError(f"the run {handle} has not ended: cancel it first")
        shutil.rmtree(space.folder, ignore_errors=True)

    def _space(self, handle: str) -> Workspace:
        if not handle.isalnum():
            raise RunnerError(f"{handle!r} is no run of this runner")
        return Workspace(self.folder / handle)

    def _order(self, space: Workspace, request: RunRequest, inputs: Inputs) -> None:
        """Write down what is to be run, whole or not at all."""
        self.folder.mkdir(parents=True, exist_ok=True)
        aside = Workspace(space.folder.with_name(f"{space.folder.name}.{os.getpid()}-{time.monotonic_ns()}"))
        (aside.folder / "inputs").mkdir(parents=True)
        try:
            for file in request.files:
                content = read_regular(inputs.file(file.sha256), MOST_FILE)
                (aside.folder / "inputs" / file.sha256).write_bytes(content)
            settings = {"data": str(self.data), "lease_seconds": self.lease_seconds, "sandbox": asdict(self.sandbox)}
            aside.lease.touch()
            aside.write(aside.order, {"request": request.as_json(), "settings": settings})
            aside.folder.chmod(0o711)
            aside.folder.rename(space.folder)
        except (KeyError, NotRegularError) as error:
            raise RunnerError(f"a file of the run {request.id} is not at hand: {error}") from None
        except OSError:
            if not space.order.exists():  # another process may have been quicker
                raise
        finally:
            shutil.rmtree(aside.folder, ignore_errors=True)

    def _launch(self, space: Workspace) -> None:
        """Start a supervisor; it detaches itself at once."""
        environment = {name: os.environ[name] for name in KEPT if name in os.environ}
        command = [sys.executable, "-m", "evaluator.runners.supervise", str(space.folder.absolute())]
        said = space.folder / "supervisor.log"
        try:
            with said.open("ab") as log:
                subprocess.run(  # noqa: S603 - words of ours
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    env=environment,
                    timeout=START_SECONDS,
                    check=True,
                    start_new_session=True,
                )
        except subprocess.SubprocessError as error:
            raise RunnerError(f"the supervisor of the run did not start ({error}): see {said}") from None


def make_runner(settings: Settings) -> LocalRunner:
    """The runner of a deployment. Raises RunnerError where data or sandbox are missing, and says which."""
    if settings.data_folder is None or not settings.data_folder.is_dir():
        raise RunnerError(f"FAIRWAY_DATA_FOLDER: {settings.data_folder} is no folder; name the one with the data sets")
    try:
        sandbox = settings_of(os.environ)
        sandbox.executor()
    except UnavailableError as error:
        raise RunnerError(f"no sandbox works on this machine: {error}") from None
    return LocalRunner(
        settings.data_folder.absolute(), settings.runs_folder.absolute(), sandbox, settings.run_silence_seconds
    )
