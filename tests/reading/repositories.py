"""Small git repositories for tests, written object by object so that strange ones can be made too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pygit2
from pygit2.enums import ObjectType

BLOB, EXECUTABLE, LINK, TREE, GITLINK = 0o100644, 0o100755, 0o120000, 0o040000, 0o160000
Tree = Mapping[Any, Any]  # names, as text or bytes → see Builder


class Builder:
    """Writes commits into a bare repository. A tree maps names to text, bytes, trees or (mode, object id)."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)
        self.repository = pygit2.init_repository(self.path, bare=True, initial_head="main")
        self._clock = 1_700_000_000

    def blob(self, data: bytes) -> str:
        return str(self.repository.create_blob(data))

    def tree(self, entries: Tree) -> str:
        raw = []
        for name, value in entries.items():
            mode, object_id = self._entry(value)
            encoded = name.encode() if isinstance(name, str) else name
            key = encoded + (b"/" if mode == TREE else b"")
            raw.append((key, b"%o %s\x00" % (mode, encoded) + bytes.fromhex(object_id)))
        return self.raw_tree(b"".join(line for _, line in sorted(raw)))

    def raw_tree(self, data: bytes) -> str:
        return str(self.repository.odb.write(ObjectType.TREE, data))

    def _entry(self, value: bytes | str | Tree | tuple[int, str]) -> tuple[int, str]:
        if isinstance(value, tuple):
            return value
        if isinstance(value, Mapping):
            return TREE, self.tree(value)
        return BLOB, self.blob(value.encode() if isinstance(value, str) else value)

    def commit(
        self,
        tree: str | Tree,
        parents: Sequence[str] = (),
        message: str = "Change",
        author: str = "Ada",
        branch: str = "",
    ) -> str:
        """Write a commit one minute after the one before; `branch` is a full reference name that moves to it."""
        self._clock += 60
        tree_id = tree if isinstance(tree, str) else self.tree(tree)
        lines = [f"tree {tree_id}", *(f"parent {parent}" for parent in parents)]
        lines += [f"{role} {author} <a@example.org> {self._clock} +0000" for role in ("author", "committer")]
        sha = str(self.repository.odb.write(ObjectType.COMMIT, ("\n".join(lines) + f"\n\n{message}").encode()))
        if branch:
            self.refer(branch, sha)
        return sha

    def refer(self, name: str, sha: str) -> None:
        self.repository.create_reference_direct(name, pygit2.Oid(hex=sha), force=True)

    def pull(self, number: int, sha: str) -> None:
        self.refer(f"refs/pull/{number}/head", sha)
