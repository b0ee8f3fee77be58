"""What is made on the host for one job of bubblewrap: a folder, and the places where closed inputs are bound."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from evaluator.sandbox import view

RUNTIME, STAGE = Path("/run"), "fairway-stage-"


@dataclass(slots=True)
class Stage:
    """A folder with what is made for one job, and the places where closed inputs are bound for it."""

    folder: Path
    mounts: list[tuple[Path, Path]] = field(default_factory=list)
    made: list[Path] = field(default_factory=list)

    @classmethod
    @contextlib.contextmanager
    def opened(cls, uid: int | None) -> Iterator[Stage]:
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


def sweep(*folders: Path) -> None:
    """Remove stages whose maker is gone, name by name as `Stage` does; with it went what was bound there."""
    for stage in (found for folder in folders for found in folder.glob(f"{STAGE}*")):
        maker = stage.name.removeprefix(STAGE).partition("-")[0]
        if maker.isdigit() and not Path("/proc", maker).exists():
            with contextlib.suppress(OSError):
                for path in stage.iterdir():
                    path.rmdir() if path.is_dir() else path.unlink()
                stage.rmdir()


def give(folder: Path, uid: int) -> None:
    """Make everything in a work folder the job's own; links are not followed."""
    for path in (folder, *folder.rglob("*")):
        if path.lstat().st_uid != uid:
            os.chown(path, uid, uid, follow_symlinks=False)


def _escaped(path: Path) -> str:
    """A path as a field of a table of mounts."""
    special = {" ": "\\040", "\t": "\\011", "\n": "\\012", "\\": "\\134", "#": "\\043"}
    return "".join(special.get(character, character) for character in str(path))
