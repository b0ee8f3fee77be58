"""NumPy files (`.npy`, `.npz`) of a submission: what arrays they hold, and their values within limits.

Pickled objects are never loaded: an array of objects is reported and left alone. Sizes are taken from the headers
before any data is read, so that a small archive cannot unpack into a large array.
"""

from __future__ import annotations

import io
import math
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any, TypeAlias

from rules.submission import FileEntry

FILE_LIMIT = 64_000_000
ARRAY_LIMIT = 64_000_000  # bytes of one array once read
MEMBERS_LIMIT = 256
_HEADER_LIMIT = 10_000
_ZIP_MAGIC = b"PK\x03\x04"

if TYPE_CHECKING:  # NumPy takes a fifth of a second to import, and few submissions ship arrays
    import numpy as np

Array: TypeAlias = "np.ndarray[Any, np.dtype[Any]]"


@dataclass(frozen=True, slots=True)
class ArrayInfo:
    """One array: its name in the archive ("" in a `.npy`), its shape, its type as NumPy writes it, its bytes."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    nbytes: int


@dataclass(frozen=True, slots=True)
class ArrayFile:
    """What a file holds. `damage` says what could not be read, "" where all could."""

    arrays: tuple[ArrayInfo, ...] = ()
    damage: str = ""
    _load: Callable[[str], Array | None] = field(default=lambda _: None, repr=False, compare=False)

    def load(self, name: str) -> Array | None:
        """The values of an array, None where it is too large, holds objects or is damaged."""
        return self._load(name)


def read_arrays(entry: FileEntry) -> ArrayFile:
    """Read the headers of a file of the submission. Never raises: see `damage`."""
    try:
        data = entry.read(FILE_LIMIT)
    except KeyError:
        return ArrayFile(damage="the repository lacks this object")
    except ValueError:
        return ArrayFile(damage=f"more than {FILE_LIMIT:,} bytes")
    return parse_arrays(data)


def parse_arrays(data: bytes) -> ArrayFile:
    """Read the headers of `.npy` or `.npz` bytes. Never raises: see `damage`."""
    if not data.startswith(_ZIP_MAGIC):
        return _single(data)
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
        members = [info for info in archive.infolist() if info.filename.endswith(".npy")]
    except Exception as error:  # zipfile, zlib, lzma and NumPy raise many kinds on damaged input
        return ArrayFile(damage=_reason(error))
    damage = f"more than {MEMBERS_LIMIT} arrays" if len(members) > MEMBERS_LIMIT else ""
    found: dict[str, ArrayInfo] = {}
    for member in members[:MEMBERS_LIMIT]:
        name = member.filename.removesuffix(".npy")
        try:
            with archive.open(member) as stream:
                found[name] = _header(stream, name)
        except Exception as error:
            damage = damage or f"{name}: {_reason(error)}"

    def load(name: str) -> Array | None:
        info = found.get(name)
        if info is None or info.nbytes > ARRAY_LIMIT:
            return None
        try:
            with archive.open(f"{name}.npy") as stream:
                return _values(stream.read(info.nbytes + _HEADER_LIMIT))
        except Exception:
            return None

    return ArrayFile(tuple(found.values()), damage, load)


def _single(data: bytes) -> ArrayFile:
    try:
        info = _header(io.BytesIO(data), "")
    except Exception as error:
        return ArrayFile(damage=_reason(error))

    def load(name: str) -> Array | None:
        if name or info.nbytes > ARRAY_LIMIT:
            return None
        try:
            return _values(data)
        except Exception:
            return None

    return ArrayFile((info,), "", load)


def _header(stream: IO[bytes], name: str) -> ArrayInfo:
    """Read a header only. Raises what NumPy raises."""
    head = io.BytesIO(stream.read(_HEADER_LIMIT))
    from numpy.lib import format as npy

    version = npy.read_magic(head)
    read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    shape, _, dtype = read(head, max_header_size=_HEADER_LIMIT)
    if dtype.hasobject:
        raise ValueError("an array of Python objects, which is not loaded")
    if any(length < 0 for length in shape):
        raise ValueError("an array with a negative length")
    return ArrayInfo(name, tuple(shape), dtype.str, math.prod(shape) * dtype.itemsize)


def _values(data: bytes) -> Array:
    import numpy as np

    loaded: Array = np.load(io.BytesIO(data), allow_pickle=False, max_header_size=_HEADER_LIMIT)
    return loaded


def _reason(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"[:200]
