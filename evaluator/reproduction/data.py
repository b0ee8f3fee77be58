"""The data of a run: found by name on this machine, hashed, shown to a job split by split."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from evaluator import accounting, shards
from evaluator.bytecount import ByteCountError
from evaluator.request import Dataset

DATA, TOKENIZER = "/data", "/tokenizer"
TRAIN, VAL = "train", "val"
KINDS = (".model", ".json", ".vocab")
DEPTH = 4
SMOKE_TRAIN, SMOKE_VAL, SMOKE_SHARDS = 1 << 20, 1 << 16, 2
LEAST_VOCABULARY = 256


class DataError(Exception):
    """What a run needs is not on this machine, or is another than asked for: never the submission's fault."""


@dataclass(frozen=True, slots=True)
class Data:
    """Shards in one folder and a tokenizer, None where the data set has none. `second` holds further text to score.

    `transforms_text`: the tokenizer's text is not the one that is scored, so that only sidecars tell the bytes.
    """

    folder: Path
    tokenizer: Path | None
    second: Path | None = None
    transforms_text: bool = False

    def shown(self, splits: Iterable[str] = (TRAIN, VAL), *, second: bool = False) -> dict[str, Path]:
        """What a job sees, by its path inside; `second` puts the further text in the validation split's place."""
        found: dict[str, Path] = {}
        for split in splits:
            folder = self.second if second and split == VAL and self.second is not None else self.folder
            beside = accounting.sidecars(folder) if split == VAL else []
            found |= {f"{DATA}/{name}": folder / name for name in (*shards.names(folder, split), *beside)}
        if self.tokenizer is not None:
            found[f"{TOKENIZER}/{self.tokenizer.name}"] = self.tokenizer
        return found

    @property
    def environment(self) -> dict[str, str]:
        """Where a script finds them."""
        tokenizer = {} if self.tokenizer is None else {"TOKENIZER_PATH": f"{TOKENIZER}/{self.tokenizer.name}"}
        return {"DATA_PATH": DATA, **tokenizer}


def find(root: Path, wanted: Dataset) -> Data:
    """The data set of that name below `root` (itself where the name is empty). Raises DataError."""
    folder = _shards(_below(root, wanted.name), wanted.name)
    tokenizer = _tokenizer(root, folder, wanted.tokenizer)
    second = _shards(_below(root, wanted.second_slice), wanted.second_slice) if wanted.second_slice else None
    for split in (TRAIN, VAL):
        if not shards.names(folder, split):
            raise DataError(f"the data set {wanted.name or folder.name!r} has no shards *_{split}_*.bin")
    if second is not None and not shards.names(second, VAL):
        raise DataError(f"the second slice {wanted.second_slice!r} has no shards *_val_*.bin")
    return Data(folder, tokenizer, second, wanted.transforms_text)


def verify(data: Data, wanted: Dataset, memory: Path | None = None) -> dict[str, str]:
    """SHA-256 of everything read, by name. Raises DataError where one is another than asked for."""
    found = {"dataset": digest(data.folder, memory)}
    if data.tokenizer is not None:
        found["tokenizer"] = hashlib.sha256(data.tokenizer.read_bytes()).hexdigest()
    if data.second is not None:
        found["second_slice"] = digest(data.second, memory)
    for name, asked in (("dataset", wanted.sha256), ("tokenizer", wanted.tokenizer_sha256)):
        if asked and found.get(name) != asked:
            raise DataError(f"the {name} of this machine is another than asked for: {found.get(name)}, not {asked}")
    return found


def digest(folder: Path, memory: Path | None = None) -> str:
    """`shards.digest`, remembered in the file `memory` as long as no shard's size or time of change differs."""
    try:
        state = [(p.name, p.stat().st_size, p.stat().st_mtime_ns) for p in sorted(folder.glob("*.bin"))]
        key = hashlib.sha256(json.dumps([str(folder), state]).encode()).hexdigest()
        known = _remembered(memory)
        if key not in known:
            known = {**known, key: shards.digest(folder)}
            if memory is not None:
                memory.write_text(json.dumps(known))
    except (shards.ShardError, OSError) as error:
        raise DataError(str(error)) from None
    return known[key]


def _remembered(memory: Path | None) -> Mapping[str, str]:
    try:
        known = json.loads(memory.read_text()) if memory is not None else {}
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def generated(data: Data, folder: Path, *, vocab_size: int, seed: int) -> Data:
    """Shards of random tokens in `folder`, small and of the same form; the tokenizer stays."""
    folder.mkdir(parents=True)
    for number in range(SMOKE_SHARDS):
        tokens = shards.noise(SMOKE_TRAIN // SMOKE_SHARDS, vocab_size, (seed, 0, number))
        shards.write(folder / f"fineweb_train_{number:06d}.bin", tokens)
    shards.write(folder / "fineweb_val_000000.bin", shards.noise(SMOKE_VAL + 1, vocab_size, (seed, 1)))
    _with_sidecars(data, folder)
    for path in folder.iterdir():
        path.chmod(0o644)
    return Data(folder, data.tokenizer, transforms_text=data.transforms_text)


def _with_sidecars(data: Data, folder: Path) -> None:
    """Where the real shards have sidecars, generated ones have some too: one byte for each token."""
    if accounting.sidecars(data.folder):
        for name in shards.names(folder, VAL):
            count = len(shards.read(folder / name))
            shards.write(folder / accounting.sidecar_of(name), np.ones(count, dtype=np.uint16))


def vocabulary(data: Data, environment: Mapping[str, str]) -> int:
    """Number of different tokens: stated by the competition, else the tokenizer's, else shown by the text."""
    stated = environment.get("VOCAB_SIZE", "")
    if stated.isdigit():
        return int(stated)
    if data.tokenizer is not None and data.tokenizer.suffix in accounting.SUFFIXES:
        with contextlib.suppress(ByteCountError):
            return accounting.table_of(data.tokenizer).vocab_size
    return max(LEAST_VOCABULARY, int(shards.read_split(data.folder, VAL, most_tokens=1 << 22).max()) + 1)


def _below(root: Path, name: str) -> Path:
    """The folder of a name; names may hold folders, and lead nowhere else."""
    parts = PurePosixPath(name).parts
    if name.startswith("/") or ".." in parts:
        raise DataError(f"{name!r} is no name of a data set: a path below the data folder is asked for")
    return root.joinpath(*parts)


def _shards(folder: Path, name: str) -> Path:
    """The folder itself, or the one folder below it that holds validation shards."""
    if not folder.is_dir():
        raise DataError(f"this machine has no data set {name!r}: put its shards into {folder}")
    holders = sorted({path.parent for path in _files(folder, "*_val_*.bin")})
    if folder in holders:
        return folder
    if len(holders) != 1:
        said = "no shards *_val_*.bin" if not holders else f"{len(holders)} folders with shards"
        raise DataError(f"{said} in {folder}: name the folder that holds them")
    return holders[0]


def _tokenizer(root: Path, folder: Path, name: str) -> Path | None:
    """The file of that name, or the only one there is."""
    if name:
        for written in (name, *(name + kind for kind in KINDS)):
            for place in (root, folder, folder.parent):
                path = _below(place, written)
                if path.is_file():
                    return path
            found = _files(root, PurePosixPath(written).name)
            if found:
                return found[0]
        raise DataError(f"this machine has no tokenizer {name!r}: put it into {root}")
    for place in (folder, root):
        for kind in KINDS:
            found = _files(place, f"*{kind}")
            if len(found) == 1:
                return found[0]
    return None


def _files(folder: Path, pattern: str) -> list[Path]:
    """Files of that form, not more than a few folders down."""
    found: list[Path] = []
    for depth in range(DEPTH):
        found += sorted(path for path in folder.glob("*/" * depth + pattern) if path.is_file())
    return found
