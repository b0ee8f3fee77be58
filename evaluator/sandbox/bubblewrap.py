"""The default mechanism: bubblewrap with seccomp, and control groups where they are ours.

As root every job runs under another user's number, and what is closed to strangers (an interpreter below a private
home) is bound where that user reaches it, in a mount namespace that goes with the job. The job waits behind a pipe
until it can be followed, so that one whose follower dies first never begins. bubblewrap dies with its parent, but for
the moment before it has said so to the kernel: a guard that waits on a pipe of ours ends what was begun until then.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from evaluator.execution import Ended, Job, Line, UnavailableError
from evaluator.sandbox import filter as seccomp
from evaluator.sandbox import processes, view
from evaluator.sandbox.following import Found, failed, followed
from evaluator.sandbox.groups import Group, Groups
from evaluator.sandbox.stage import RUNTIME, Stage, give, sweep
from evaluator.sandbox.watch import Watch

READY_SECONDS = 20.0
READY = b"\x02ready\x03\n"
TOOLS = {"bwrap": "bubblewrap", "setpriv": "util-linux", "prlimit": "util-linux", "unshare": "util-linux"}
OUTSIDE = """set -eu
guard=$1; shift
( read -r _ || kill -KILL 0 ) < "/proc/self/fd/$guard" > /dev/null 2>&1 &
while [ "$1" != -- ]; do echo $$ > "$1"; shift; done; shift
while [ "$1" != -- ]; do mount --all --fstab "$1"; shift; done; shift
exec "$@" """
INSIDE = r"""printf '\002ready\003\n'; read -r go || exit 1; exec "$@" </dev/null"""
NAMESPACES = ("user", "pid", "ipc", "uts", "net")


@dataclass(frozen=True, slots=True)
class Bubblewrap:
    """Executor. `uid` is the number that jobs have on the host where we are root; None where we are not."""

    version: str
    interpreter: tuple[Path, ...]
    groups: Groups
    uid: int | None

    @property
    def name(self) -> str:
        """With all that it rests on."""
        return f"bubblewrap {self.version} + seccomp + {self.groups.name}"

    def execute(
        self,
        job: Job,
        *,
        on_line: Callable[[Line], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> Ended:
        """Run the job. Raises UnavailableError where libseccomp went missing."""
        return followed(job, partial(self._begin, job, seccomp.program()), on_line, cancelled)

    def _begin(self, job: Job, program: bytes, kept: contextlib.ExitStack) -> _Sandboxed | Ended:
        """The job, waiting for its start; or what kept it from being set up."""
        group = None
        if self.groups.places:
            limits = job.limits
            group = kept.enter_context(self.groups.opened(limits.memory_bytes, limits.processes))
        stage = kept.enter_context(Stage.opened(self.uid))
        shown = view.binds(job, self.interpreter)
        if self.uid is not None:
            closed = [said for source in job.read_only.values() if (said := view.unreadable(source))]
            if closed:
                return failed(closed[0])
            give(job.work, self.uid)
            shown = [stage.reached(bind) for bind in shown]
        arguments = _arguments(job, shown, stage, view.environment(job, self.interpreter))
        handed = [_in_memory(b"\0".join(os.fsencode(word) for word in arguments) + b"\0"), _in_memory(program)]
        status, told = os.pipe()
        guard, lifeline = os.pipe()
        kept.callback(os.close, status)
        kept.callback(os.close, lifeline)
        command = [
            *self._outside(group, stage, guard),
            *("bwrap", "--args", str(handed[0]), "--seccomp", str(handed[1]), "--info-fd", str(told), "--"),
            *("/bin/sh", "-c", INSIDE, "sh", *_limited(job)),
        ]
        try:
            process = _spawned(command, [*handed, told, guard])
        finally:
            for descriptor in (*handed, told, guard):
                os.close(descriptor)
        kept.callback(_closed, process)
        return _arrived(job, process, status, group if "memory" in self.groups.controllers else None, kept)

    def _outside(self, group: Group | None, stage: Stage, guard: int) -> list[str]:
        """What runs before bubblewrap does: join the groups, bind what is closed to strangers, become one."""
        entrances = [str(path) for path in group.entrances] if group else []
        table = [str(stage.table())] if stage.mounts else []
        script = ["/bin/sh", "-c", OUTSIDE, "sh", str(guard), *entrances, "--", *table, "--"]
        if self.uid is None:
            return script
        private = ["unshare", "--mount", "--propagation", "private", "--"] if stage.mounts else []
        stranger = ["setpriv", f"--reuid={self.uid}", f"--regid={self.uid}", "--clear-groups", "--"]
        return [*private, *script, *stranger]


@dataclass(slots=True)
class _Sandboxed:
    """A job in its namespaces. `first` is the process whose end is the end of them all."""

    process: subprocess.Popen[bytes]
    first: processes.Handle
    watch: Watch

    def go(self) -> float:
        """Let it begin; when that was, on the monotonic clock."""
        assert self.process.stdin is not None
        began = time.monotonic()
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.write(b"go\n")
            self.process.stdin.close()
        return began

    def look(self, *, last: bool = False) -> Found | None:
        return self.watch.memory() if last else self.watch.look()

    def ask(self) -> None:
        processes.terminate(processes.children(self.first.pid), self.first.pid)

    def kill(self) -> None:
        self.first.kill()
        self.process.kill()

    def gone(self, seconds: float) -> bool:
        return self.first.gone(seconds)


def make(*, python: Path, uid: int, groups: Groups) -> Bubblewrap:
    """The executor of this machine. Raises UnavailableError that names all that is missing."""
    missing = sorted({package for tool, package in TOOLS.items() if shutil.which(tool, path=view.SYSTEM_PATH) is None})
    if missing:
        names = " ".join(missing)
        raise UnavailableError(f"missing on this machine: {names}; apt-get install {names}")
    if os.geteuid() == 0 and not _is_there(uid):
        raise UnavailableError(
            f"this process is root of a user namespace that has no user {uid}: run it as an ordinary user, or give the "
            "container a range of user numbers"
        )
    seccomp.program()
    sweep(RUNTIME, Path(tempfile.gettempdir()))
    told = subprocess.run(["bwrap", "--version"], capture_output=True, text=True, check=False)  # noqa: S607
    version = told.stdout.strip().removeprefix("bubblewrap ") or "of unknown version"
    return Bubblewrap(version, prefixes(python), groups, uid if os.geteuid() == 0 else None)


def _is_there(uid: int, table: Path = Path("/proc/self/uid_map")) -> bool:
    """Whether a user's number means somebody in the user namespace of this process."""
    ranges = (map(int, line.split()) for line in table.read_text().splitlines())
    return any(first <= uid < first + count for first, _, count in ranges)


def prefixes(python: Path) -> tuple[Path, ...]:
    """The folders that an interpreter needs, its own first. Raises UnavailableError where it does not run."""
    asked = "import sys, json; print(json.dumps([sys.prefix, sys.base_prefix]))"
    try:
        told = subprocess.run(  # noqa: S603
            [python, "-I", "-c", asked], capture_output=True, env={}, timeout=60, check=True
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise UnavailableError(f"the interpreter {python} for submissions does not run: {error}") from None
    return tuple(dict.fromkeys(Path(prefix) for prefix in json.loads(told.stdout)))


def _arguments(job: Job, shown: Sequence[view.Bind], stage: Stage, environment: dict[str, str]) -> list[str]:
    """Options of bubblewrap; they travel in a file, so that no command line shows the host's paths."""
    half = str(max(job.limits.memory_bytes // 2, 1 << 20))
    words = [f"--unshare-{name}" for name in NAMESPACES] + ["--unshare-cgroup-try", "--die-with-parent"]
    words += ["--new-session", "--uid", str(view.USER), "--gid", str(view.USER), "--hostname", view.HOST]
    words += ["--proc", "/proc", "--dev", "/dev", "--size", half, "--perms", "1777", "--tmpfs", "/dev/shm"]  # noqa: S108
    words += ["--size", half, "--perms", "1777", "--tmpfs", "/tmp"]  # noqa: S108 - the job's own
    for target, path in view.links():
        words += ["--symlink", target, path]
    for name, text in view.ETC.items():
        words += ["--ro-bind", str(stage.write(name, text)), f"/etc/{name}"]
    if job.gpus:
        words += ["--ro-bind", "/sys", "/sys"]
    for bind in shown:
        words += ["--bind" if bind.writable else "--ro-bind", str(bind.source), bind.target]
    for device in view.devices(job.gpus):
        words += ["--dev-bind", device, device]
    words += ["--remount-ro", "/dev", "--remount-ro", "/", "--chdir", job.folder]
    for name, value in environment.items():
        words += ["--setenv", name, value]
    return words


def _limited(job: Job) -> list[str]:
    """The command behind its limits; processes are counted within the job's own user namespace."""
    limits = job.limits
    caps = (f"--nproc={limits.processes}", f"--fsize={limits.work_bytes}", "--core=0")
    return ["prlimit", *caps, "--", *job.argv]


def _in_memory(content: bytes) -> int:
    """A descriptor to read this content from."""
    descriptor = os.memfd_create("fairway", os.MFD_CLOEXEC)
    os.write(descriptor, content)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


def _spawned(command: list[str], descriptors: Sequence[int]) -> subprocess.Popen[bytes]:
    """Begin with an environment that says nothing: the first process of the job keeps it readable."""
    return subprocess.Popen(  # noqa: S603 - an argument list, no shell sees a submission's words
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={"PATH": f"{view.SYSTEM_PATH}:/usr/sbin:/sbin"},
        cwd="/",
        pass_fds=descriptors,
        start_new_session=True,
        bufsize=0,
    )


def _closed(process: subprocess.Popen[bytes]) -> None:
    """Nothing of it stays, whatever happened."""
    process.kill()
    process.wait()
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            with contextlib.suppress(BrokenPipeError):
                stream.close()


def _arrived(
    job: Job, process: subprocess.Popen[bytes], status: int, group: Group | None, kept: contextlib.ExitStack
) -> _Sandboxed | Ended:
    """Wait until the job stands in its sandbox; what is printed before is bubblewrap's complaint."""
    said = _until_ready(process)
    if not said.endswith(READY):
        detail = said.decode("utf-8", "replace").strip() or "no answer"
        return failed(f"the sandbox could not be set up: {detail[:2000]}")
    told = json.loads(os.read(status, 4096))
    first = processes.Handle.of(int(told["child-pid"]))
    if first is None:
        return failed("the sandbox could not be set up: its first process is gone")
    kept.callback(first.close)
    return _Sandboxed(process, first, Watch(job.work, job.limits, first.pid, group))


def _until_ready(process: subprocess.Popen[bytes]) -> bytes:
    """What is printed up to the mark, or up to the end."""
    assert process.stdout is not None
    said = b""
    until = time.monotonic() + READY_SECONDS
    while not said.endswith(READY) and len(said) < 1 << 16:
        if not select.select([process.stdout], [], [], max(until - time.monotonic(), 0))[0]:
            break
        data = os.read(process.stdout.fileno(), 4096)
        if not data:
            break
        said += data
    return said
