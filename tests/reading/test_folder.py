"""Folders on disk and files in memory as the values that a repository gives."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from rules.reading import folder
from rules.reading.folder import list_folder, memory_files, read_folder_files
from rules.submission import ProblemKind


def test_files_are_found_recursively_with_gits_blob_ids(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "run.py").write_bytes(b"hello\n")
    (tmp_path / "a.txt").write_bytes(b"")
    files = read_folder_files(tmp_path, prefix="tracks/mine")
    assert [(f.path, f.size) for f in files] == [("tracks/mine/a.txt", 0), ("tracks/mine/sub/run.py", 6)]
    assert files[1].content_id == "ce013625030ba8dba906f756967f9e9ca394464a"
    assert files[0].content_id == "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"


def test_paths_begin_at_the_folder_where_no_prefix_is_given(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"1")
    assert [f.path for f in read_folder_files(tmp_path)] == ["a.txt"]


def test_content_is_read_up_to_a_limit(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"12345")
    [entry] = read_folder_files(tmp_path)
    assert entry.read(5) == b"12345"
    with pytest.raises(ValueError, match="4 bytes"):
        entry.read(4)


def test_a_file_that_has_gone_since_is_a_missing_one(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"1")
    [entry] = read_folder_files(tmp_path)
    (tmp_path / "a.txt").unlink()
    with pytest.raises(KeyError):
        entry.read(5)


def test_links_are_listed_and_never_followed(tmp_path: Path) -> None:
    outside = tmp_path / "secret.txt"
    outside.write_text("secret")
    inside = tmp_path / "folder"
    inside.mkdir()
    (inside / "link").symlink_to(outside)
    (inside / "loop").symlink_to(inside, target_is_directory=True)
    files = read_folder_files(inside)
    assert [(f.path, oct(f.mode)) for f in files] == [("link", "0o120000"), ("loop", "0o120000")]
    assert files[0].read(1000) == os.fsencode(outside)


def test_a_file_replaced_by_a_link_after_listing_is_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "a.txt"
    victim.write_text("mine")
    [entry] = read_folder_files(tmp_path)
    (tmp_path / "b.txt").write_text("secret")
    victim.unlink()
    victim.symlink_to(tmp_path / "b.txt")
    with pytest.raises(KeyError):
        entry.read(100)


def test_pipes_and_the_git_folder_are_left_out(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "config").write_text("x")
    assert read_folder_files(tmp_path) == ()


def test_a_folder_that_is_not_there_is_a_problem(tmp_path: Path) -> None:
    listing = list_folder(tmp_path / "nowhere")
    assert [p.kind for p in listing.problems] == [ProblemKind.MISSING_OBJECT]


def test_too_many_files_and_too_deep_folders_are_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder, "MAX_FILES", 3)
    monkeypatch.setattr(folder, "MAX_DEPTH", 1)
    for number in range(5):
        (tmp_path / f"{number}.txt").write_text("x")
    listing = list_folder(tmp_path)
    assert ([f.path for f in listing.files], [p.kind for p in listing.problems]) == (
        ["0.txt", "1.txt", "2.txt"],
        [ProblemKind.LIMIT],
    )
    deep = tmp_path / "a" / "b" / "c"
    deep.mkdir(parents=True)
    assert [p.location.path for p in list_folder(tmp_path / "a").problems] == ["b/c"]


def test_memory_files_have_the_ids_of_git() -> None:
    [entry] = memory_files({"f/a.txt": b"hello\n"})
    assert (entry.content_id, entry.path, entry.size) == ("ce013625030ba8dba906f756967f9e9ca394464a", "f/a.txt", 6)
    with pytest.raises(ValueError, match="bytes that are read"):
        entry.read(3)
