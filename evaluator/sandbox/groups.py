"""Control groups: the bound on a job's memory and processes that no fork escapes.

Both versions are found where they are mounted, and together. A group is made below the place where we stand, or, where
that is not ours, below the nearest one above that is (a service with `Delegate=yes`, a user's own slice). Where
nothing is ours there is none, and the caller watches memory instead.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

OURS = "fairway-"
WANTED = ("memory", "pids")
_numbers = itertools.count()
_ESCAPES = {"\\040": " ", "\\011": "\t", "\\012": "\n", "\\134": "\\"}
_REMOVE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Place:
    """A folder in which groups may be made for `controllers`, and the version of control groups (1 or 2)."""

    version: int
    folder: Path
    controllers: frozenset[str]


@dataclass(frozen=True, slots=True)
class Groups:
    """The places that this process may use; one for both controllers (v2) or one for each (v1)."""

    places: tuple[Place, ...] = ()

    @property
    def controllers(self) -> frozenset[str]:
        """What is bounded by a group."""
        return frozenset().union(*(place.controllers for place in self.places))

    @property
    def name(self) -> str:
        """For people: which version, or that there is none."""
        versions = sorted({place.version for place in self.places if "memory" in place.controllers})
        return " and ".join(f"cgroup v{version}" for version in versions) or "watched memory"

    @contextlib.contextmanager
    def opened(self, memory_bytes: int, processes: int) -> Iterator[Group]:
        """A group of its own for one job; removed at the end, when its processes are gone. Raises OSError."""
        folders: list[Path] = []
        try:
            for place in self.places:
                folder = place.folder / f"{OURS}{os.getpid()}-{next(_numbers)}"
                folder.mkdir()
                folders.append(folder)
                _bound(folder, place, memory_bytes, processes)
            yield Group(tuple(folders))
        finally:
            for folder in folders:
                _remove(folder)


@dataclass(frozen=True, slots=True)
class Group:
    """One job's folders."""

    folders: tuple[Path, ...]

    @property
    def entrances(self) -> tuple[Path, ...]:
        """The files into which a process writes its number to join."""
        return tuple(folder / "cgroup.procs" for folder in self.folders)

    def kills(self) -> int:
        """How many processes the kernel ended because the memory was used up."""
        return sum(_count(folder / name) for folder in self.folders for name in ("memory.events", "memory.oom_control"))


def find(mounts: Path = Path("/proc/self/mountinfo"), membership: Path = Path("/proc/self/cgroup")) -> Groups:
    """The places that are ours; what killed processes of ours left in them is swept away."""
    try:
        hierarchies = list(_hierarchies(mounts.read_text(), membership.read_text()))
    except OSError:
        return Groups()
    places: list[Place] = []
    for hierarchy in hierarchies:
        missing = frozenset(WANTED).difference(*(place.controllers for place in places))
        place = _first_usable(hierarchy, missing)
        if place is not None:
            _sweep(place.folder)
            places.append(place)
    return Groups(tuple(places))


@dataclass(frozen=True, slots=True)
class _Hierarchy:
    """Where one is mounted, the group of this process in it, and, of v1, its controllers."""

    version: int
    root: Path
    here: Path
    controllers: frozenset[str]


def _hierarchies(mounts: str, membership: str) -> Iterator[_Hierarchy]:
    """All of version 2, and of version 1 those with a wanted controller."""
    paths: dict[str, str] = {}
    for line in membership.splitlines():
        number, controllers, path = line.split(":", 2)
        for controller in controllers.split(",") if number != "0" else ("",):
            paths[controller] = path
    for line in mounts.splitlines():
        fields, _, rest = line.partition(" - ")
        kind, *_, options = rest.split(" ")
        if kind not in ("cgroup", "cgroup2"):
            continue
        root, point = (_plain(field) for field in fields.split(" ")[3:5])
        names = [""] if kind == "cgroup2" else [name for name in WANTED if name in options.split(",")]
        if names and names[0] in paths:
            here = Path(point) / _below(paths[names[0]], root)
            yield _Hierarchy(2 if kind == "cgroup2" else 1, Path(point), here, frozenset(names) - {""})


def _plain(field: str) -> str:
    for escaped, character in _ESCAPES.items():
        field = field.replace(escaped, character)
    return field


def _below(path: str, root: str) -> str:
    """The path of a group below a mount that shows only what is under `root`."""
    if root != "/" and (path == root or path.startswith(root + "/")):
        path = path[len(root) :]
    return path.strip("/")


def _first_usable(hierarchy: _Hierarchy, missing: frozenset[str]) -> Place | None:
    """The group of this process, or the nearest one above it, in which we may make groups."""
    root, here = hierarchy.root, hierarchy.here
    for folder in (here, *itertools.takewhile(lambda parent: parent != root.parent, here.parents)):
        held = _handed_down(folder, missing) if hierarchy.version == 2 else missing & hierarchy.controllers
        if held and _may_make(folder, held):
            return Place(hierarchy.version, folder, held)
    if hierarchy.version == 2 and here != root and _step_aside(here):
        held = _handed_down(here, missing)
        if held and _may_make(here, held):
            return Place(2, here, held)
    return None


def _step_aside(folder: Path) -> bool:
    """Move what stands in a group that was delegated to us into one below: only an empty group hands anything down."""
    aside = folder / f"{OURS}self"
    try:
        aside.mkdir(exist_ok=True)
        for pid in (folder / "cgroup.procs").read_text().split():
            (aside / "cgroup.procs").write_text(pid)
    except OSError:
        return False
    return True


def _handed_down(folder: Path, missing: frozenset[str]) -> frozenset[str]:
    """What groups made in `folder` can bound: what it hands down, after asking it to hand down what it has."""
    control = folder / "cgroup.subtree_control"
    for name in missing & _words(folder / "cgroup.controllers") - _words(control):
        with contextlib.suppress(OSError):
            control.write_text(f"+{name}")
    return missing & _words(control)


def _words(file: Path) -> frozenset[str]:
    try:
        return frozenset(file.read_text().split())
    except OSError:
        return frozenset()


def _may_make(folder: Path, controllers: frozenset[str]) -> bool:
    """Whether a group can be made here, bounded, and joined by a process that stands where we stand."""
    trial = folder / f"{OURS}{os.getpid()}-trial{next(_numbers)}"
    try:
        trial.mkdir()
    except OSError:
        return False
    try:
        has = {"memory": ("memory.max", "memory.limit_in_bytes"), "pids": ("pids.max",)}
        complete = all(any((trial / file).exists() for file in has[name]) for name in controllers)
        return complete and _joins(trial / "cgroup.procs")
    finally:
        _remove(trial)


def _joins(entrance: Path) -> bool:
    import subprocess

    script = 'echo $$ 2>/dev/null >"$1"'
    return subprocess.run(["/bin/sh", "-c", script, "sh", entrance], env={}, check=False).returncode == 0  # noqa: S603


def _bound(folder: Path, place: Place, memory_bytes: int, processes: int) -> None:
    """Write the limits; swap is none of a job's memory."""
    if "pids" in place.controllers:
        (folder / "pids.max").write_text(str(processes))
    if "memory" not in place.controllers:
        return
    limits: Mapping[str, int] = {"memory.limit_in_bytes": memory_bytes, "memory.memsw.limit_in_bytes": memory_bytes}
    if place.version == 2:
        limits = {"memory.max": memory_bytes, "memory.swap.max": 0, "memory.oom.group": 1}
    first, *others = limits.items()
    (folder / first[0]).write_text(str(first[1]))
    for name, value in others:  # kernels without swap accounting lack these
        if (folder / name).exists():
            (folder / name).write_text(str(value))


def _count(file: Path) -> int:
    """The `oom_kill` of a file of counters."""
    with contextlib.suppress(OSError, ValueError):
        for line in file.read_text().splitlines():
            name, _, value = line.partition(" ")
            if name == "oom_kill":
                return int(value)
    return 0


def _sweep(folder: Path) -> None:
    """Remove groups whose maker is gone, and end what it left in them."""
    with contextlib.suppress(OSError):
        for child in folder.iterdir():
            maker = child.name.removeprefix(OURS).partition("-")[0]
            if child.name.startswith(OURS) and maker.isdigit() and not Path("/proc", maker).exists():
                for pid in _words(child / "cgroup.procs"):
                    with contextlib.suppress(OSError):
                        os.kill(int(pid), signal.SIGKILL)
                _remove(child)


def _remove(folder: Path) -> None:
    """Remove a group; its last process may take a moment to be gone."""
    until = time.monotonic() + _REMOVE_SECONDS
    while time.monotonic() < until:
        try:
            folder.rmdir()
        except FileNotFoundError:
            return
        except OSError:
            time.sleep(0.005)
        else:
            return
