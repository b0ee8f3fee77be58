"""Reading files that something untrusted may have planted: only regular ones, never through a link, up to a size."""

from __future__ import annotations

import os
import stat
from pathlib import Path


class NotRegularError(ValueError):
    """The path is a link, a folder, a device, missing or too large. The message says which."""


def read_regular(path: Path, limit: int) -> bytes:
    """The content of a regular file of at most `limit` bytes. Raises NotRegularError.

    The last part of the path is never followed as a link; a pipe is opened without waiting for its other end.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        link = " (links are not followed)" if path.is_symlink() else ""
        raise NotRegularError(f"{path.name!r} cannot be read: {error.strerror}{link}") from None
    with os.fdopen(descriptor, "rb") as file:
        state = os.fstat(descriptor)
        if not stat.S_ISREG(state.st_mode):
            raise NotRegularError(f"{path.name!r} is no regular file")
        if state.st_size > limit:
            raise NotRegularError(f"{path.name!r} has {state.st_size:,} bytes; at most {limit:,} are read")
        data = file.read(limit + 1)
    if len(data) > limit:
        raise NotRegularError(f"{path.name!r} grew beyond {limit:,} bytes while it was read")
    return data
