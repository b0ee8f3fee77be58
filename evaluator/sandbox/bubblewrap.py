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
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from evaluator.execution import Ended, Job, Line, UnavailableError
from evaluator.sandbox import filter as seccomp
from evaluator.sandbox import processes, view
from evaluator.sandbox.following import Following, Found, failed
from evaluator.sandbox.groups import Group, Groups
from evaluator.sandbox.log import Keeper
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
RUNTIME, STAGE = Path("/run"), "fairway-stage-"
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
        program = seccomp.program()
        keeper = Keeper(job.limits.log_bytes, on_line)
        try:
            with contextlib.ExitStack() as kept:
                begun = self._begin(job, program, kept)
                if isinstance(begun, Ended):
                    return begun
                return Following(job, begun, begun.go(), keeper, cancelled).to_the_end()
        except OSError as error:
            return failed(f"the sandbox could not be set up: {error}", keeper)

    def _begin(self, job: Job, program: bytes, kept: contextlib.ExitStack) -> _Sandboxed | Ended:
        """The job, waiting for its start; or what kept it from being set up."""
        group = None
        if self.groups.places:
            limits = job.limits
            group = kept.enter_context(self.groups.opened(limits.memory_bytes, limits.processes))
        stage = kept.enter_context(_Stage.opened(self.uid))
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

    def _outside(self, group: Group | None, stage: _Stage, guard: int) -> list[str]:
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
class _Stage:
    """A folder with what is made for one job, and the places where closed inputs are bound for it."""

    folder: Path
    mounts: list[tuple[Path, Path]] = field(default_factory=list)
    made: list[Path] = field(default_factory=list)

    @classmethod
    @contextlib.contextmanager
    def opened(cls, uid: int | None) -> Iterator[_Stage]:
        """Made now, removed afterwards: name by name, since something of the host may be bound in it."""
        where = RUNTIME if uid is not None and RUNTIME.is_dir() and view.reachable(RUNTIME / "x") else None
        folder = Path(tempfile.mkdtemp(prefix=f"{STAGE}{os.getpid()}-", dir=where))
        stage = cls(folder)
        try:
            folder.chmod(0o711)
            yield stage
        finally:
            for path in stage.made:
                path.rmdir() if path.is_dir() else path.unlink()
            folder.rmdir()

    def reached(self, bind: view.Bind) -> view.Bind:
        """The same input where a stranger reaches it."""
        if view.reachable(bind.source):
            return bind
        path = self.folder / str(len(self.made))
        path.mkdir() if bind.source.is_dir() else path.touch()
        self.made.append(path)
        self.mounts.append((bind.source, path))
        return view.Bind(path, bind.target, bind.writable)

    def table(self) -> Path:
        """The bindings as one process of `mount` takes them all."""
        lines = (f"{_escaped(source)} {_escaped(path)} none rbind 0 0\n" for source, path in self.mounts)
        return self.write("fstab", "".join(lines))

    def write(self, name: str, text: str) -> Path:
        """A file of ours."""
        path = self.folder / name
        self.made.append(path)
        path.write_text(text)
        path.chmod(0o644)
        return path


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
    _sweep(RUNTIME, Path(tempfile.gettempdir()))
    told = subprocess.run(["bwrap", "--version"], capture_output=True, text=True, check=False)  # noqa: S607
    version = told.stdout.strip().removeprefix("bubblewrap ") or "of unknown version"
    return Bubblewrap(version, prefixes(python), groups, uid if os.geteuid() == 0 else None)


def _is_there(uid: int, table: Path = Path("/proc/self/uid_map")) -> bool:
    """Whether a user's number means somebody in the user namespace of this process."""
    ranges = (map(int, line.split()) for line in table.read_text().splitlines())
    return any(first <= uid < first + count for first, _, count in ranges)


def _sweep(*folders: Path) -> None:
    """Remove stages whose maker is gone, name by name as `_Stage` does; with it went what was bound there."""
    for stage in (found for folder in folders for found in folder.glob(f"{STAGE}*")):
        maker = stage.name.removeprefix(STAGE).partition("-")[0]
        if maker.isdigit() and not Path("/proc", maker).exists():
            with contextlib.suppress(OSError):
                for path in stage.iterdir():
                    path.rmdir() if path.is_dir() else path.unlink()
                stage.rmdir()


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


def give(folder: Path, uid: int) -> None:
    """Make everything in a work folder the job's own; links are not followed."""
    for path in (folder, *folder.rglob("*")):
        if path.lstat().st_uid != uid:
            os.chown(path, uid, uid, follow_symlinks=False)


def _arguments(job: Job, shown: Sequence[view.Bind], stage: _Stage, environment: dict[str, str]) -> list[str]:
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


def _escaped(path: Path) -> str:
    """A path as a field of a table of mounts."""
    special = {" ": "\\040", "\t": "\\011", "\n": "\\012", "\\": "\\134", "#": "\\043"}
    return "".join(special.get(character, character) for character in str(path))


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
