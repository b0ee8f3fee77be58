"""A folder on disk, or files in memory, as the same values that a git repository gives."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

from rules.reading.paths import Listing, printable
from rules.reading.trees import MAX_DEPTH, MAX_FILES
from rules.rule import Location
from rules.submission import FileEntry, Problem, ProblemKind

MAX_HASHED_BYTES = 512_000_000
_CHUNK = 1 << 20
_REGULAR, _EXECUTABLE, _LINK = 0o100644, 0o100755, 0o120000
_SKIPPED = frozenset({".git"})


def read_folder_files(root: Path, prefix: str = "") -> tuple[FileEntry, ...]:
    """All files below `root`, sorted by path: `list_folder` without its problems."""
    return list_folder(root, prefix).files


def list_folder(root: Path, prefix: str = "") -> Listing:
    """All files below `root`, sorted by path; `prefix` is the folder that their paths begin with.

    Symbolic links are listed and never followed, `.git` is left out, and so is what is neither file, link nor folder.
    """
    files: list[FileEntry] = []
    problems: list[Problem] = []
    top = f"{prefix}/" if prefix else ""
    for path, name, status in _walk(os.fsencode(root), top, 0, problems):
        if len(files) == MAX_FILES:
            detail = f"more than {MAX_FILES:,} files; the rest was not looked at"
            problems.append(Problem(ProblemKind.LIMIT, Location(name), detail))
            break
        files.append(_entry(path, name, status))
    return Listing(tuple(sorted(files, key=lambda file: file.path)), tuple(problems))


def memory_files(files: Mapping[str, bytes]) -> tuple[FileEntry, ...]:
    """Files given as path → content, sorted by path."""
    return tuple(
        FileEntry(path, _REGULAR, len(data), blob_id(data), partial(_from_memory, data))
        for path, data in sorted(files.items())
    )


def blob_id(data: bytes) -> str:
    """The object id that git gives to this content."""
    return hashlib.sha1(b"blob %d\x00" % len(data) + data, usedforsecurity=False).hexdigest()


def _walk(
    folder: bytes, prefix: str, depth: int, problems: list[Problem]
) -> Iterator[tuple[bytes, str, os.stat_result]]:
    """Path, printable name and status of everything below `folder` that is no folder."""
    try:
        with os.scandir(folder) as entries:
            found = sorted((entry.name, entry.path, entry.stat(follow_symlinks=False)) for entry in entries)
    except OSError as error:
        detail = f"the folder cannot be listed ({error.strerror})"
        problems.append(Problem(ProblemKind.MISSING_OBJECT, Location(prefix.rstrip("/")), detail))
        return
    for raw_name, path, status in found:
        name = prefix + printable(raw_name)
        if not stat.S_ISDIR(status.st_mode):
            if stat.S_ISREG(status.st_mode) or stat.S_ISLNK(status.st_mode):
                yield path, name, status
        elif depth == MAX_DEPTH:
            detail = f"folders are nested more than {MAX_DEPTH} deep; this one was not looked at"
            problems.append(Problem(ProblemKind.LIMIT, Location(name), detail))
        elif os.fsdecode(raw_name) not in _SKIPPED:
            yield from _walk(path, f"{name}/", depth + 1, problems)


def _entry(path: bytes, name: str, status: os.stat_result) -> FileEntry:
    mode = _EXECUTABLE if status.st_mode & stat.S_IXUSR else _REGULAR
    try:
        if stat.S_ISLNK(status.st_mode):
            target = os.fsencode(Path(os.fsdecode(path)).readlink())
            return FileEntry(name, _LINK, len(target), blob_id(target), partial(_from_memory, target))
        content_id = _hash_file(path, status.st_size)
    except OSError:
        return FileEntry(name, mode, None, "", partial(_from_disk, path))
    return FileEntry(name, mode, status.st_size, content_id, partial(_from_disk, path))


def _hash_file(path: bytes, size: int) -> str:
    """The blob id of a file, "" above `MAX_HASHED_BYTES`: such a file is in no pull request."""
    if size > MAX_HASHED_BYTES:
        return ""
    digest = hashlib.sha1(b"blob %d\x00" % size, usedforsecurity=False)
    with os.fdopen(_open(path), "rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _open(path: bytes) -> int:
    """Open a file that may have been replaced by a link or a pipe since it was listed. Raises OSError."""
    return os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)


def _from_disk(path: bytes, limit: int) -> bytes:
    try:
        with os.fdopen(_open(path), "rb") as stream:
            data = stream.read(limit + 1)
    except OSError as error:
        raise KeyError(os.fsdecode(path)) from error
    return _from_memory(data, limit)


def _from_memory(data: bytes, limit: int) -> bytes:
    if len(data) > limit:
        raise ValueError(f"more than the {limit:,} bytes that are read")
    return data
