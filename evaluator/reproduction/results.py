"""What a job left in its work folder, measured by us: nothing that it says about itself is asked."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from evaluator.regular import NotRegularError, read_regular
from evaluator.request import InputFile

MOST_ARTIFACT = 1 << 30  # bytes that are read of one file
MOST_FILES = 20_000
PACKED = (".ptz", ".zst", ".zstd", ".br", ".xz", ".lzma", ".gz", ".zlib", ".zip", ".z")
MODELS = (*PACKED, ".pt", ".pth", ".bin", ".safetensors", ".npz", ".npy", ".pkl", ".ckpt", ".model")
CODE = (".py", ".cu", ".cuh", ".cpp", ".c", ".h", ".sh")
_IMPORT = re.compile(rb"^[ \t]{0,40}(?:from|import)[ \t]{1,9}([A-Za-z_][\w.]{0,200})", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Artifact:
    """A model file and the code as shipped. `total` is what the cap is held against."""

    path: str
    model_bytes: int
    code_bytes: int
    sha256: str

    @property
    def total(self) -> int:
        return self.model_bytes + self.code_bytes


@dataclass(frozen=True, slots=True)
class Left:
    """A regular file below the work folder: path relative to it, bytes."""

    path: str
    size: int


def left_behind(work: Path, files: Sequence[InputFile]) -> list[Left]:
    """Regular files that the job made or changed in size, links and folders behind them left alone."""
    shipped = {file.path: file.size for file in files}
    found: list[Left] = []
    for folder, _folders, names in os.walk(work, followlinks=False):
        for name in names:
            path = Path(folder, name)
            state = path.lstat()
            inside = path.relative_to(work).as_posix()
            if stat.S_ISREG(state.st_mode) and shipped.get(inside) != state.st_size:
                found.append(Left(inside, state.st_size))
            if len(found) >= MOST_FILES:
                return found
    return found


def find_artifact(work: Path, files: Sequence[InputFile], entry: str, stated: Iterable[int] = ()) -> Artifact | None:
    """The largest plausible model file, and the code: None where the job left none.

    Plausible is first a file whose size the log states as the model's, then a packed one, then any other of a model's
    kind. `stated` are the sizes (bytes) that the log states.
    """
    models = [left for left in left_behind(work, files) if Path(left.path).suffix.lower() in MODELS and left.size]
    sizes = set(stated)
    for plausible in (
        [left for left in models if left.size in sizes],
        [left for left in models if Path(left.path).suffix.lower() in PACKED],
        models,
    ):
        for left in sorted(plausible, key=lambda left: -left.size):
            try:
                content = read_regular(work / left.path, MOST_ARTIFACT)
            except NotRegularError:
                continue
            sha256 = hashlib.sha256(content).hexdigest()
            return Artifact(left.path, len(content), code_bytes(work, files, entry), sha256)
    return None


def code_bytes(work: Path, files: Sequence[InputFile], entry: str) -> int:
    """Bytes of the script as shipped, and of the submission's own modules that it imports."""
    sizes = {file.path: file.size for file in files}
    wanted, counted = [entry], set[str]()
    while wanted:
        path = wanted.pop()
        if path in counted or path not in sizes:
            continue
        counted.add(path)
        wanted += _imported(work / path, sizes)
    return sum(sizes[path] for path in counted)


def _imported(path: Path, sizes: Iterable[str]) -> list[str]:
    """Files of the submission whose modules a script names."""
    try:
        text = read_regular(path, MOST_ARTIFACT)
    except NotRegularError:
        return []
    names = {found.decode().split(".")[0] for found in _IMPORT.findall(text)}
    return [other for other in sizes if other.endswith(CODE) and Path(other).parts[0].split(".")[0] in names]
