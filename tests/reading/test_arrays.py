"""NumPy files: headers first, data within limits, nothing unpickled."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.reading.arrays import ARRAY_LIMIT, parse_arrays, read_arrays
from rules.reading.folder import memory_files


def npy(array: Any) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array, allow_pickle=True)
    return stream.getvalue()


def npz(**arrays: Any) -> bytes:
    stream = io.BytesIO()
    np.savez_compressed(stream, **arrays)
    return stream.getvalue()


def test_an_archive_lists_its_arrays_and_loads_one_by_name() -> None:
    file = parse_arrays(npz(base_bytes=np.arange(4, dtype=np.int16), flags=np.zeros((2, 3), dtype=bool)))
    assert [(a.name, a.shape, a.dtype, a.nbytes) for a in file.arrays] == [
        ("base_bytes", (4,), "<i2", 8),
        ("flags", (2, 3), "|b1", 6),
    ]
    loaded = file.load("base_bytes")
    assert loaded is not None
    assert loaded.tolist() == [0, 1, 2, 3]
    assert file.load("missing") is None
    assert not file.damage


def test_a_single_array_has_no_name() -> None:
    file = parse_arrays(npy(np.ones(3, dtype=np.float32)))
    loaded = file.load("")
    assert file.arrays[0].shape == (3,)
    assert loaded is not None
    assert loaded.sum() == 3


class Loud:
    """Prints when unpickled."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return print, ("unpickled",)


def test_objects_are_reported_and_never_loaded(capsys: pytest.CaptureFixture[str]) -> None:
    objects = np.array([Loud()], dtype=object)
    single, archive = parse_arrays(npy(objects)), parse_arrays(npz(fine=np.zeros(2), objects=objects))
    assert "Python objects" in single.damage
    assert [a.name for a in archive.arrays] == ["fine"]
    assert archive.damage.startswith("objects:")
    assert archive.load("objects") is None
    assert capsys.readouterr().out == ""


def test_an_archive_that_would_unpack_into_a_large_array_is_not_unpacked() -> None:
    header = npy(np.zeros(1, dtype=np.uint8)).replace(b"(1,)", b"(%d,)" % (ARRAY_LIMIT + 1), 1)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb.npy", header)
    file = parse_arrays(stream.getvalue())
    assert file.load("bomb") is None


def test_a_missing_object_is_damage() -> None:
    (entry,) = memory_files({"a.npz": b"PK\x03\x04 cut"})
    assert "BadZipFile" in read_arrays(entry).damage


@given(st.binary(max_size=200), st.integers(0, 400))
def test_no_bytes_make_the_reader_raise(noise: bytes, cut: int) -> None:
    for whole in (npz(a=np.arange(5)), npy(np.arange(5))):
        file = parse_arrays(whole[:cut] + noise)
        file.load("a")
        file.load("")
