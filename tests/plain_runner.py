"""A runner for tests that starts real processes, without a sandbox, and keeps the promises of the protocol.

A run is a folder and a detached supervisor, which holds a lock there, starts the command, follows its log and writes
the evidence. It outlives whoever started it; where nobody asks for a while it ends the run. It is started as
`python -m tests.plain_runner FOLDER`. Each begin and end is a line of `executions` beside the folders of the runs.
"""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from evaluator.evidence import Evidence, Measured, ProbeOutcome, ProbeResult, RunVerdict, digest
from evaluator.request import Inputs, RunRequest
from evaluator.runners import Progress, RunnerError, State

if TYPE_CHECKING:
    from worker.settings import Settings

START_SECONDS = 20.0
SILENCE_SECONDS = 20.0
LOOK_SECONDS = 0.02
_STEP = re.compile(r"step:(\d+)/(\d+) train_loss:([\d.]+)")
_SCORE = re.compile(r"val_bpb:([\d.]+)")


def make(settings: Settings) -> PlainRunner:
    """For FAIRWAY_RUNNER=tests.plain_runner:make."""
    return PlainRunner(settings.runs_folder)


@dataclass(frozen=True, slots=True)
class PlainRunner:
    """One folder for each run below `folder`; a file `broken` there makes every start fail with its text."""

    folder: Path
    name: str = "local"

    def start(self, request: RunRequest, inputs: Inputs) -> str:
        """Begin, or find what was begun: only the supervisor that gets the lock does anything."""
        broken = self.folder / "broken"
        if broken.exists():
            raise RunnerError(broken.read_text("utf-8"))
        run = self.folder / request.id
        work = run / "work"
        work.mkdir(parents=True, exist_ok=True)
        if not (run / "request.json").exists():
            for file in request.files:
                target = work / file.path
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(inputs.file(file.sha256), target)
            _write(run / "request.json", json.dumps(request.as_json()))
        (run / "asked").touch()
        command = ["setsid", "--fork", sys.executable, "-m", "tests.plain_runner", str(run)]
        root = Path(__file__).parent.parent
        subprocess.run(command, cwd=root, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True)
        return request.id

    def progress(self, handle: str) -> Progress:
        """What the supervisor last wrote."""
        run = self._run(handle)
        if run is None:
            return Progress(State.LOST)
        with suppress(FileNotFoundError):
            (run / "asked").touch(exist_ok=True)
        if (run / "evidence.json").exists():
            return Progress(State.ENDED)
        if not _is_locked(run / "lock"):
            young = time.time() - (run / "request.json").stat().st_mtime < START_SECONDS
            ended = (run / "evidence.json").exists()
            return Progress(State.ENDED if ended else State.WAITING if young and not _began(run) else State.LOST)
        with suppress(FileNotFoundError, ValueError):
            return Progress(State.RUNNING, **json.loads((run / "progress.json").read_text("utf-8")))
        return Progress(State.RUNNING)

    def evidence(self, handle: str) -> Evidence:
        """The record."""
        from evaluator.evidence import evidence_of

        run = self._run(handle)
        try:
            assert run is not None
            return evidence_of(json.loads((run / "evidence.json").read_text("utf-8")))
        except (AssertionError, FileNotFoundError) as error:
            raise RunnerError(f"there is no record of {handle}") from error

    def cancel(self, handle: str) -> None:
        """Tell the supervisor, and wait for it."""
        run = self._run(handle)
        if run is None or (run / "evidence.json").exists():
            return
        (run / "cancel").touch()
        until = time.monotonic() + 3
        while time.monotonic() < until and self.progress(handle).state in (State.RUNNING, State.WAITING):
            time.sleep(LOOK_SECONDS)

    def forget(self, handle: str) -> None:
        """Remove its folder."""
        run = self._run(handle)
        if run is not None:
            shutil.rmtree(run, ignore_errors=True)

    def _run(self, handle: str) -> Path | None:
        run = self.folder / handle
        return run if (run / "request.json").exists() else None


def supervise(run: Path) -> None:
    """Run it once, whoever else tries."""
    with (run / "lock").open("w") as lock:
        if not _locked(lock):
            return
        if (run / "evidence.json").exists() or _began(run):
            return  # it ran, or its supervisor was killed: never twice
        (run / "began").write_text(str(os.getpid()))
        request = json.loads((run / "request.json").read_text("utf-8"))
        _log(run, request, "begin")
        record = _Supervisor(run, request).run()
        _log(run, request, "end")
        data = record.as_json()
        plain = json.loads(json.dumps(data))
        _write(run / "evidence.json", json.dumps({**plain, "digest": digest(plain)}))


class _Supervisor:
    """Starts the command and follows it."""

    def __init__(self, run: Path, request: dict[str, Any]) -> None:
        self.folder, self.request = run, request
        self.began_at, self.began = _now(), time.monotonic()
        self.step: tuple[int, int, float] | None = None

    def run(self) -> Evidence:
        """To its end."""
        log = self.folder / "log"
        words = [sys.executable if word == "python" else word for word in self.request["command"]]
        variables = {"SEED": str(self.request["seed"]), "RUNG": self.request["rung"], "PATH": "/usr/bin:/bin"}
        with log.open("wb") as output:
            process = subprocess.Popen(
                words,
                cwd=self.folder / "work",
                env=variables | self.request["environment"],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_die_with_parent,
            )
            reason = self._follow(process, log)
        return self._evidence(process, reason, log.read_text("utf-8", "replace"))

    def _follow(self, process: subprocess.Popen[bytes], log: Path) -> str:
        limit = self.request["limits"]["total_seconds"]
        while True:
            with suppress(subprocess.TimeoutExpired):
                process.wait(LOOK_SECONDS)
                return ""
            seconds = time.monotonic() - self.began
            found = _STEP.findall(log.read_text("utf-8", "replace"))
            told: dict[str, Any] = {"phase": "train", "seconds": seconds, "expected_seconds": limit}
            if found:
                told |= {"step": int(found[-1][0]), "steps": int(found[-1][1]), "loss": float(found[-1][2])}
            _write(self.folder / "progress.json", json.dumps(told))
            reason = self._why_not(seconds, limit)
            if reason:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                return reason

    def _why_not(self, seconds: float, limit: float) -> str:
        if (self.folder / "cancel").exists():
            return "cancelled"
        if time.time() - (self.folder / "asked").stat().st_mtime > SILENCE_SECONDS:
            return "nobody asked"
        return "over time" if seconds > limit else ""

    def _evidence(self, process: subprocess.Popen[bytes], reason: str, text: str) -> Evidence:
        score = [float(value) for value in _SCORE.findall(text)]
        claimed = self.request["claimed"]["val_bpb"]
        probes: tuple[ProbeResult, ...] = ()
        if "leak" in text and self.request["rung"] == "probe":
            found = ProbeOutcome.VIOLATED
            probes = (ProbeResult("canary", found, "It knew what came.", "", 450.0, 6.1, 20_000, 512, 1e-9),)
        verdict, why = RunVerdict.REPRODUCED, reason
        if reason == "over time":
            verdict = RunVerdict.OVER_TIME
        elif reason:
            verdict = RunVerdict.NOT_RUN
        elif process.returncode:
            verdict, why = RunVerdict.FAILED, f"it ended with {process.returncode}"
        elif score and claimed is not None and abs(score[-1] - claimed) > self.request["tolerance"]:
            verdict, why = RunVerdict.DIFFERS, f"{score[-1]} instead of {claimed}"
        return Evidence(
            request=self.request,
            runner="local",
            verdict=verdict,
            reason=why,
            started_at=self.began_at,
            ended_at=_now(),
            seconds=time.monotonic() - self.began,
            exit_code=process.returncode,
            infrastructure=reason == "nobody asked",
            log_tail=text[-2000:],
            measured=tuple(Measured("val_bpb", value) for value in score[-1:]),
            probes=probes,
        )


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def _began(run: Path) -> bool:
    return (run / "began").exists()


def _locked(lock: IO[str]) -> bool:
    """Whether it is ours; who only looks whether it is taken holds it for a moment."""
    for _ in range(50):
        with suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        time.sleep(LOOK_SECONDS)
    return False


def _is_locked(path: Path) -> bool:
    with suppress(FileNotFoundError), path.open("r") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _log(run: Path, request: dict[str, Any], what: str) -> None:
    told = [request[name] for name in ("id", "head_sha", "rung", "seed", "attempt")]
    with (run.parent / "executions").open("a") as file:
        file.write(json.dumps([what, time.time(), os.getpid(), *told]) + "\n")


def _write(path: Path, text: str) -> None:
    """Appears whole."""
    new = path.with_name(f".{path.name}.{os.getpid()}")
    new.write_text(text, "utf-8")
    new.replace(path)


def _now() -> str:
    return datetime.now(UTC).isoformat()


if __name__ == "__main__":
    supervise(Path(sys.argv[1]))
