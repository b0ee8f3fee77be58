"""A patch that brings the table of a README up to date. It is written to a file; nothing is ever pushed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import unified_diff

from worker.boards.rendering import COLUMNS, markdown_row
from worker.boards.values import Board, Row

NO_TABLE = "{}: no table with the columns {} was found; give the README that holds the leaderboard"
_PULL = re.compile(r"/pull/(\d+)|#(\d+)")
_CELL = re.compile(r"(?<!\\)\|")


class ReadmeError(Exception):
    """A README whose table cannot be brought up to date. The message says which and why."""


@dataclass(frozen=True, slots=True)
class _Table:
    """A table of a Markdown text: the index of its first row and one beyond the last."""

    start: int
    end: int


def patch(text: str, board: Board, repository: str, path: str = "README.md") -> str:
    """A unified diff that adds the rows which the table lacks, each at the place of its score; "" for none.

    The first table with the columns of `COLUMNS` is taken for the track of records, the second for the others. Rows
    that are there are left as they are: whoever wrote them knew more. Raises ReadmeError.
    """
    lines = text.split("\n")
    tables = list(_tables(lines))
    place = 0 if board.track.record else 1
    if place >= len(tables):
        raise ReadmeError(NO_TABLE.format(path, ", ".join(COLUMNS)))
    table = tables[place]
    shown = [lines[index] for index in range(table.start, table.end)]
    told = {int(a or b) for line in shown for a, b in _PULL.findall(_cells(line)[-1])}
    missing = [row for row in (board.frontier if board.track.record else board.rows) if row.number not in told]
    for row in missing:
        shown.insert(_place(row, shown, board), markdown_row(row, board, repository))
    after = [*lines[: table.start], *shown, *lines[table.end :]]
    diff = unified_diff(_ended(lines), _ended(after), f"a/{path}", f"b/{path}")
    return "".join(diff)


def _tables(lines: Sequence[str]) -> list[_Table]:
    wanted = [name.lower() for name in COLUMNS]
    found = []
    for index, line in enumerate(lines):
        if [cell.lower() for cell in _cells(line)] == wanted and index + 1 < len(lines):
            end = index + 2
            while end < len(lines) and lines[end].lstrip().startswith("|"):
                end += 1
            found.append(_Table(index + 2, end))
    return found


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in _CELL.split(line.strip().strip("|"))] if line.lstrip().startswith("|") else [""]


def _place(row: Row, shown: Sequence[str], board: Board) -> int:
    """Before the first row that is worse; at the end where none is."""
    sign = 1 if board.competition.metric.better == "lower" else -1
    for index, line in enumerate(shown):
        score = _number(_cells(line)[1]) if len(_cells(line)) > 1 else None
        if score is not None and sign * score > sign * row.score:
            return index
    return len(shown)


def _number(cell: str) -> float | None:
    found = re.search(r"\d+(?:\.\d+)?", cell)
    return None if found is None else float(found[0])


def _ended(lines: Sequence[str]) -> list[str]:
    ended = [f"{line}\n" for line in lines[:-1]]
    return [*ended, lines[-1]] if lines[-1] else ended
