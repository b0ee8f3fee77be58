"""Submissions of a few lines that end at once, in the competition's dialect and without torch; and data for them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from evaluator import shards
from evaluator.request import Dataset, InputFile, Rung, RunLimits, RunRequest

SCORE = 1.25
HONEST = """
import glob, os, time, zlib
steps = int(os.environ.get("ITERATIONS", 5))
data = os.environ["DATA_PATH"]
print(f"seed:{os.environ['SEED']}")
assert glob.glob(data + "/*_train_*.bin"), "no training shards"
val = b"".join(open(path, "rb").read() for path in sorted(glob.glob(data + "/*_val_*.bin")))
began = time.perf_counter()
for step in range(1, steps + 1):
    time.sleep(0.02)
    taken = 1000 * (time.perf_counter() - began)
    print(f"step:{step}/{steps} train_loss:{3 - step / 100:.4f} train_time:{taken:.0f}ms")
blob = zlib.compress(os.urandom(5000))
open("final_model.int8.ptz", "wb").write(blob)
open("final_model.pt", "wb").write(bytes(90_000))
print(f"Serialized model int8+zlib: {len(blob)} bytes")
"""
SCORED = "print('final_int8_zlib_roundtrip val_loss:2.0000 val_bpb:1.25000000')\n"
ENTRY = "train_gpt.py"


@dataclass
class Files:
    """Inputs: contents by their hash, in a folder."""

    folder: Path
    files: dict[str, str]
    listed: list[InputFile] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        for name, text in self.files.items():
            sha256 = hashlib.sha256(text.encode()).hexdigest()
            (self.folder / sha256).write_text(text)
            self.listed.append(InputFile(name, sha256, len(text.encode())))

    def file(self, sha256: str) -> Path:
        path = self.folder / sha256
        if not path.exists():
            raise KeyError(sha256)
        return path


LIMITS = RunLimits(
    train_seconds=10,
    eval_seconds=10,
    total_seconds=60,
    memory_bytes=1 << 30,
    work_bytes=64 << 20,
    artifact_bytes=16_000,
)


def request(files: Files, rung: Rung = Rung.SEED, **changes: Any) -> RunRequest:
    """A request for one run of these files."""
    made = RunRequest(
        id="run-1",
        rung=rung,
        repository="somebody/competition",
        number=7,
        head_sha="c0ffee",
        attempt=1,
        seed=11,
        files=tuple(files.listed),
        entry=ENTRY,
        command=("python", ENTRY),
        dataset=Dataset("text"),
        limits=LIMITS,
        tolerance=0.01,
        cost_per_hour=36.0,
    )
    return replace(made, **changes)


def data_folder(root: Path) -> Path:
    """A folder with a data set "text" and a second slice "other"."""
    for name, seed in (("text", 1), ("other", 2)):
        folder = root / "data" / name
        folder.mkdir(parents=True)
        shards.write(folder / "fineweb_train_000000.bin", shards.noise(4_000, 300, (seed, 0)))
        shards.write(folder / "fineweb_val_000000.bin", shards.noise(1_001, 300, (seed, 1)))
    return root / "data"
