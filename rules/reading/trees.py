"""Git's tree objects: listing one, and comparing two, within limits.

Trees are read and compared here instead of by libgit2's diff because a hostile repository can hold a tree that
expands to billions of files; the walk below stops at a limit and reports it. Identical subtrees are never entered.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from rules.reading.paths import printable
from rules.rule import Location
from rules.submission import BaseKind, ChangedFile, Problem, ProblemKind, Status

TREE_MODE = 0o040000
MAX_FILES = 20_000
MAX_DEPTH = 64
_MAX_CACHED_BYTES = 32_000_000
_ENTRY = re.compile(rb"([0-7]{5,6}) ([^\x00]+)\x00(.{20})", re.DOTALL)

ReadTree = Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True)
class Change:
    """What a pull request does to files: `base` tells against what, `base_sha` is None where there is no base.

    `existing` holds the folders that were there before and in which something changed.
    """

    base: BaseKind
    base_sha: str | None
    files: tuple[ChangedFile, ...]
    problems: tuple[Problem, ...] = ()
    existing: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class TreeEntry:
    """One name in a tree: its mode and the raw 20-byte object id."""

    mode: int
    object_id: bytes

    @property
    def is_tree(self) -> bool:
        """Whether the name is a folder."""
        return self.mode == TREE_MODE


@dataclass(slots=True)
class _Walk:
    """How much one walk may still visit, and what stood in its way."""

    left: int = MAX_FILES
    problems: list[Problem] = field(default_factory=list)
    existing: set[str] = field(default_factory=set)

    def spend(self, path: str) -> bool:
        """Count one file or folder; False when the limit is reached, which is reported once."""
        self.left -= 1
        if self.left == -1:
            detail = f"more than {MAX_FILES:,} files and folders; the rest was not looked at"
            self.problems.append(Problem(ProblemKind.LIMIT, Location(path), detail))
        return self.left >= 0

    def too_deep(self, path: str) -> None:
        """Report a folder that is not entered."""
        detail = f"folders are nested more than {MAX_DEPTH} deep; this one was not looked at"
        self.problems.append(Problem(ProblemKind.LIMIT, Location(path), detail))


class Trees:
    """Reads trees through `read_tree` and remembers them.

    `read_tree` takes a raw object id and returns the raw tree; it raises KeyError where the repository lacks it and
    ValueError where it is too large.
    """

    def __init__(self, read_tree: ReadTree) -> None:
        self._read_tree = read_tree
        self._cache: dict[bytes, dict[bytes, TreeEntry]] = {}
        self._cached_bytes = 0

    def entries(self, tree_id: bytes) -> dict[bytes, TreeEntry]:
        """Names in a tree, in git's order. Raises what `read_tree` raises."""
        cached = self._cache.get(tree_id)
        if cached is None:
            raw = self._read_tree(tree_id)
            cached = {name: TreeEntry(int(mode, 8), object_id) for mode, name, object_id in _ENTRY.findall(raw)}
            self._remember(tree_id, cached, len(raw))
        return cached

    def _remember(self, tree_id: bytes, entries: dict[bytes, TreeEntry], size: int) -> None:
        self._cached_bytes += size
        if self._cached_bytes > _MAX_CACHED_BYTES:
            self._cache.clear()
            self._cached_bytes = size
        self._cache[tree_id] = entries

    def find(self, tree_id: bytes, folder: str) -> bytes | None:
        """The id of the tree at `folder` ("" is the top), None where there is no such folder."""
        for part in folder.split("/") if folder else ():
            entry = next((e for n, e in self.entries(tree_id).items() if e.is_tree and printable(n) == part), None)
            if entry is None:
                return None
            tree_id = entry.object_id
        return tree_id

    def compare(self, kind: BaseKind, base_sha: str | None, base: bytes | None, head: bytes) -> Change:
        """What the tree `head` changes in `base` (None: in nothing): files sorted by path, renames not looked for."""
        walk = _Walk()
        files = sorted(self._differences(base, head, "", 0, walk), key=lambda file: file.path)
        return Change(kind, base_sha, tuple(files), tuple(walk.problems), frozenset(walk.existing))

    def list(self, tree_id: bytes, folder: str) -> tuple[list[ChangedFile], list[Problem]]:
        """All files below a tree, each as added; `folder` is what their paths begin with."""
        walk = _Walk()
        prefix = f"{folder}/" if folder else ""
        files = list(self._differences(None, tree_id, prefix, 0, walk))
        return sorted(files, key=lambda file: file.path), walk.problems

    def _differences(
        self, base: bytes | None, head: bytes | None, prefix: str, depth: int, walk: _Walk
    ) -> Iterator[ChangedFile]:
        if depth > MAX_DEPTH:
            walk.too_deep(prefix.rstrip("/"))
            return
        before, after = self._known(base, prefix, walk), self._known(head, prefix, walk)
        if before is None or after is None:
            return  # one side is unknown: claiming that everything is new or gone would be a guess
        if base is not None:
            walk.existing.add(prefix.rstrip("/"))
        for name in sorted(before.keys() | after.keys()):
            old, new = before.get(name), after.get(name)
            if old == new:
                continue
            if walk.left < 0:
                return
            yield from self._entry(old, new, prefix + printable(name), depth, walk)

    def _entry(
        self, old: TreeEntry | None, new: TreeEntry | None, path: str, depth: int, walk: _Walk
    ) -> Iterator[ChangedFile]:
        old_tree = old.object_id if old is not None and old.is_tree else None
        new_tree = new.object_id if new is not None and new.is_tree else None
        old_file = None if old_tree is not None else old
        new_file = None if new_tree is not None else new
        kept, status = _file_change(old_file, new_file)
        if kept is not None and walk.spend(path):
            yield ChangedFile(path, status, kept.mode, kept.object_id.hex() if status is not Status.DELETED else "")
        if (old_tree is not None or new_tree is not None) and walk.spend(path):
            yield from self._differences(old_tree, new_tree, f"{path}/", depth + 1, walk)

    def _known(self, tree_id: bytes | None, prefix: str, walk: _Walk) -> dict[bytes, TreeEntry] | None:
        if tree_id is None:
            return {}
        try:
            return self.entries(tree_id)
        except KeyError:
            detail = f"tree {tree_id.hex()[:12]} is not in the repository; fetch it again"
            walk.problems.append(Problem(ProblemKind.MISSING_OBJECT, Location(prefix.rstrip("/")), detail))
        except ValueError as error:
            walk.problems.append(Problem(ProblemKind.LIMIT, Location(prefix.rstrip("/")), str(error)))
        return None


def _file_change(old: TreeEntry | None, new: TreeEntry | None) -> tuple[TreeEntry | None, Status]:
    if new is None:
        return old, Status.DELETED
    return new, Status.ADDED if old is None else Status.MODIFIED
