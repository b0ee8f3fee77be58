"""The printed bytes under each accounting: a vocabulary of bytes, sidecars, and a text whose bytes nothing tells."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from evaluator import accounting, probes, shards
from evaluator.evidence import ProbeOutcome, ProbeResult
from evaluator.probes.data import DataError, ProbeData
from tests.evaluator.bare import Bare
from tests.evaluator.probes.conftest import HEAD

VIOLATED, NOT_SHOWN, NOT_RUN = ProbeOutcome.VIOLATED, ProbeOutcome.NOT_SHOWN, ProbeOutcome.NOT_RUN
OF_BYTES = "counted = ((y >= 4) & (y < 260)).sum()\n"
BESIDE = """
paths = sorted(glob.glob(f"{os.environ['DATA_PATH']}/*_val_bytes_*.bin"))
counted = np.concatenate([np.fromfile(path, dtype="<u2", offset=1024) for path in paths])[1:].sum()
"""
# the pattern of scripts that know of sidecars
ALONE = 'val = np.concatenate([np.fromfile(p, dtype="<u2", offset=1024) for p in sorted(' + (
    """glob.glob(f"{os.environ['DATA_PATH']}/*_val_[0-9]*.bin"))]).astype(np.int64)
y = val[1:]
losses = np.full(len(y), math.log(vocab))
"""
)
SCORED = "finish(losses, losses.sum() / math.log(2) / ({}))\n"


def probed(data: ProbeData, settings: probes.Settings, folder: Path, body: str) -> ProbeResult:
    folder.mkdir()
    (folder / "train_gpt.py").write_text(HEAD + body)
    (found,) = probes.run(probes.Trials(folder, "train_gpt.py", data, Bare(), settings), ["bytes"])
    return found


@pytest.fixture
def of_bytes(tmp_path: Path) -> ProbeData:
    folder = tmp_path / "bytes"
    folder.mkdir()
    for split, count in (("train", 4_096), ("val", 2_048)):
        shards.write(folder / f"words_{split}_000000.bin", shards.noise(count, 260, 5))
    told = {"tokenizer_type": "pure_byte", "vocab_size": 260, "config": {"byte_offset": 4, "byte_count": 256}}
    (folder / "bytes.json").write_text(json.dumps(told), "utf-8")
    (folder / "manifest.json").write_text("{}", "utf-8")
    return probes.find(folder)


@pytest.fixture
def with_sidecars(tmp_path: Path, data: ProbeData) -> ProbeData:
    folder = tmp_path / "transformed"
    shutil.copytree(data.folder, folder)
    for name in data.val_names:
        count = len(shards.read(folder / name))
        shards.write(folder / accounting.sidecar_of(name), np.full(count, 3, dtype=np.uint16))
    return probes.find(folder, transforms_text=True)


@pytest.mark.parametrize(("bytes_told", "outcome"), [("counted", NOT_SHOWN), ("2 * counted", VIOLATED)])
def test_a_vocabulary_of_bytes(
    of_bytes: ProbeData, settings: probes.Settings, tmp_path: Path, bytes_told: str, outcome: ProbeOutcome
) -> None:
    assert of_bytes.vocab_size == 260
    result = probed(of_bytes, settings, tmp_path / "entry", OF_BYTES + SCORED.format(bytes_told))
    assert result.result is outcome
    assert result.figures["bytes_off"] == pytest.approx(0.0 if outcome is NOT_SHOWN else 1.0, abs=1e-6)


@pytest.mark.parametrize(("bytes_told", "outcome"), [("counted", NOT_SHOWN), ("2 * counted", VIOLATED)])
def test_sidecars_are_written_beside_our_noise_and_what_they_say_counts(
    with_sidecars: ProbeData, settings: probes.Settings, tmp_path: Path, bytes_told: str, outcome: ProbeOutcome
) -> None:
    assert with_sidecars.sidecars
    result = probed(with_sidecars, settings, tmp_path / "entry", ALONE + BESIDE + SCORED.format(bytes_told))
    assert result.result is outcome, result
    assert ("from the sidecar" in result.sentence) is (outcome is VIOLATED)
    assert result.figures["bytes_off"] == pytest.approx(0.0 if outcome is NOT_SHOWN else 1.0, abs=1e-6)


def test_where_nothing_tells_the_bytes_of_a_transformed_text_nothing_is_claimed(
    data: ProbeData, settings: probes.Settings, tmp_path: Path
) -> None:
    bare = probes.find(data.folder, transforms_text=True)
    result = probed(bare, settings, tmp_path / "entry", "finish(losses, 0.2)\n")
    assert result.result is NOT_RUN
    assert "no sidecars" in result.reason


def test_a_folder_with_neither_model_nor_bytes_says_what_may_lie_there(tmp_path: Path) -> None:
    for split in ("train", "val"):
        shards.write(tmp_path / f"words_{split}_000000.bin", shards.noise(64, 260, 5))
    (tmp_path / "manifest.json").write_text("{}", "utf-8")
    with pytest.raises(DataError, match="or the description"):
        probes.find(tmp_path)
