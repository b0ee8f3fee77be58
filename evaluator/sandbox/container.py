"""Another mechanism: a container runtime (docker or podman), with gVisor's `runsc` where that is named.

The container engine sets the limits; the image brings the interpreter. The container is named, so that it is found and
removed whatever became of the client. Tested by its command line; not tried on a machine with an engine.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from evaluator.execution import Ended, Job, Line, Reason, UnavailableError
from evaluator.sandbox.following import Found, failed, followed
from evaluator.sandbox.watch import EVERY_SECONDS, work_folder

SECONDS = 30.0
STOP_SECONDS = 10.0
ENGINE_FAILED = 125  # what docker and podman exit with where the container did not begin


@dataclass(frozen=True, slots=True)
class Container:
    """Executor. `engine` is the command, `runtime` a name that the engine knows, "" for its own."""

    engine: str
    version: str
    image: str
    runtime: str = ""

    @property
    def name(self) -> str:
        """With all that it rests on."""
        return f"{self.engine} {self.version}{' + ' + self.runtime if self.runtime else ''} ({self.image})"

    def execute(
        self,
        job: Job,
        *,
        on_line: Callable[[Line], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> Ended:
        """Run the job in a container of its own."""
        ended = followed(job, partial(self._begin, job), on_line, cancelled)
        if ended.reason is Reason.EXITED and ended.exit_code == ENGINE_FAILED:
            said = f"{self.engine} could not start the container: {ended.text.strip()[:2000]}"
            return replace(ended, reason=Reason.INFRASTRUCTURE, exit_code=None, detail=said)
        return ended

    def _begin(self, job: Job, kept: contextlib.ExitStack) -> _Contained | Ended:
        name = f"fairway-{secrets.token_hex(8)}"
        try:
            process = subprocess.Popen(  # noqa: S603 - an argument list
                self.command(job, name),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                bufsize=0,
            )
        except OSError as error:
            return failed(f"{self.engine} could not be started: {error}")
        return _Contained(kept.enter_context(process), self.engine, name, job)

    def command(self, job: Job, name: str) -> list[str]:
        """The engine's command line: nothing of the host but what the job names, no network, no privileges."""
        limits = job.limits
        words = [self.engine, "run", "--rm", "--name", name, "--network=none", "--read-only", "--cap-drop=ALL"]
        words += ["--security-opt=no-new-privileges", "--init", "--pull=never", "--ipc=private", "--hostname=sandbox"]
        words += [f"--memory={limits.memory_bytes}", f"--memory-swap={limits.memory_bytes}"]
        words += [f"--pids-limit={limits.processes}", f"--ulimit=fsize={limits.work_bytes}", "--ulimit=core=0"]
        half = max(limits.memory_bytes // 2, 1 << 20)
        words += [f"--shm-size={half}", f"--tmpfs=/tmp:rw,nosuid,nodev,size={half}", f"--user={_owner(job)}"]
        if self.runtime:
            words.append(f"--runtime={self.runtime}")
        if job.gpus:
            devices = ",".join(map(str, job.gpus))
            words += self._gpus(devices)
        for target, source in job.read_only.items():
            words += ["--mount", f"type=bind,source={_plain(str(source))},target={_plain(target)},readonly"]
        words += ["--mount", f"type=bind,source={_plain(str(job.work))},target={_plain(job.folder)}"]
        for key, value in {"HOME": "/tmp", **job.environment}.items():  # noqa: S108 - the container's own
            words += ["--env", f"{key}={value}"]
        return [*words, "--workdir", job.folder, "--entrypoint", "", self.image, *job.argv]

    def _gpus(self, devices: str) -> list[str]:
        if self.engine == "podman":
            return [f"--device=nvidia.com/gpu={index}" for index in devices.split(",")]
        return ["--gpus", f'"device={devices}"']


@dataclass(slots=True)
class _Contained:
    """A container that runs."""

    process: subprocess.Popen[bytes]
    engine: str
    name: str
    job: Job
    _next: float = 0.0

    def go(self) -> float:
        """The engine has begun already."""
        return time.monotonic()

    def look(self, *, last: bool = False) -> Found | None:
        """Its disk; memory is the engine's to bound, and shows as a kill."""
        if last:
            return (Reason.MEMORY, "it was ended for its memory") if self.process.returncode == 137 else None
        now = time.monotonic()
        if now < self._next:
            return None
        self._next = now + EVERY_SECONDS
        return work_folder(self.job.work, self.job.limits)

    def ask(self) -> None:
        self._told("kill", "--signal=TERM", self.name)

    def kill(self) -> None:
        if self.process.poll() is None:
            self._told("kill", self.name)

    def gone(self, seconds: float) -> bool:
        """The client ends when the container has; what is left after that is removed."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(seconds)
        self._told("rm", "--force", self.name)
        return self.process.poll() is not None

    def _told(self, *words: str) -> None:
        with contextlib.suppress(OSError, subprocess.TimeoutExpired):
            subprocess.run(  # noqa: S603 - words of ours
                [self.engine, *words], capture_output=True, timeout=STOP_SECONDS, check=False
            )


def make(engine: str, *, image: str, runtime: str = "") -> Container:
    """The executor of an engine. Raises UnavailableError where it does not answer, or lacks the image or runtime."""
    if shutil.which(engine) is None:
        raise UnavailableError(f"FAIRWAY_SANDBOX: {engine} is not installed here")
    if not image:
        raise UnavailableError(f"FAIRWAY_SANDBOX_IMAGE: {engine} needs the name of an image with Python and torch")
    version = _asked(engine, "version", "--format", "{{.Client.Version}}")
    _asked(engine, "image", "inspect", image)
    if runtime and engine == "docker" and runtime not in _asked(engine, "info", "--format", "{{json .Runtimes}}"):
        raise UnavailableError(f"FAIRWAY_SANDBOX_RUNTIME: {engine} knows no runtime {runtime!r}")
    return Container(engine, version, image, runtime)


def _asked(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UnavailableError(f"{command[0]} does not answer: {error}") from None
    if done.returncode:
        raise UnavailableError(f"`{' '.join(command)}` failed: {done.stderr.strip()[:500]}")
    return done.stdout.strip()


def _owner(job: Job) -> str:
    """The work folder's owner: what the job writes stays readable and removable for us. Never root."""
    state = job.work.stat()
    if state.st_uid == 0:
        from evaluator.sandbox import UID
        from evaluator.sandbox.stage import give

        if os.geteuid() == 0:
            give(job.work, UID)
        return f"{UID}:{UID}"
    return f"{state.st_uid}:{state.st_gid}"


def _plain(path: str) -> str:
    """A path as a field of --mount. Raises OSError for one that would be more than a field."""
    if "," in path or '"' in path or "\n" in path:
        raise OSError(f"the path {path!r} cannot be handed to a container engine: it holds a comma, quote or line end")
    return path
