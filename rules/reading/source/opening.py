"""What launchers do with paths, files and archives, on the files in memory."""

from __future__ import annotations

import ast
import posixpath
from collections.abc import Callable, Mapping
from pathlib import PurePosixPath

from rules.reading.source.archives import tar_members, zip_members
from rules.reading.source.files import VirtualFiles
from rules.reading.source.functions import PURE
from rules.reading.source.statements import Statements
from rules.reading.source.values import TEMPORARY, UNKNOWN, Archive, Budget, Handle, Origin, Symbol, Value

_PATHS: Mapping[str, Callable[..., Value]] = {
    "join": posixpath.join,
    "dirname": posixpath.dirname,
    "basename": posixpath.basename,
    "abspath": posixpath.normpath,
    "realpath": posixpath.normpath,
    "normpath": posixpath.normpath,
    "expanduser": lambda path: path,
    "splitext": posixpath.splitext,
    "split": posixpath.split,
    "fspath": lambda path: path,
}
_PACKED_OPENERS = {"gzip.open": "gzip", "gzip.GzipFile": "gzip", "lzma.open": "lzma", "lzma.LZMAFile": "lzma"}
_PACKED_OPENERS |= {"bz2.open": "bz2", "bz2.BZ2File": "bz2", "zstandard.open": "zstandard"}


def argument(
    args: list[Value], keywords: Mapping[str, Value], position: int, name: str, default: Value = None
) -> Value:
    """An argument given by position or by name."""
    return args[position] if position < len(args) else keywords.get(name, default)


class Opening(Statements):
    """Statements with files. `opened` returns NotImplemented for a call that is not about files."""

    def __init__(self, budget: Budget, files: VirtualFiles) -> None:
        super().__init__(budget)
        self.files = files
        self._temporary = 0

    def entered(self, value: Value) -> Value:
        """A temporary folder's path; everything else is itself."""
        return TEMPORARY if isinstance(value, Symbol) and value.name == "tempfile.TemporaryDirectory" else value

    def opened(self, name: str, args: list[Value], keywords: Mapping[str, Value], node: ast.Call) -> Value:
        """The value of a call of the full name `name`; NotImplemented where it is not about files."""
        head, _, tail = name.rpartition(".")
        if head in ("os.path", "posixpath", "os") and tail in _PATHS:
            return _PATHS[tail](*(str(arg) if isinstance(arg, PurePosixPath) else arg for arg in args))
        if name in _PACKED_OPENERS:
            return self._open_packed(_PACKED_OPENERS[name], args, keywords, node)
        method = _OPENERS.get(name)
        return NotImplemented if method is None else method(self, args, keywords, node)

    def _open(self, args: list[Value], keywords: Mapping[str, Value], node: ast.Call) -> Value:
        path, mode = argument(args, keywords, 0, "file"), argument(args, keywords, 1, "mode", "r")
        if isinstance(path, Handle):
            return path
        encoding = argument(args, keywords, 3, "encoding")
        return self.handle(path, mode, encoding if isinstance(encoding, str) else None, node)

    def handle(self, path: Value, mode: Value, encoding: str | None, node: ast.Call) -> Value:
        """An open file."""
        if isinstance(path, PurePosixPath):
            path = str(path)
        if not isinstance(path, str) or not isinstance(mode, str):
            return UNKNOWN
        text = "b" not in mode
        if "w" in mode or "x" in mode:
            self.files.write(path, "" if text else b"")
            return Handle(path, text)
        content = self.files.text_of(path, encoding) if text else self.files.bytes_of(path)
        return Handle(path, text, self.shipped(path, content, node))

    def shipped(self, path: Value, content: Value, node: ast.Call | ast.stmt) -> Value:
        """Note where the content of a shipped file comes from; what was written keeps its own origin."""
        full = self.files.absolute(path)
        if self.origins.of(content) is None and full not in self.files.written:
            self.origins.put(content, Origin(node.lineno, ("self" if full == self.files.own_path else "sibling",)))
        return content

    def _open_packed(self, module: str, args: list[Value], keywords: Mapping[str, Value], node: ast.Call) -> Value:
        source = argument(args, keywords, 0, "filename")
        source = keywords.get("fileobj", source)
        packed = (
            source.content if isinstance(source, Handle) else self.shipped(source, self.files.bytes_of(source), node)
        )
        form, function = PURE[f"{module}.decompress"]
        plain = self.derived(function(self.budget, packed), packed, form=form)
        mode = argument(args, keywords, 1, "mode", "rb")
        if isinstance(mode, str) and "t" in mode:
            plain = self.derived(plain.decode(), plain)
        return Handle("", isinstance(plain, str), plain)

    def _path(self, args: list[Value], _keywords: Mapping[str, Value], _node: ast.Call) -> Value:
        return PurePosixPath(*args)

    def _current_path(self, _args: list[Value], _keywords: Mapping[str, Value], _node: ast.Call) -> Value:
        return PurePosixPath(self.files.folder)

    def _current_folder(self, _args: list[Value], _keywords: Mapping[str, Value], _node: ast.Call) -> Value:
        return self.files.folder

    def _bytes_io(self, args: list[Value], keywords: Mapping[str, Value], _node: ast.Call) -> Value:
        return Handle("", False, argument(args, keywords, 0, "initial_bytes", b""))

    def _string_io(self, args: list[Value], keywords: Mapping[str, Value], _node: ast.Call) -> Value:
        return Handle("", True, argument(args, keywords, 0, "initial_value", ""))

    def _temporary_folder(self, _args: list[Value], _keywords: Mapping[str, Value], _node: ast.Call) -> Value:
        return TEMPORARY

    def _temporary_context(self, _args: list[Value], _kw: Mapping[str, Value], _node: ast.Call) -> Value:
        return Symbol("tempfile.TemporaryDirectory")

    def _temporary_file(self, args: list[Value], keywords: Mapping[str, Value], node: ast.Call) -> Value:
        self._temporary += 1
        suffix = argument(args, keywords, 4, "suffix", "")
        path = f"{TEMPORARY}/{self._temporary}{suffix if isinstance(suffix, str) else ''}"
        return self.handle(path, argument(args, keywords, 0, "mode", "w+b"), None, node)

    def _temporary_pair(self, args: list[Value], keywords: Mapping[str, Value], node: ast.Call) -> Value:
        handle = self._temporary_file([], {"suffix": argument(args, keywords, 0, "suffix", "")}, node)
        return (handle, handle.path)

    def _reopen(self, args: list[Value], _keywords: Mapping[str, Value], _node: ast.Call) -> Value:
        return args[0] if isinstance(args[0], Handle) else UNKNOWN

    def _write_to(self, args: list[Value], _keywords: Mapping[str, Value], _node: ast.Call) -> Value:
        return self.write(args[0], args[1]) if isinstance(args[0], Handle) else UNKNOWN

    def write(self, handle: Handle, content: Value) -> Value:
        """Append to a file opened for writing."""
        before: Value = self.files.bytes_of(handle.path) if handle.path else handle.content
        after: Value = UNKNOWN
        if isinstance(content, (str, bytes)) and type(before) is type(content):
            self.budget.spend(len(before) + len(content))
            after = self.derived(before + content, before, content) if before else content  # type: ignore[operator]
        if handle.path:
            self.files.write(handle.path, after)
        else:
            handle.content = after
        return UNKNOWN

    def _copy(self, args: list[Value], _keywords: Mapping[str, Value], node: ast.Call) -> Value:
        self.files.write(args[1], self.shipped(args[0], self.files.bytes_of(args[0]), node))
        return args[1]

    def _zip(self, args: list[Value], keywords: Mapping[str, Value], node: ast.Call) -> Value:
        packed = self._packed(argument(args, keywords, 0, "file"), node)
        return self._archive(zip_members(packed, self.budget), packed, "zip")

    def _tar(self, args: list[Value], keywords: Mapping[str, Value], node: ast.Call) -> Value:
        packed = self._packed(keywords.get("fileobj", argument(args, keywords, 0, "name")), node)
        return self._archive(tar_members(packed, self.budget), packed, "tar")

    def _packed(self, source: Value, node: ast.Call) -> Value:
        return source.content if isinstance(source, Handle) else self.shipped(source, self.files.bytes_of(source), node)

    def _archive(self, members: Mapping[str, bytes], packed: Value, form: str) -> Archive:
        return Archive({name: self.derived(content, packed, form=form) for name, content in members.items()})


_OPENERS: Mapping[str, Callable[..., Value]] = {
    "builtins.open": Opening._open,
    "io.open": Opening._open,
    "pathlib.Path": Opening._path,
    "pathlib.PosixPath": Opening._path,
    "pathlib.PurePath": Opening._path,
    "pathlib.PurePosixPath": Opening._path,
    "pathlib.Path.cwd": Opening._current_path,
    "os.getcwd": Opening._current_folder,
    "io.BytesIO": Opening._bytes_io,
    "io.StringIO": Opening._string_io,
    "tempfile.mkdtemp": Opening._temporary_folder,
    "tempfile.gettempdir": Opening._temporary_folder,
    "tempfile.TemporaryDirectory": Opening._temporary_context,
    "tempfile.NamedTemporaryFile": Opening._temporary_file,
    "tempfile.mkstemp": Opening._temporary_pair,
    "os.fdopen": Opening._reopen,
    "os.write": Opening._write_to,
    "shutil.copy": Opening._copy,
    "shutil.copyfile": Opening._copy,
    "shutil.move": Opening._copy,
    "os.rename": Opening._copy,
    "os.replace": Opening._copy,
    "zipfile.ZipFile": Opening._zip,
    "tarfile.open": Opening._tar,
}
