"""What a submission weighs as shipped, and what its artifact holds, without trusting a byte of it.

A model file may be packed (zlib, gzip, lzma, xz, zstd, brotli) around a `.pt`, an `.npz` or a safetensors file. Nothing
is unpickled but what `torch.load(weights_only=True)` allows; every step has a cap, and links are not followed.
"""

from __future__ import annotations

import io
import json
import pickle
import struct
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evaluator.inflate import ArtifactError, inflate
from evaluator.regular import NotRegularError, read_regular

FILE_LIMIT = 256_000_000  # bytes of one file as shipped; the competition's cap is 16 MB
LOADED_LIMIT = 2_000_000_000  # bytes of what it inflates to, and of all tensors
_ZIP = b"PK\x03\x04"
_HEADER_LIMIT = 16_000_000
_DTYPES = {
    "F64": "float64",
    "F32": "float32",
    "F16": "float16",
    "BF16": "bfloat16",
    "I64": "int64",
    "I32": "int32",
    "I16": "int16",
    "I8": "int8",
    "U8": "uint8",
    "BOOL": "bool",
    "F8_E4M3": "float8_e4m3fn",
    "F8_E5M2": "float8_e5m2",
}


@dataclass(frozen=True, slots=True)
class Weight:
    """Bytes as shipped."""

    code_bytes: int
    model_bytes: int

    @property
    def total(self) -> int:
        """What the competition's cap is held against."""
        return self.code_bytes + self.model_bytes


def weigh(folder: Path, code: Iterable[str], model: Iterable[str]) -> Weight:
    """Bytes of the named files below `folder`. Raises ArtifactError for a link, and for what is missing."""
    return Weight(sum(_size(folder, name) for name in code), sum(_size(folder, name) for name in model))


def _size(folder: Path, name: str) -> int:
    return len(_read(folder / name))


def _read(path: Path) -> bytes:
    try:
        return read_regular(path, FILE_LIMIT)
    except NotRegularError as error:
        raise ArtifactError(str(error)) from None


def load(path: Path, *, limit: int = LOADED_LIMIT) -> Any:
    """What a model file holds: tensors by name, or the nested containers of tensors that a `.pt` has.

    Raises ArtifactError: the file is a link, inflates beyond `limit`, is of an unknown kind, or would run code.
    """
    data = _read(path)
    kind, content = inflate(data, limit)
    try:
        held = _held(content, limit)
    except ArtifactError as error:
        packed = f" inside {kind}" if kind else ""
        raise ArtifactError(f"{path.name!r}{packed}: {error}") from None
    _check_size(held, limit)
    return held


def _held(content: bytes, limit: int) -> Any:
    if content.startswith(_ZIP):
        names = _check_zip(content, limit)
        if names and all(name.endswith(".npy") for name in names):
            return _npz(content)
        return _torch(content)
    if content[:2] == b"\x80\x02" or content[:1] == b"\x80":
        return _torch(content)
    if _looks_like_safetensors(content):
        return _safetensors(content)
    raise ArtifactError("neither a .pt, an .npz nor a safetensors file: ship one of these, packed or not")


def _check_zip(content: bytes, limit: int) -> list[str]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise ArtifactError(f"a damaged archive ({error})") from None
    total = sum(entry.file_size for entry in entries)
    if total > limit:
        raise ArtifactError(f"the archive inflates to {total:,} bytes; at most {limit:,} are loaded")
    return [entry.filename for entry in entries]


def _torch(content: bytes) -> Any:
    import torch

    try:
        return torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        said = str(error).splitlines()
        why = next(
            (line.strip() for line in said if "GLOBAL" in line or "Unsupported" in line), said[0] if said else ""
        )
        raise ArtifactError(
            f"refused, since loading it would run code of its own ({why[:200]}): save plain tensors only"
        ) from None
    except Exception as error:  # torch raises whatever the damage leads to
        raise ArtifactError(f"a damaged .pt ({type(error).__name__}: {str(error)[:200]})") from None


def _npz(content: bytes) -> Mapping[str, Any]:
    import numpy as np
    import torch

    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            return {name: torch.from_numpy(arrays[name]) for name in arrays.files}
    except (ValueError, TypeError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise ArtifactError(f"an .npz that cannot be read without unpickling ({str(error)[:200]})") from None


def _looks_like_safetensors(content: bytes) -> bool:
    return len(content) > 9 and content[8:9] == b"{" and struct.unpack_from("<Q", content)[0] <= len(content) - 8


def _safetensors(content: bytes) -> Mapping[str, Any]:
    """Tensors by name. The format is 8 bytes of length, a JSON header, and the raw bytes that it points into."""
    (length,) = struct.unpack_from("<Q", content)
    if length > _HEADER_LIMIT:
        raise ArtifactError(f"a safetensors header of {length:,} bytes; at most {_HEADER_LIMIT:,} are read")
    try:
        header = json.loads(content[8 : 8 + length])
        body = memoryview(content)[8 + length :]
        return {name: _tensor(entry, body) for name, entry in header.items() if name != "__metadata__"}
    except (ValueError, TypeError, KeyError, RecursionError, RuntimeError) as error:
        raise ArtifactError(f"a damaged safetensors file ({str(error)[:200]})") from None


def _tensor(entry: Mapping[str, Any], body: memoryview) -> Any:
    import torch

    dtype = getattr(torch, _DTYPES[entry["dtype"]])
    first, last = entry["data_offsets"]
    if not 0 <= first <= last <= len(body):
        raise ValueError(f"bytes {first} to {last} of {len(body)}")
    if first == last:
        return torch.zeros(entry["shape"], dtype=dtype)
    return torch.frombuffer(bytearray(body[first:last]), dtype=dtype).reshape(entry["shape"])


def _check_size(held: Any, limit: int) -> None:
    """Refuse tensors that would take more than `limit` bytes once copied, however small their storage is."""
    total = 0
    waiting: list[Any] = [held]
    seen: set[int] = set()
    while waiting:
        value = waiting.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, Mapping):
            waiting += value.values()
        elif isinstance(value, list | tuple | set):
            waiting += value
        elif hasattr(value, "numel") and hasattr(value, "element_size"):
            total += value.numel() * value.element_size()
    if total > limit:
        raise ArtifactError(f"tensors of {total:,} bytes in all; at most {limit:,} are loaded")
