"""What the demo prints: a table of all triages, one report in full, and what to try next."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from demo.repository import COMPETITION, DemoRepository
from rules.rule import Severity
from rules.screening import Triage
from rules.verdict import Verdict

COLOURS = {
    Verdict.LIKELY_INVALID: "red",
    Verdict.NEEDS_REVIEW: "yellow",
    Verdict.INCOMPLETE: "blue",
    Verdict.CLEAR: "green",
}
TITLE_WIDTH = 58
HEADINGS = ("#", "title", "track", "verdict", "findings (notes in brackets)")


def table(triages: Sequence[Triage]) -> Iterator[str]:
    """One line for each pull request, its columns aligned; colours are left out where nobody sees them."""
    rows = [_cells(triage) for triage in triages]
    yield from aligned(HEADINGS, rows, 3, [COLOURS[triage.verdict] for triage in triages])


def aligned(
    headings: Sequence[str], rows: Sequence[Sequence[str]], coloured: int, colours: Sequence[str]
) -> Iterator[str]:
    """Lines of a table; the column `coloured` of each row has that row's colour."""
    widths = [max(len(cell) for cell in column) for column in zip(headings, *rows, strict=True)]
    yield _line(headings, widths)
    yield _line(["-" * width for width in widths], widths)
    for colour, cells in zip(colours, rows, strict=True):
        padded = [cell.ljust(width) for cell, width in zip(cells, widths, strict=True)]
        padded[coloured] = click.style(padded[coloured], fg=colour)
        yield "  ".join(padded).rstrip()


def codes_of(triage: Triage) -> str:
    """The codes of the findings, each once, the worst first: "E05 F14 (F06)"."""
    weighty = dict.fromkeys(f.code for f in triage.findings if f.severity is not Severity.NOTE)
    notes = dict.fromkeys(f.code for f in triage.findings if f.code not in weighty)
    return " ".join((*weighty, *(f"({code})" for code in notes)))


def next_steps(demo: DemoRepository, number: int, folder: Path) -> Iterator[str]:
    """Commands that work as they stand from where the demo was started."""
    fairway = _shown(Path(sys.executable).with_name("fairway"))
    competition = f"--competition {_shown(COMPETITION)}"
    git, listed, rulings = (_shown(path) for path in (demo.git, demo.pull_requests_csv, demo.rulings_csv))
    repository = f"{competition} --git {git} --pull-requests {listed}"
    yield f"{fairway} triage {repository} --pr {number}"
    yield f"{fairway} backtest {repository} --rulings {rulings} --json {_shown(demo.git.parent / 'backtest.json')}"
    yield f"{fairway} check {competition} {_shown(folder)}"
    yield f"{fairway} rules E05"
    yield f"git --git-dir {git} diff main...refs/pull/{number}/head"


def _cells(triage: Triage) -> tuple[str, ...]:
    request = triage.submission.pull_request
    title = request.title if len(request.title) <= TITLE_WIDTH else request.title[: TITLE_WIDTH - 1] + "…"
    track = triage.submission.scope.track or "-"
    return str(request.number), title, track, triage.verdict.value, codes_of(triage)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()


def _shown(path: Path) -> str:
    """The path from the working directory, where it lies below, quoted for a shell."""
    relative = os.path.relpath(path)
    return shlex.quote(str(path) if relative.startswith("..") else relative)
