"""A leaderboard as JSON, CSV and Markdown. What a participant wrote is escaped in each."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any

from rules.report import escape
from worker.boards.values import Board, Row

COLUMNS = ("Run", "Score", "Author", "Summary", "Date", "Info")
"""The columns of the table in a competition's README."""

FIELDS = (
    *("place", "number", "author", "title", "score", "deviation", "runs", "p_value", "incumbent", "frontier"),
    *("opened", "ruled_on", "built_on", "agents", "adds", "url", "files"),
)
TITLE, AUTHOR, ADDS = 90, 60, 60  # characters
_FORMULAS = ("=", "+", "-", "@", "\t", "\r")


def as_json(board: Board, repository: str) -> dict[str, Any]:
    """Plain values; `repository` is its address ("https://github.com/owner/name")."""
    return {
        "competition": board.competition.name,
        "track": board.track.name,
        "metric": board.competition.metric.name,
        "unit": board.competition.metric.unit,
        "rows": [_plain(row, repository) for row in board.rows],
        "frontier": [row.number for row in board.frontier],
        "without_score": list(board.unplaced),
    }


def as_csv(board: Board, repository: str) -> str:
    """A line for each row. Text that a spreadsheet would take for a formula begins with an apostrophe."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(FIELDS)
    for row in board.rows:
        plain = _plain(row, repository)
        plain |= {"built_on": " ".join(f"#{credit['number']}" for credit in plain["built_on"])}
        writer.writerow([_cell(plain[name]) for name in FIELDS])
    return out.getvalue()


def as_markdown(board: Board, repository: str) -> str:
    """A table of the shape that a README has: Run, Score, Author, Summary, Date, Info."""
    lines = [line(COLUMNS), "|-----|------:|--------|---------|------|------|"]
    return "\n".join([*lines, *(markdown_row(row, board, repository) for row in board.rows)]) + "\n"


def markdown_row(row: Row, board: Board, repository: str) -> str:
    """One row of the table."""
    return line(
        (
            escape.cell(row.title, TITLE) or escape.cell(f"#{row.number}"),
            score_of(row, board),
            escape.cell(row.author, AUTHOR),
            _summary(row),
            f"{row.opened:%Y-%m-%d}",
            f"[info]({_url(row, repository)})",
        )
    )


def score_of(row: Row, board: Board) -> str:
    """The score with as many decimals as the competition shows."""
    return f"{row.score:.{board.competition.metric.decimals}f}"


def line(cells: Sequence[str]) -> str:
    """A line of a Markdown table."""
    return f"| {' | '.join(cells)} |"


def _summary(row: Row) -> str:
    """How sure, what it builds on and what it adds, in the space of a cell."""
    deviation = "" if row.deviation is None else f" ± {row.deviation:.5f}"
    parts = [f"{row.runs} run{'s' if row.runs > 1 else ''}{deviation}"]
    if row.p_value is not None:
        parts.append(f"p={row.p_value:.3g} vs {escape.cell(f'#{row.incumbent}')}")
    if row.credits:
        parts.append("on " + ", ".join(escape.cell(f"#{credit.number}") for credit in row.credits))
    if row.adds:
        parts.append("adds " + ", ".join(escape.cell(one, ADDS) for one in row.adds))
    if row.agents:
        parts.append("with " + ", ".join(escape.cell(one, AUTHOR) for one in row.agents))
    return "; ".join(parts)


def _plain(row: Row, repository: str) -> dict[str, Any]:
    return {
        "place": row.place,
        "number": row.number,
        "author": row.author,
        "title": row.title,
        "score": round(row.score, 8),
        "deviation": None if row.deviation is None else round(row.deviation, 8),
        "runs": row.runs,
        "p_value": row.p_value,
        "incumbent": row.incumbent,
        "frontier": row.frontier,
        "opened": row.opened.isoformat(),
        "ruled_on": None if row.ruled_on is None else row.ruled_on.isoformat(),
        "built_on": [{"number": c.number, "author": c.author, "cited": c.cited} for c in row.credits],
        "agents": list(row.agents),
        "adds": list(row.adds),
        "url": _url(row, repository),
        "files": f"{repository}/tree/{row.head_sha}/{escape.url_path(row.folder)}" if row.folder else None,
    }


def _url(row: Row, repository: str) -> str:
    return f"{repository}/pull/{row.number}"


def _cell(value: object) -> str:
    text = "" if value is None else "; ".join(value) if isinstance(value, list) else str(value)
    text = escape.visible(text)
    return f"'{text}" if isinstance(value, (str, list)) and text.startswith(_FORMULAS) else text
