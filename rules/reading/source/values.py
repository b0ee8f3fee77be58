"""What the static interpreter of launchers knows of a value.

Known values are plain Python constants and containers of them, and `PurePosixPath`. Everything else is one of the
small types here; what is not known is `UNKNOWN`, and everything made from it is unknown too. `Budget` bounds the work.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

Value = Any  # a constant, a container, a path, or one of the types below
VALUE_LIMIT = 16_000_000  # bytes or characters of one value, as of one unpacked layer
TOTAL_LIMIT = 64_000_000  # of all values together
STEP_LIMIT = 400_000  # expressions evaluated for one file
ITEM_LIMIT = 200_000  # items of one list
TEMPORARY = "/unpacked"  # a folder among the files in memory


class Unknown:
    """The type of `UNKNOWN`."""

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN = Unknown()


def is_scalar(value: Value) -> bool:
    """Whether a value can be compared and hashed at a bounded cost; containers may share parts without end."""
    return value is None or isinstance(value, (str, bytes, int, float, PurePosixPath))


class ExhaustedError(Exception):
    """A limit of the interpretation was reached; its text says which."""


@dataclass(frozen=True, slots=True)
class Symbol:
    """A module or something in one, by its full name: `lzma`, `lzma.decompress`, `builtins.exec`."""

    name: str


@dataclass(frozen=True, slots=True)
class Method:
    """An attribute of a known value, to be called."""

    owner: Value
    name: str


@dataclass(frozen=True, slots=True)
class Function:
    """A function of the script itself, and the names that it sees."""

    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
    scope: dict[str, Value]


@dataclass(frozen=True, slots=True)
class Code:
    """What `compile` returns: source text with the file name given to it."""

    source: Value
    name: str


@dataclass(frozen=True, slots=True)
class Loader:
    """A module specification or loader for a file."""

    path: Value
    name: Value


@dataclass(frozen=True, slots=True)
class Engine:
    """A decompressor object: the function that it stands for and the arguments it was made with."""

    function: str
    args: tuple[Value, ...]
    keywords: Mapping[str, Value]


@dataclass(slots=True)
class Handle:
    """An open file, or one in memory (path ""). `content` is what a reader gets; writes go to the virtual files."""

    path: str
    text: bool
    content: Value = UNKNOWN
    position: int = 0


@dataclass(frozen=True, slots=True)
class Archive:
    """The members of a zip or tar archive by name."""

    members: Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a text or bytes come from: the line of their literal and the decoders applied since, in order."""

    line: int
    forms: tuple[str, ...] = ()

    @property
    def form(self) -> str:
        """The forms, outermost step of unpacking first: "lzma+b85"."""
        return "+".join(reversed(self.forms)) or "literal"


@dataclass(slots=True)
class Budget:
    """What one file may still cost. Raises ExhaustedError."""

    steps: int = STEP_LIMIT
    size: int = TOTAL_LIMIT

    def step(self, count: int = 1) -> None:
        """Count evaluated expressions, or other work as many of them."""
        self.steps -= count
        if self.steps < 0:
            raise ExhaustedError(f"more than {STEP_LIMIT:,} steps to follow")

    def spend(self, size: int) -> None:
        """Count `size` bytes or characters about to be made."""
        if size > VALUE_LIMIT:
            raise ExhaustedError(f"more than {VALUE_LIMIT:,} bytes in one piece")
        self.size -= max(size, 0)
        if self.size < 0:
            raise ExhaustedError(f"more than {TOTAL_LIMIT:,} bytes unpacked")


@dataclass(slots=True)
class Origins:
    """Remembers where large values come from, by identity; the values are kept so that identities stay."""

    _known: dict[int, tuple[Value, Origin]] = field(default_factory=dict)

    def of(self, value: Value) -> Origin | None:
        """The origin of exactly this object."""
        known = self._known.get(id(value))
        return None if known is None else known[1]

    def put(self, value: Value, origin: Origin) -> None:
        """Remember where a text, bytes or a list made of them come from."""
        if isinstance(value, (str, bytes, list)):
            self._known[id(value)] = (value, origin)
