"""What commands write: JSON for programs, pages for people."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import click
from rich.console import Console

from bot.command_line.options import STDOUT

WIDTH_OFF_TERMINAL = 110


class _Page(Console):
    def on_broken_pipe(self) -> None:
        """Leave the exit code to `main`, where rich would end the process with one of ours."""
        raise BrokenPipeError


def write_json(target: str | None, data: object) -> None:
    """Write to the file, to standard output for "-", nowhere for None. Raises ClickException where it cannot."""
    if target is None:
        return
    text = json.dumps(data, indent=1, allow_nan=False) + "\n"  # ASCII: no text can act upon a terminal
    if target == STDOUT:
        sys.stdout.write(text)
    else:
        write_text(target, text)


def write_text(target: str, text: str) -> None:
    """Write a whole file. Raises ClickException where it cannot."""
    try:
        Path(target).write_text(text, encoding="utf-8")
    except OSError as error:
        raise click.ClickException(f"{target!r} cannot be written: {error.strerror}") from None


def page(*, aside: bool = False) -> Console:
    """Where people read: standard output, or standard error where that belongs to a program."""
    stream = sys.stderr if aside else sys.stdout
    fixed = None if stream.isatty() or "COLUMNS" in os.environ else WIDTH_OFF_TERMINAL
    return _Page(file=stream, width=fixed, markup=False, highlight=False, emoji=False)
