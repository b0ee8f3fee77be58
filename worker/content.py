"""Contents of submissions on disk, named by git's blob id, so that what many pull requests share is kept once."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from contextlib import suppress
from pathlib import Path

_ID = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


class ContentStore:
    """A folder of blobs. Processes may share it: files appear whole, under the name that their content hashes to."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def has(self, content_id: str) -> bool:
        """Whether the content is here."""
        return self.size(content_id) is not None

    def size(self, content_id: str) -> int | None:
        """Bytes of the content, without reading it; None where it is not here."""
        try:
            return self._path(content_id).stat().st_size
        except OSError:
            return None

    def put(self, content_id: str, data: bytes) -> None:
        """Keep a content.

        Raises ValueError where it does not hash to its id, and OSError where the disk does not take it.
        """
        if blob_id(data, content_id) != content_id:
            raise ValueError(f"the content does not hash to {content_id[:40]!r}")
        path = self._path(content_id)
        if path.exists():
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            Path(name).replace(path)
        except BaseException:
            with suppress(OSError):
                Path(name).unlink()
            raise

    def read(self, content_id: str, limit: int) -> bytes:
        """The content when it has at most `limit` bytes.

        Raises ValueError above the limit and KeyError where it is not here. A damaged file is taken away.
        """
        path, size = self._path(content_id), self.size(content_id)
        if size is None:
            raise KeyError(content_id)
        if size > limit:
            raise ValueError(f"{size:,} bytes, more than the {limit:,} that are read")
        try:
            data = path.read_bytes()
        except OSError as error:
            raise KeyError(content_id) from error
        if blob_id(data, content_id) != content_id:
            with suppress(OSError):
                path.unlink()
            raise KeyError(content_id)
        return data

    def path(self, content_id: str) -> Path:
        """The file that holds a content. Raises KeyError where it is not here."""
        path = self._path(content_id)
        if not path.is_file():
            raise KeyError(content_id)
        return path

    def _path(self, content_id: str) -> Path:
        """Where a content lies. What is no id lies nowhere: the name may come from outside."""
        name = content_id if _ID.fullmatch(content_id) else "no-id"
        return self._folder / name[:2] / name[2:]


def blob_id(data: bytes, like: str) -> str:
    """Git's id of a blob, by the algorithm that an id of the length of `like` is made with."""
    algorithm = hashlib.sha256() if len(like) == 64 else hashlib.sha1(usedforsecurity=False)
    algorithm.update(b"blob %d\x00" % len(data))
    algorithm.update(data)
    return algorithm.hexdigest()
