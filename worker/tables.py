"""The CSV tables that a backtest takes: pull requests and rulings."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from rules.submission import PullRequest

csv.field_size_limit(1_000_000)


class TableError(Exception):
    """A table that cannot be used. The message says which file and line, and how to mend it."""


@dataclass(frozen=True, slots=True)
class RulingRow:
    """A person's decision: `outcome` is invalid, accepted, incomplete or not-record; `reasons` are categories."""

    number: int
    outcome: str
    reasons: tuple[str, ...]
    ruled_on: date


def read_pull_requests(path: Path) -> list[PullRequest]:
    """Pull requests in order of creation (UTC), ties by number. Raises TableError."""
    rows = []
    for line, row in _rows(path, ("number", "created_at", "author", "title", "head_sha")):
        try:
            created = datetime.fromisoformat(row["created_at"].replace("Z", "+00:00"))
            created = created.replace(tzinfo=UTC) if created.tzinfo is None else created.astimezone(UTC)
            rows.append(
                (created, PullRequest(int(row["number"]), row["head_sha"], row["author"], row["title"], created))
            )
        except ValueError as error:
            raise TableError(f"{path}:{line}: {error}; expected a number and an ISO time") from None
    return [pull_request for *_, pull_request in sorted(rows, key=lambda r: r[:2])]


def read_rulings(path: Path) -> list[RulingRow]:
    """Rows in order of the file. Raises TableError."""
    rows = []
    for line, row in _rows(path, ("number", "outcome", "reasons", "ruled_on")):
        try:
            reasons = tuple(reason for reason in row["reasons"].split(";") if reason)
            rows.append(RulingRow(int(row["number"]), row["outcome"], reasons, date.fromisoformat(row["ruled_on"])))
        except ValueError as error:
            raise TableError(f"{path}:{line}: {error}; expected a number and an ISO date") from None
    return rows


def _rows(path: Path, columns: tuple[str, ...]) -> Iterator[tuple[int, dict[str, str]]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            missing = [name for name in columns if name not in (reader.fieldnames or ())]
            if missing:
                raise TableError(f"{path}:1: columns missing: {', '.join(missing)}; needed are {', '.join(columns)}")
            for row in reader:
                yield reader.line_num, {name: row[name] or "" for name in columns}
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise TableError(f"{path}: cannot be read: {error}") from None
