"""What is wrong with a file's name or kind before anything of it is read."""

from __future__ import annotations

import re
import stat
from collections.abc import Iterable
from dataclasses import dataclass

from rules.rule import Location
from rules.submission import FileEntry, Problem, ProblemKind

GITLINK_MODE = 0o160000
_UNPRINTABLE = re.compile(
    "[\x00-\x1f\x7f-\x9f"  # control characters, newlines among them
    "\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff"  # bidirectional marks, invisible and separating characters
    "\ud800-\udfff]"  # bytes that are no UTF-8
)
_CONFUSING_PARTS = frozenset({"", ".", "..", ".git"})


@dataclass(frozen=True, slots=True)
class Listing:
    """The files of a folder, cut where a limit is among the problems.

    `problems` is what could not be listed; what names and modes tell is `file_problems`.
    """

    files: tuple[FileEntry, ...] = ()
    problems: tuple[Problem, ...] = ()


def printable(name: bytes) -> str:
    """Decode a name as git stores it: bytes that are no UTF-8 become escapes, which `path_problems` reports."""
    return name.decode("utf-8", "backslashreplace")


def path_problems(path: str) -> Problem | None:
    """Say why a path cannot be trusted to be what it looks like; spaces, quotes and any language's letters are fine."""
    reason = _hostility(path)
    if reason is None:
        return None
    return Problem(ProblemKind.HOSTILE_PATH, Location(_UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", path)), reason)


def _hostility(path: str) -> str | None:
    found = _UNPRINTABLE.search(path)
    if found is not None:
        return f"the name holds the character U+{ord(found.group()):04X}; rename the file"
    if "\\" in path:
        return "the name holds a backslash or bytes that are no UTF-8; rename the file"
    if not _CONFUSING_PARTS.isdisjoint(path.split("/")):
        return "a part of the path is empty, a dot, two dots or .git; rename it"
    return None


def mode_problem(path: str, mode: int) -> Problem | None:
    """Say that an entry is no regular file; its content is then not read."""
    if stat.S_ISLNK(mode):
        detail = "a symbolic link; put the file itself into the folder"
        return Problem(ProblemKind.SYMLINK, Location(path), detail)
    if mode == GITLINK_MODE:
        detail = "a link to another repository; put the files themselves into the folder"
        return Problem(ProblemKind.GITLINK, Location(path), detail)
    return None


def file_problems(files: Iterable[FileEntry]) -> tuple[Problem, ...]:
    """Everything that names and modes of a folder's files tell, and objects that the repository lacks."""
    found: list[Problem] = []
    for file in files:
        hostile, kind = path_problems(file.path), mode_problem(file.path, file.mode)
        found.extend(problem for problem in (hostile, kind) if problem is not None)
        if kind is None and file.size is None:
            detail = f"object {file.content_id[:12]} is not in the repository; fetch it again"
            found.append(Problem(ProblemKind.MISSING_OBJECT, Location(file.path), detail))
    return tuple(found)
