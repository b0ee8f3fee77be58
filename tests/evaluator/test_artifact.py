"""What an artifact holds, and what is refused of it."""

from __future__ import annotations

import gzip
import io
import json
import lzma
import os
import pickle
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import brotli  # type: ignore[import-untyped]
import numpy as np
import pytest
import zstandard

from evaluator import artifact
from evaluator.inflate import ArtifactError, inflate

torch = pytest.importorskip("torch")
TENSOR = torch.arange(6, dtype=torch.float32).reshape(2, 3)

CODECS: dict[str, Callable[[bytes], bytes]] = {
    "plain": bytes,
    "zlib": zlib.compress,
    "gzip": gzip.compress,
    "xz": lzma.compress,
    "lzma": lambda data: lzma.compress(data, format=lzma.FORMAT_ALONE),
    "zstd": zstandard.ZstdCompressor().compress,
    "brotli": brotli.compress,
}


def saved(value: object) -> bytes:
    buffer = io.BytesIO()
    torch.save(value, buffer)
    return buffer.getvalue()


def npz() -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, w=TENSOR.numpy())
    return buffer.getvalue()


def safetensors(shape: tuple[int, ...] = (2, 3), end: int = 24) -> bytes:
    header = json.dumps({"w": {"dtype": "F32", "shape": shape, "data_offsets": [0, end]}}).encode()
    return struct.pack("<Q", len(header)) + header + TENSOR.numpy().tobytes()


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("held", ["pt", "npz", "safetensors"])
def test_each_codec_around_each_container_is_loaded(tmp_path: Path, codec: str, held: str) -> None:
    content = {"pt": saved({"w": TENSOR}), "npz": npz(), "safetensors": safetensors()}[held]
    path = tmp_path / "final_model.ptz"
    path.write_bytes(CODECS[codec](content))
    assert torch.equal(artifact.load(path)["w"], TENSOR)


@pytest.mark.parametrize("codec", [name for name in CODECS if name != "plain"])
def test_a_bomb_is_refused_at_the_cap(codec: str) -> None:
    bomb = CODECS[codec](bytes(20_000_000))
    with pytest.raises(ArtifactError, match="inflates beyond 1,000,000 bytes"):
        inflate(bomb, 1_000_000)


@pytest.mark.parametrize("codec", ["zlib", "xz", "lzma"])
def test_a_cut_stream_is_damaged(codec: str) -> None:
    with pytest.raises(ArtifactError, match=r"ends before|damaged"):
        inflate(CODECS[codec](os.urandom(5000))[:-900], 1_000_000)


class Malicious:
    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, (f"touch {self.mark}",)


@pytest.mark.parametrize("how", ["torch", "pickle"])
def test_a_pickle_that_would_run_code_is_refused_and_runs_none(tmp_path: Path, how: str) -> None:
    mark = tmp_path / "it-ran"
    path = tmp_path / "final_model.pt"
    value = {"w": TENSOR, "x": Malicious(mark)}
    path.write_bytes(saved(value) if how == "torch" else pickle.dumps({"x": Malicious(mark)}, protocol=2))
    with pytest.raises(ArtifactError, match="would run code of its own"):
        artifact.load(path)
    assert not mark.exists()


def test_a_planted_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(saved({"w": TENSOR}))
    (tmp_path / "final_model.pt").symlink_to(tmp_path / "secret")
    with pytest.raises(ArtifactError, match="links are not followed"):
        artifact.load(tmp_path / "final_model.pt")
    with pytest.raises(ArtifactError, match="links are not followed"):
        artifact.weigh(tmp_path, [], ["final_model.pt"])


def test_a_pipe_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "final_model.pt")
    with pytest.raises(ArtifactError, match="no regular file"):
        artifact.load(tmp_path / "final_model.pt")


def test_a_tensor_larger_than_its_storage_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.pt"
    path.write_bytes(saved({"w": torch.zeros(1).expand(2_000_000_000)}))
    with pytest.raises(ArtifactError, match="tensors of 8,000,000,000 bytes"):
        artifact.load(path)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"nothing of the kind", "neither a .pt"),
        (b"PK\x03\x04 damaged", "damaged archive"),
        (safetensors(end=1000), "damaged safetensors"),
        (safetensors(shape=(5, 5)), "damaged safetensors"),
        (b"\x80\x02garbage", "run code|damaged"),
    ],
)
def test_other_and_damaged_files_are_refused_with_their_fault(tmp_path: Path, data: bytes, said: str) -> None:
    path = tmp_path / "m.bin"
    path.write_bytes(data)
    with pytest.raises(ArtifactError, match=said):
        artifact.load(path)


def test_an_object_array_is_not_unpickled(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    np.savez(buffer, w=np.array([Malicious(tmp_path / "it-ran")], dtype=object))
    (tmp_path / "m.npz").write_bytes(buffer.getvalue())
    with pytest.raises(ArtifactError, match="without unpickling"):
        artifact.load(tmp_path / "m.npz")


def test_code_and_model_are_weighed_as_shipped(tmp_path: Path) -> None:
    (tmp_path / "train_gpt.py").write_bytes(b"x" * 100)
    (tmp_path / "final_model.ptz").write_bytes(b"y" * 900)
    weight = artifact.weigh(tmp_path, ["train_gpt.py"], ["final_model.ptz"])
    assert (weight.code_bytes, weight.model_bytes, weight.total) == (100, 900, 1000)
    with pytest.raises(ArtifactError, match="No such file"):
        artifact.weigh(tmp_path, ["missing.py"], [])
