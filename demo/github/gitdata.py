"""What a bare repository holds, read with pygit2; and small commits, written for pushes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from pathlib import Path

import pygit2
from pygit2.enums import DeltaStatus, FileMode, ObjectType, SortMode

NONE = "0" * 40
"""The hash that stands for no commit."""

MOST_FILES, MOST_COMMITS = 3_000, 250
MOST_PATCH = 200_000
"""Characters of a file's patch; GitHub leaves out larger ones."""

GitObject = pygit2.Commit | pygit2.Tree | pygit2.Tag | pygit2.Blob

_STATUS = {
    DeltaStatus.ADDED: "added",
    DeltaStatus.DELETED: "removed",
    DeltaStatus.RENAMED: "renamed",
    DeltaStatus.COPIED: "copied",
    DeltaStatus.TYPECHANGE: "changed",
}


@dataclass(frozen=True, slots=True)
class Change:
    """A path that a pull request changes. `patch` None: binary, or too large to show."""

    path: str
    status: str
    sha: str
    additions: int
    deletions: int
    patch: str | None
    previous: str | None


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of a tree. `size` in bytes for blobs."""

    path: str
    mode: int
    kind: str
    sha: str
    size: int | None


@lru_cache(maxsize=64)
def opened(path: Path) -> pygit2.Repository:
    """The repository at a path. Used by one thread at a time, below the state's lock."""
    return pygit2.Repository(str(path))


def commit_at(path: Path, name: str) -> pygit2.Commit | None:
    """The commit that a full hash, branch or reference names."""
    repository = opened(path)
    for candidate in (name, f"refs/heads/{name}", f"refs/tags/{name}", f"refs/{name}"):
        found = _named(repository, candidate)
        if found is not None:
            try:
                return found.peel(pygit2.Commit)
            except pygit2.InvalidSpecError:
                return None
    return None


def object_at(path: Path, sha: str) -> GitObject | None:
    """The object with this hash."""
    return _named(opened(path), sha)


def _named(repository: pygit2.Repository, name: str) -> GitObject | None:
    try:
        is_hash = len(name) == 40 and not name.strip("0123456789abcdef")
        found = repository[name] if is_hash else repository.lookup_reference(name).peel()
        return found if isinstance(found, GitObject) else None
    except (KeyError, ValueError):
        return None


@lru_cache(maxsize=256)
def changes(path: Path, base_sha: str, head_sha: str) -> tuple[Change, ...]:
    """What the head changed since it left the base, with renames found; at most 3,000 paths."""
    repository = opened(path)
    start = repository.merge_base(base_sha, head_sha)
    head = repository[head_sha].peel(pygit2.Tree)
    before = None if start is None else repository[start].peel(pygit2.Tree)
    diff = head.diff_to_tree(swap=True) if before is None else before.diff_to_tree(head)
    try:
        diff.find_similar()
        return tuple(_change(patch) for patch, _ in zip(_patches(diff), range(MOST_FILES), strict=False))
    except KeyError:  # a partial clone lacks some of the blobs
        return tuple(_named_change(delta) for delta, _ in zip(diff.deltas, range(MOST_FILES), strict=False))


def _patches(diff: pygit2.Diff) -> Iterator[pygit2.Patch]:
    for patch in diff:
        if patch is not None:
            yield patch


def _change(patch: pygit2.Patch) -> Change:
    _, additions, deletions = patch.line_stats
    return replace(_named_change(patch.delta), additions=additions, deletions=deletions, patch=_hunks(patch))


def _named_change(delta: pygit2.DiffDelta) -> Change:
    """A change without its lines."""
    kept = delta.old_file if delta.status == DeltaStatus.DELETED else delta.new_file
    status = _STATUS.get(delta.status, "modified")
    previous = delta.old_file.path if status in ("renamed", "copied") else None
    return Change(kept.path, status, str(kept.id), 0, 0, None, previous)


def _hunks(patch: pygit2.Patch) -> str | None:
    """The patch without its header, or None where GitHub shows none."""
    if patch.delta.is_binary or not patch.hunks:
        return None
    if sum(hunk.old_lines + hunk.new_lines for hunk in patch.hunks) > MOST_PATCH // 10:
        return None
    text = patch.data.decode("utf-8", "replace")
    start = text.find("\n@@ ")
    return None if start < 0 or len(text) > MOST_PATCH else text[start + 1 :].rstrip("\n")


def commits_between(path: Path, base_sha: str, head_sha: str) -> list[pygit2.Commit]:
    """The commits that the head has and the base has not, oldest first; at most 250."""
    walker = opened(path).walk(head_sha, SortMode.TOPOLOGICAL | SortMode.REVERSE)
    if base_sha != NONE:
        walker.hide(base_sha)
    return [commit for commit, _ in zip(walker, range(MOST_COMMITS), strict=False)]


def before_merge(path: Path, tip: pygit2.Commit, head_sha: str) -> pygit2.Commit:
    """The newest commit of a branch's own line that does not hold the head: its tip, unless the head was merged."""
    repository, commit = opened(path), tip
    while commit.parents and (str(commit.id) == head_sha or repository.descendant_of(commit.id, head_sha)):
        commit = commit.parents[0]
    return commit


def history(path: Path, start: str, limit: int = 1_000) -> list[pygit2.Commit]:
    """A commit and those before it, newest first."""
    walker = opened(path).walk(start, SortMode.TIME)
    return [commit for commit, _ in zip(walker, range(limit), strict=False)]


def entries(path: Path, tree: pygit2.Tree, *, recursive: bool, prefix: str = "") -> Iterator[Entry]:
    """The entries of a tree, those of folders within following them."""
    repository = opened(path)
    for item in tree:
        mode, sha, name = int(item.filemode), str(item.id), f"{prefix}{item.name}"
        if mode == FileMode.COMMIT:
            yield Entry(name, mode, "commit", sha, None)
        elif mode == FileMode.TREE:
            yield Entry(name, mode, "tree", sha, None)
            if recursive:
                inner = repository[item.id]
                assert isinstance(inner, pygit2.Tree)  # its mode says so
                yield from entries(path, inner, recursive=True, prefix=f"{name}/")
        else:
            yield Entry(name, mode, "blob", sha, size_of(path, sha))


@lru_cache(maxsize=100_000)
def size_of(path: Path, sha: str) -> int:
    """The size of a blob in bytes; 0 where a partial clone lacks it."""
    blob = object_at(path, sha)
    return blob.size if isinstance(blob, pygit2.Blob) else 0


def content(path: Path, sha: str) -> bytes:
    """The bytes of a blob."""
    blob = opened(path)[sha]
    assert isinstance(blob, pygit2.Blob)  # only asked of blobs
    return blob.data


def at_path(commit: pygit2.Commit, path: str) -> GitObject | None:
    """What stands at a path of a commit; the empty path is its tree."""
    if not path:
        return commit.tree
    try:
        return commit.tree[path]
    except (KeyError, ValueError):
        return None


def write_commit(
    path: Path,
    files: Mapping[str, bytes | None],
    *,
    parent: str | None,
    author: str,
    when: datetime,
    message: str = "Change files\n",
) -> str:
    """A commit on top of a parent with these files replaced (None: removed); its hash. No reference is moved."""
    repository = opened(path)
    index = pygit2.Index()
    if parent is not None:
        index.read_tree(repository[parent].peel(pygit2.Tree))
    for name, content in files.items():
        if content is None:
            index.remove(name)
        else:
            index.add(pygit2.IndexEntry(name, repository.create_blob(content), FileMode.BLOB))
    signature = pygit2.Signature(author, f"{author}@example.org", int(when.timestamp()), 0)
    tree, parents = index.write_tree(repository), [] if parent is None else [pygit2.Oid(hex=parent)]
    return str(repository.create_commit(None, signature, signature, message, tree, parents))


def point(path: Path, reference: str, sha: str) -> None:
    """Let a reference name a commit. Nothing is written where it does already."""
    references, target = opened(path).references, pygit2.Oid(hex=sha)
    known = references.get(reference)
    if known is None or known.target != target:
        references.create(reference, target, force=True)


def is_commit(path: Path, sha: str) -> bool:
    """Whether there is a commit with this hash."""
    found = object_at(path, sha)
    return found is not None and found.type == ObjectType.COMMIT
