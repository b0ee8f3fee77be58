"""A progress bar on standard error, for people who watch."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn


@contextmanager
def progress(what: str, *, total: int) -> Iterator[Callable[[int, int], None]]:
    """Yield a function of (done, total) that moves the bar; it does nothing where nobody watches."""
    if not sys.stderr.isatty():
        yield _unwatched
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(file=sys.stderr), transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda done, of: bar.update(task, completed=done, total=of)


def _unwatched(done: int, total: int) -> None:
    """Nobody watches."""
