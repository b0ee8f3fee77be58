"""What commands read: every way in which it can be unreadable becomes one complaint."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from rules import competition as competitions
from rules.competition import Competition, CompetitionError
from rules.reading.git import UnreadableRepository
from worker.tables import TableError
from worker.triage import TriageError


@contextmanager
def readable() -> Iterator[None]:
    """Turn what is wrong with an input into a complaint of the command line (exit code 2)."""
    try:
        yield
    except (CompetitionError, TableError, TriageError, UnreadableRepository) as error:
        raise click.ClickException(str(error)) from None


def competition(named: str | None) -> Competition:
    """The competition of a name, or that of a TOML file. Raises CompetitionError."""
    if named is None:
        return competitions.builtin()
    if named.endswith(".toml") or "/" in named:
        return competitions.load(Path(named))
    return competitions.builtin(named)


def processes(asked: int | None) -> int:
    """How many processes to work in: as asked, else one for each processor."""
    return len(os.sched_getaffinity(0)) if asked is None else asked
