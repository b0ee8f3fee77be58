"""Methods of open files, paths and archives, on the files in memory."""

from __future__ import annotations

import ast
import posixpath
from collections.abc import Mapping
from pathlib import PurePosixPath

from rules.reading.source.opening import Opening, argument
from rules.reading.source.values import UNKNOWN, Archive, Handle, Value

_LINES_LIMIT = 1_000_000  # characters of a file that is read line by line
_ASKING = frozenset({"exists", "is_file", "is_dir", "stat", "unlink", "mkdir", "touch", "chmod", "glob", "iterdir"})


class Handles(Opening):
    """Adds `method_of_file` to the statements with files."""

    def method_of_file(
        self, owner: Value, name: str, args: list[Value], kw: Mapping[str, Value], node: ast.Call
    ) -> Value:
        """A method of an open file, a path or an archive; NotImplemented for others."""
        if isinstance(owner, Handle):
            return self._handle_method(owner, name, args)
        if isinstance(owner, Archive):
            return self._archive_method(owner, name, args, kw)
        if isinstance(owner, PurePosixPath):
            return self._path_method(owner, name, args, kw, node)
        return NotImplemented

    def _handle_method(self, owner: Handle, name: str, args: list[Value]) -> Value:
        if name == "write":
            return self.write(owner, args[0])
        if not isinstance(owner.content, (str, bytes)):
            return UNKNOWN
        if name == "read":
            wanted = args[0] if args and isinstance(args[0], int) and args[0] >= 0 else len(owner.content)
            start, owner.position = owner.position, min(owner.position + wanted, len(owner.content))
            whole = start == 0 and owner.position == len(owner.content)
            return owner.content if whole else self._part(owner, start, owner.position)
        if name in ("getvalue", "getbuffer"):
            return owner.content
        if name == "readlines":
            return owner.content.splitlines(True) if len(owner.content) < _LINES_LIMIT else UNKNOWN
        if name == "readline":
            content: Value = owner.content
            found = content.find("\n" if isinstance(content, str) else b"\n", owner.position)
            start, owner.position = owner.position, len(owner.content) if found < 0 else found + 1
            return self._part(owner, start, owner.position)
        if name == "seek":
            base = (0, owner.position, len(owner.content))[args[1] if len(args) > 1 else 0]
            owner.position = max(base + args[0], 0)
        return owner if name == "__enter__" else None

    def _part(self, owner: Handle, start: int, end: int) -> Value:
        self.budget.spend(max(end - start, 0))
        return self.derived(owner.content[start:end], owner.content)

    def _archive_method(self, owner: Archive, name: str, args: list[Value], keywords: Mapping[str, Value]) -> Value:
        if name in ("namelist", "getnames", "getmembers", "infolist"):
            return list(owner.members)
        if name == "read":
            return owner.members[args[0]]
        if name in ("open", "extractfile"):
            return Handle("", False, owner.members[args[0]])
        if name == "extractall":
            folder = argument(args, keywords, 0, "path", ".")
            for member, content in owner.members.items():
                self.files.write(posixpath.join(str(folder), member), content)
        if name == "extract":
            folder = argument(args, keywords, 1, "path", ".")
            self.files.write(posixpath.join(str(folder), args[0]), owner.members[args[0]])
        return None

    def _path_method(
        self, owner: PurePosixPath, name: str, args: list[Value], keywords: Mapping[str, Value], node: ast.Call
    ) -> Value:
        if name == "read_bytes":
            return self.shipped(owner, self.files.bytes_of(owner), node)
        if name == "read_text":
            encoding = argument(args, keywords, 0, "encoding")
            content = self.files.text_of(owner, encoding if isinstance(encoding, str) else None)
            return self.shipped(owner, content, node)
        if name in ("write_text", "write_bytes"):
            self.files.write(owner, args[0])
            return None
        if name == "open":
            return self.handle(owner, argument(args, keywords, 0, "mode", "r"), None, node)
        if name in ("rename", "replace"):
            self.files.write(args[0], self.files.bytes_of(owner))
            return args[0]
        return UNKNOWN if name in _ASKING else NotImplemented
