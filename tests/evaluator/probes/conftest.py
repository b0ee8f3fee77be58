"""Data made once, and a way to probe a submission that is a few lines of numpy."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from demo.runnable import text
from evaluator import probes
from evaluator.evidence import ProbeResult
from evaluator.execution import Limits
from evaluator.probes.data import ProbeData
from tests.evaluator.bare import Bare

pytest.importorskip("torch")
pytest.importorskip("sentencepiece")

# Reads the shards as every submission does; what follows scores them.
HEAD = """
import glob, math, os
import numpy as np

def load(split):
    paths = sorted(glob.glob(f"{os.environ['DATA_PATH']}/*_{split}_*.bin"))
    parts = [np.fromfile(path, dtype="<u2", offset=1024) for path in paths]
    return np.concatenate(parts).astype(np.int64)

val, vocab = load("val"), int(os.environ["VOCAB_SIZE"])
y = val[1:]
losses = np.full(len(y), math.log(vocab))

def finish(losses, bpb=None):
    loss = losses.mean()
    print(f"final_exact val_loss:{loss:.8f} val_bpb:{loss / math.log(2) / 2.4 if bpb is None else bpb:.8f}")

def progress(losses, pieces=8):
    for i in range(1, pieces + 1):
        print(f"eval_chunk [{i}/{pieces}] running_loss:{losses[: len(losses) * i // pieces].mean():.6f}")
"""

Probed = Callable[..., ProbeResult]


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> ProbeData:
    return probes.find(text.write(tmp_path_factory.mktemp("data"), train_tokens=120_000, val_tokens=8_193))


@pytest.fixture
def settings() -> probes.Settings:
    limits = Limits(wall_seconds=60, memory_bytes=4 << 30)
    return probes.Settings(seed=20_261, tokens=8_192, iterations=40, limits=limits)


@pytest.fixture
def trials(tmp_path: Path, data: ProbeData, settings: probes.Settings) -> Callable[[str], probes.Trials]:
    def made(body: str) -> probes.Trials:
        folder = tmp_path / "submission"
        folder.mkdir(exist_ok=True)
        (folder / "train_gpt.py").write_text(HEAD + body)
        return probes.Trials(folder, "train_gpt.py", data, Bare(), settings)

    return made


@pytest.fixture
def probed(trials: Callable[[str], probes.Trials]) -> Probed:
    """The result of one probe on a submission that ends with these lines."""

    def result(name: str, body: str) -> ProbeResult:
        (found,) = probes.run(trials(body), [name])
        return found

    return result
