"""The self-test: it tries to break out of the sandbox, and says what got through.

What holds on this machine is not told by which programs are installed: every attack is run as a submission would be,
with traps set on the host around it.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from evaluator.execution import Ended, Executor, Job, Limits, Reason, UnavailableError
from evaluator.sandbox import attacks, exhaustion, hints, settings_of

MEGABYTE = 1 << 20
MEMORY, DISK, LOG, PROCESSES, WALL = 192 * MEGABYTE, 48 * MEGABYTE, MEGABYTE, 64, 1.0
OVERSHOOT = 4  # times its cap that a watched disk may hold before the watch strikes
KILL_SECONDS = 2.0
INPUT, FOLDER = "/input.bin", "/job"
ATTACKS = (*attacks.ATTACKS, *exhaustion.ATTACKS)
PROGRAMS: Mapping[str, Path] = {
    f"/{name}.py": Path(__file__).with_name(f"{name}.py") for name in ("attacks", "exhaustion")
}
TRY = """import runpy, sys
for through in runpy.run_path(sys.argv[1])[sys.argv[2]]():
    print("escaped:", through, flush=True)
print("tried", flush=True)
"""


@dataclass(frozen=True, slots=True)
class Tried:
    """One attack, and whether it was denied."""

    name: str
    what: str
    denied: bool
    detail: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Report:
    """What the self-test found. `missing` says what keeps the sandbox from working at all, and how to mend it."""

    mechanism: str
    attacks: tuple[Tried, ...] = ()
    missing: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether submissions may be run here."""
        return bool(self.attacks) and not self.missing and all(tried.denied for tried in self.attacks)

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return {**asdict(self), "holds": self.holds}


def examine_here(told: Callable[[Tried], None] | None = None) -> Report:
    """Try everything with the operator's settings, from the environment; some six seconds. Raises nothing."""
    return examine(lambda: settings_of(os.environ).executor(), told=told)


def examine(make: Callable[[], Executor], *, told: Callable[[Tried], None] | None = None) -> Report:
    """Try everything. Raises nothing: what does not work is in the report."""
    try:
        executor = make()
    except UnavailableError as error:
        return Report("none", missing=(str(error),))
    with tempfile.TemporaryDirectory(prefix="fairway-doctor-") as folder, traps(Path(folder)) as trap:
        ended = executor.execute(trap.job(("true",)))
        if not ended.ok:
            said = ended.detail or ended.text.strip() or f"it ended with {ended.exit_code}"
            return Report(executor.name, missing=(said, *hints.missing(said)))
        found = []
        for attack in ATTACKS:
            program = f"/{attack.__module__.rpartition('.')[2]}.py"
            found.append(trap.attempt(executor, program, attack.__name__, attack.__doc__ or ""))
            if told is not None:
                told(found[-1])
    return Report(executor.name, tuple(found))


@dataclass(frozen=True, slots=True)
class Trap:
    """What an attack may try to get at on the host."""

    folder: Path
    victim: subprocess.Popen[bytes]
    mark: str
    environment: Mapping[str, str]

    def job(self, argv: tuple[str, ...], **limits: Any) -> Job:
        """A job with small limits, in an empty work folder."""
        work = Path(tempfile.mkdtemp(dir=self.folder, prefix="work-"))
        bounds = replace(Limits(30.0, MEMORY, PROCESSES, 1 << 30, LOG), **limits)
        given = {path: self._copied(program) for path, program in PROGRAMS.items()}
        given[INPUT] = self.folder / "open" / "input"
        return Job(argv, work, bounds, folder=FOLDER, environment=self.environment, read_only=given)

    def attempt(self, executor: Executor, program: str, name: str, what: str) -> Tried:
        """One attack, a function of that program, run and judged."""
        limits, limit = LIMITED.get(name, ({}, 0))
        job = self.job(("python3", "-I", "-S", "-c", TRY, program, name), **limits)
        job = replace(job, environment={**job.environment, "LIMIT": str(limit)})
        began = time.monotonic()
        ended = executor.execute(job)
        seconds = time.monotonic() - began
        through = self.through(name, ended, job)
        return Tried(name.replace("_", "-"), what.strip(), through is None, through or _denied(ended), seconds)

    def through(self, name: str, ended: Ended, job: Job) -> str | None:
        """What an attack got through with; None where it was denied."""
        escaped = [line.text for line in ended.lines if line.text.startswith("escaped:")]
        if escaped:
            return "; ".join(escaped).replace("escaped: ", "")
        if self.victim.poll() is not None:
            return "a process of the host was ended"
        if any(self.folder.rglob("fairway-was-here")):
            return "a file was written on the host"
        if _marked(self.mark):
            return "a process outlived the job"
        return _limit_passed(name, ended, job)

    def _copied(self, program: Path) -> Path:
        """The attacks where another user may read them."""
        copy = self.folder / "open" / program.name
        if not copy.exists():
            copy.write_bytes(program.read_bytes())
            copy.chmod(0o644)
        return copy


@contextlib.contextmanager
def traps(folder: Path) -> Iterator[Trap]:
    """Set the traps: a secret in a file and in the environment, two servers, a process."""
    word, mark = secrets.token_hex(16), f"fairway-mark-{secrets.token_hex(8)}"
    folder.chmod(0o755)
    shown = folder / "open"
    shown.mkdir(mode=0o755)
    (shown / "input").write_text("an input\n")
    secret = shown / "secret"
    secret.write_text(word)
    for file in (shown / "input", secret):
        file.chmod(0o644)
    open_to_all = folder / "anyone"
    open_to_all.mkdir()
    open_to_all.chmod(0o1777)
    os.environ["FAIRWAY_DOCTOR_SECRET"] = word
    with contextlib.ExitStack() as kept:
        kept.callback(os.environ.pop, "FAIRWAY_DOCTOR_SECRET")
        server = kept.enter_context(socket.create_server(("127.0.0.1", 0)))
        named = kept.enter_context(socket.socket(socket.AF_UNIX))
        named.bind("\0" + mark)
        named.listen()
        victim = subprocess.Popen([sys.executable, "-I", "-S", "-c", "import time; time.sleep(600)"])
        kept.callback(victim.wait)
        kept.callback(victim.kill)
        environment = {
            "HOST_SECRET": str(secret),
            "HOST_FOLDER": str(open_to_all),
            "HOST_WORD": word[::-1],  # turned round: the attack must not find its own order
            "HOST_PORT": str(server.getsockname()[1]),
            "HOST_SOCKET": mark,
            "HOST_PID": str(victim.pid),
            "HOST_MARK": mark,
            "INPUT": INPUT,
        }
        yield Trap(folder, victim, mark, environment)


LIMITED: Mapping[str, tuple[dict[str, Any], int]] = {
    "fork_bomb": ({"processes": PROCESSES}, PROCESSES),
    "memory": ({}, MEMORY),
    "shared_memory": ({}, MEMORY),
    "disk": ({"work_bytes": DISK}, DISK),
    "removed_files": ({"work_bytes": DISK}, DISK),
    "wall": ({"wall_seconds": WALL}, 0),
    "flood": ({}, LOG),
}
ENDS = {"memory": Reason.MEMORY, "disk": Reason.DISK, "removed_files": Reason.DISK, "wall": Reason.WALL}


def _limit_passed(name: str, ended: Ended, job: Job) -> str | None:
    """How a limit was not kept, or an attack not tried at all."""
    if ended.reason is Reason.INFRASTRUCTURE:
        return f"not tried: {ended.detail}"
    if name in ENDS and ended.reason is not ENDS[name]:
        return f"it ended as {ended.reason}, not for its {ENDS[name]}: {ended.text[-200:].strip()}"
    if name == "wall" and ended.seconds > WALL + KILL_SECONDS:
        return f"it was ended after {ended.seconds:.1f} s, its limit was {WALL:g} s"
    if name == "disk" and (held := _held(job.work)) > OVERSHOOT * DISK:
        return f"{held:,} bytes were written before it was ended"
    if name == "privileges" and any(path.lstat().st_uid == 0 for path in job.work.iterdir()):
        return "it is root on the host"
    if name == "flood" and len(ended.log) > 2 * LOG:
        return f"{len(ended.log):,} bytes of its log were kept"
    stopped = name in ENDS or ended.reason in (Reason.MEMORY, Reason.SIGNALLED)
    if not stopped and not any(line.text == "tried" for line in ended.lines):
        return f"not tried: {ended.text[-300:].strip() or ended.reason}"
    return None


def _held(folder: Path) -> int:
    return sum(path.lstat().st_blocks * 512 for path in folder.rglob("*"))


def _marked(mark: str) -> bool:
    """Whether a process of this machine carries the mark."""
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if mark.encode() in process.read_bytes():
                return True
    return False


def _denied(ended: Ended) -> str:
    return "denied" if ended.reason is Reason.EXITED else f"ended: {ended.detail or ended.reason}"
