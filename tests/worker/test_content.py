from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pygit2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.content import ContentStore, blob_id

DATA = b"step(1)\n"
ID = str(pygit2.hash(DATA))


@pytest.fixture
def store(tmp_path: Path) -> ContentStore:
    return ContentStore(tmp_path / "contents")


@given(st.binary(max_size=300))
def test_id_is_gits(data: bytes) -> None:
    assert blob_id(data, "0" * 40) == str(pygit2.hash(data))


def test_content_is_kept_under_its_id(store: ContentStore, tmp_path: Path) -> None:
    assert not store.has(ID)
    store.put(ID, DATA)
    assert store.has(ID)
    assert store.size(ID) == len(DATA)
    assert store.read(ID, 100) == DATA
    assert (tmp_path / "contents" / ID[:2] / ID[2:]).read_bytes() == DATA


def test_empty_content_is_a_content(store: ContentStore) -> None:
    empty = str(pygit2.hash(b""))
    store.put(empty, b"")
    assert (store.has(empty), store.size(empty), store.read(empty, 0)) == (True, 0, b"")


def test_content_of_a_sha256_repository_is_kept_too(store: ContentStore) -> None:
    long = hashlib.sha256(b"blob %d\x00%s" % (len(DATA), DATA)).hexdigest()
    store.put(long, DATA)
    assert store.read(long, 100) == DATA


def test_content_that_does_not_fit_its_id_is_refused(store: ContentStore) -> None:
    with pytest.raises(ValueError, match="does not hash"):
        store.put(ID, b"something else")
    assert not store.has(ID)


def test_larger_content_than_asked_for_is_not_read(store: ContentStore) -> None:
    store.put(ID, DATA)
    with pytest.raises(ValueError, match="8 bytes, more than the 7"):
        store.read(ID, 7)


def test_missing_content_is_a_key_error(store: ContentStore) -> None:
    assert store.size(ID) is None
    with pytest.raises(KeyError):
        store.read(ID, 100)


@pytest.mark.parametrize("name", ["", "..", "../../etc/passwd", "a/b", ID[:39], ID.upper(), f"{ID}\n", "g" * 40])
def test_name_that_is_no_id_is_nowhere(store: ContentStore, tmp_path: Path, name: str) -> None:
    assert not store.has(name)
    with pytest.raises(KeyError):
        store.read(name, 100)
    with pytest.raises(ValueError, match="does not hash"):
        store.put(name, DATA)
    assert not list(tmp_path.rglob("*"))


def test_damaged_content_is_taken_away_so_that_it_is_fetched_again(store: ContentStore, tmp_path: Path) -> None:
    store.put(ID, DATA)
    (tmp_path / "contents" / ID[:2] / ID[2:]).write_bytes(b"")
    with pytest.raises(KeyError):
        store.read(ID, 100)
    store.put(ID, DATA)
    assert store.read(ID, 100) == DATA


def test_failed_write_leaves_nothing(store: ContentStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space"):
        store.put(ID, DATA)
    assert not store.has(ID)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_many_writers_of_one_content_leave_one_file(store: ContentStore, tmp_path: Path) -> None:
    data = bytes(1_000_000)
    name = str(pygit2.hash(data))
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: store.put(name, data), range(16)))
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == [name[2:]]
    assert store.read(name, 2_000_000) == data
