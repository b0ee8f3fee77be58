"""The files that a launcher sees: itself, its siblings and what it has written; all in memory.

Paths are those of the repository, laid under an imaginary root, so that `Path(__file__).parent / "x"` means what it
would mean where the launcher runs. A relative path is taken from the launcher's folder.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from pathlib import PurePosixPath

from rules.reading.source.functions import TEXT_ENCODINGS
from rules.reading.source.values import UNKNOWN, Value
from rules.reading.text import decode

ROOT = "/repository"
FILE_LIMIT = 1_000  # files that a launcher may write
_OWN = ("utf_8", "utf8", "utf_8_sig")


class VirtualFiles:
    """Reads and writes by path. A value that is not known may be written; reading it gives UNKNOWN."""

    def __init__(self, path: str, data: bytes, siblings: Mapping[str, bytes]) -> None:
        self.own_path = posixpath.join(ROOT, path)
        self.folder = posixpath.dirname(self.own_path)
        self.written: dict[str, Value] = {}
        self._data = data
        self._siblings = siblings

    def absolute(self, path: Value) -> str | None:
        """The full path, or None where it is not known."""
        if not isinstance(path, (str, PurePosixPath)) or len(str(path)) > 4096:
            return None
        return posixpath.normpath(posixpath.join(self.folder, str(path)))

    def sibling(self, path: Value) -> str | None:
        """The name of the sibling that `path` names, whether it exists or not."""
        full = self.absolute(path)
        if full is None or posixpath.dirname(full) != self.folder or full == self.own_path:
            return None
        return posixpath.basename(full)

    def bytes_of(self, path: Value) -> Value:
        """The raw content of a file that was shipped, or what was written there (text or bytes)."""
        full = self.absolute(path)
        if full is None:
            return UNKNOWN
        if full in self.written:
            return self.written[full]
        if full == self.own_path:
            return self._data
        name = self.sibling(full)
        if name is None:
            return UNKNOWN
        try:
            return self._siblings[name]
        except KeyError:
            return UNKNOWN

    def text_of(self, path: Value, encoding: str | None = None) -> Value:
        """The content as text with LF line ends."""
        content = self.bytes_of(path)
        if not isinstance(content, bytes):
            return content
        if encoding is None or encoding.lower().replace("-", "_") in _OWN:
            return decode(content).text
        if encoding.lower().replace("-", "_") not in TEXT_ENCODINGS:
            return UNKNOWN
        try:
            return content.decode(encoding)
        except ValueError:
            return UNKNOWN

    def write(self, path: Value, content: Value) -> None:
        """Replace a file's content; what lies at an unknown path is lost."""
        full = self.absolute(path)
        if full is not None and (full in self.written or len(self.written) < FILE_LIMIT):
            self.written[full] = content
