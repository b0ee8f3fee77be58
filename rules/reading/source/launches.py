"""What a script was seen to run: texts it executes, files it writes and starts, and what could not be followed."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field

from rules.reading.source.values import ExhaustedError, Handle, Origin, Value

RUN_LIMIT = 200
_COMMAND_LIMIT = 20_000  # characters of a command that are looked at


@dataclass(frozen=True, slots=True)
class Run:
    """A text that is executed. `line` is the payload's, `name` a file name where one is given.

    `main` tells that it runs as the program itself, `shipped` that it is another file of the folder, as it stands.
    """

    content: str | bytes
    line: int
    form: str
    name: str
    main: bool
    shipped: bool


@dataclass(frozen=True, slots=True)
class Failure:
    """Something that is executed and not known, and why. `weak`: it matters only if the script does nothing else."""

    line: int
    detail: str
    weak: bool = False
    limit: bool = False


@dataclass(slots=True)
class Launches:
    """Collected while a script is followed. `effects` tells that it also does other things."""

    runs: dict[str | bytes, Run] = field(default_factory=dict)  # by content
    failures: dict[int, Failure] = field(default_factory=dict)  # by line
    effects: bool = False

    def ran(self, content: str | bytes, origin: Origin, name: str, *, main: bool, shipped: bool = False) -> None:
        """Note an executed text, once. Raises ExhaustedError where there are too many."""
        if len(self.runs) >= RUN_LIMIT:
            raise ExhaustedError(f"more than {RUN_LIMIT} texts are executed")
        self.runs.setdefault(content, Run(content, origin.line, origin.form, name, main, shipped))

    def failed(self, line: int, detail: str, *, weak: bool = False, limit: bool = False) -> None:
        """Note what could not be followed, once for each line."""
        if len(self.failures) < RUN_LIMIT:
            self.failures.setdefault(line, Failure(line, detail, weak, limit))


def words_of(command: Value) -> Iterator[Value]:
    """The words of a command, given as a list or as one text; unknown ones are left out."""
    if isinstance(command, (list, tuple)):
        for part in command[:200]:
            yield part.path if isinstance(part, Handle) else part
    elif isinstance(command, str):
        text = command[:_COMMAND_LIMIT]
        try:
            yield from shlex.split(text)
        except ValueError:
            yield from re.split(r"\s+", text)
