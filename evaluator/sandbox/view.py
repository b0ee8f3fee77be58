"""What a job sees of the machine: a root of its own, with system folders, interpreter, inputs and a work folder."""

from __future__ import annotations

import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from evaluator.execution import Job

SYSTEM = ("/usr", "/sys/devices/system", "/etc/alternatives", "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/localtime")
FOLDERS = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
"""Links into /usr, as Debian has them; where they are folders these are shown."""
DEVICES = ("nvidiactl", "nvidia-uvm", "nvidia-uvm-tools", "nvidia-modeset", "nvidia-caps")
SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin"
USER = 1000  # the number that a job has for itself
HOST = "sandbox"
ETC: Mapping[str, str] = {
    "passwd": f"root:x:0:0::/:/bin/sh\nsandbox:x:{USER}:{USER}::/tmp:/bin/sh\n",
    "group": f"root:x:0:\nsandbox:x:{USER}:\n",
    "hosts": f"127.0.0.1 localhost {HOST}\n::1 localhost {HOST}\n",
    "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
}


@dataclass(frozen=True, slots=True)
class Bind:
    """A file or folder of the host and where it is inside."""

    source: Path
    target: str
    writable: bool = False


def binds(job: Job, interpreter: tuple[Path, ...]) -> list[Bind]:
    """Everything that a job sees of the host's files, outer folders before what lies in them."""
    system = [Path(name) for name in SYSTEM]
    system += [Path("/", name) for name in FOLDERS if not Path("/", name).is_symlink()]
    shown = [Bind(path, str(path)) for path in system if path.exists()]
    shown += [Bind(path, str(path)) for path in interpreter if not path.is_relative_to("/usr")]
    given = [Bind(source, target) for target, source in job.read_only.items()]
    given.append(Bind(job.work, job.folder, writable=True))
    return sorted(shown + given, key=lambda bind: bind.target.count("/"))


def links() -> Iterator[tuple[str, str]]:
    """Where a link of the root leads, and its path."""
    for name in FOLDERS:
        path = Path("/", name)
        if path.is_symlink():
            yield str(path.readlink()), str(path)


def devices(gpus: tuple[int, ...]) -> list[str]:
    """Device files of GPUs. Raises FileNotFoundError for a GPU that is not there."""
    if not gpus:
        return []
    wanted = [Path("/dev", f"nvidia{index}") for index in gpus]
    for path in wanted:
        if not path.exists():
            raise FileNotFoundError(f"there is no device {path} on this machine")
    return [str(path) for path in (*wanted, *(Path("/dev", name) for name in DEVICES)) if path.exists()]


def environment(job: Job, interpreter: tuple[Path, ...]) -> dict[str, str]:
    """The job's environment, and what every program expects to find in one."""
    path = ":".join([*(str(prefix / "bin") for prefix in interpreter), SYSTEM_PATH])
    return {"PATH": path, "HOME": "/tmp", "LANG": "C.UTF-8", **job.environment}  # noqa: S108 - the job's own


def reachable(path: Path) -> bool:
    """Whether a stranger gets as far as this path: every folder above it may be passed by everyone."""
    return all(parent.stat().st_mode & stat.S_IXOTH for parent in path.parents)


def unreadable(source: Path) -> str | None:
    """What of an input a stranger could not read: itself, or something that lies directly in it."""
    for path in (source, *(source.iterdir() if source.is_dir() else ())):
        try:
            found = path.stat()
        except OSError as error:
            return f"{path} cannot be read: {error.strerror}"
        wanted = stat.S_IROTH | (stat.S_IXOTH if stat.S_ISDIR(found.st_mode) else 0)
        if found.st_mode & wanted != wanted:
            return f"{path} is not readable for everyone (mode {stat.S_IMODE(found.st_mode):o}): chmod o+rX it"
    return None
