"""Tables in JSON, CSV and TSV files of a submission: their columns of whole numbers and of texts, by name.

A tokenizer's byte table, or its vocabulary, may stand in any of these. A column is a list, an object whose keys count
from zero, a field that all rows of a list have, an object that gives each text its number (a vocabulary), or a column
below a head line. Short ones are no tables and are left out; so is what is nested deeply or is too large.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import PurePosixPath
from typing import Any

from rules.reading.text import decode
from rules.submission import FileEntry

FILE_LIMIT = 8_000_000  # bytes
ROWS_LIMIT = 300_000
FEWEST_ROWS = 16
MOST_DEPTH = 4
MOST_FIELDS = 200

_SEPARATORS = {".csv": ",", ".tsv": "\t"}
ENDINGS = (".json", *_SEPARATORS)


@dataclass(slots=True)
class Columns:
    """Columns by their names, "" for a file that is nothing but one; the n-th entry belongs to token n."""

    numbers: dict[str, list[int]] = field(default_factory=dict)
    texts: dict[str, list[str]] = field(default_factory=dict)

    def add(self, name: str, values: Sequence[Any]) -> None:
        """Keep a column that is all of whole numbers or all of texts; the first of a name counts."""
        if not FEWEST_ROWS <= len(values) <= ROWS_LIMIT:
            return
        if all(type(value) is int for value in values):
            self.numbers.setdefault(name, list(values))
        elif all(type(value) is str for value in values):
            self.texts.setdefault(name, list(values))


def read_columns(entry: FileEntry) -> Columns:
    """Read a file of the submission. Empty where it cannot be read or holds no table; never raises."""
    try:
        text = decode(entry.read(FILE_LIMIT)).text
    except (KeyError, ValueError):
        return Columns()
    return parse_columns(text, PurePosixPath(entry.path).suffix.casefold())


def parse_columns(text: str, ending: str) -> Columns:
    """Read the text of a file with one of `ENDINGS`. Empty where it holds no table; never raises."""
    found = Columns()
    separator = _SEPARATORS.get(ending)
    try:
        if separator is None:
            _of_json(json.loads(text), "", found, MOST_DEPTH)
        else:
            _of_rows(csv.reader(io.StringIO(text), delimiter=separator), found)
    except (ValueError, RecursionError, csv.Error):
        return Columns()
    return found


def _of_json(data: Any, name: str, found: Columns, depth: int) -> None:
    if isinstance(data, list):
        found.add(name, data)
        for field_name, values in _fields(data).items():
            found.add(field_name, values)
    elif isinstance(data, dict):
        found.add(name, _counted(data))
        if _is_numbering(data.values()):
            found.add(name, sorted(data, key=data.__getitem__))
        for key, value in islice(data.items(), MOST_FIELDS) if depth else ():
            if isinstance(value, (list, dict)):
                _of_json(value, key, found, depth - 1)


def _fields(rows: list[Any]) -> dict[str, list[Any]]:
    """The columns of a list of objects that all have the same keys, in the order of their `id` where they have one."""
    if len(rows) < FEWEST_ROWS or not isinstance(rows[0], dict):
        return {}
    keys = rows[0].keys()
    if len(keys) > MOST_FIELDS or not all(isinstance(row, dict) and row.keys() == keys for row in rows):
        return {}
    if "id" in keys and _is_numbering(row["id"] for row in rows):
        rows = sorted(rows, key=lambda row: int(row["id"]))
    return {key: [row[key] for row in rows] for key in keys}


def _counted(data: Mapping[str, Any]) -> list[Any]:
    """The values of an object whose keys are 0, 1, 2 …, in that order; none for any other."""
    return [data[str(n)] for n in range(len(data))] if all(str(n) in data for n in range(len(data))) else []


def _is_numbering(values: Iterable[Any]) -> bool:
    """Whether values are 0, 1, 2 … in any order."""
    numbers = list(islice(values, ROWS_LIMIT))
    return all(type(number) is int for number in numbers) and sorted(numbers) == list(range(len(numbers)))


def _of_rows(rows: Iterator[list[str]], found: Columns) -> None:
    """Columns below a head line."""
    head = next(rows, [])
    body = [row for row in islice(rows, ROWS_LIMIT) if len(row) == len(head)]
    for place, name in enumerate(head[:MOST_FIELDS]):
        values = [row[place] for row in body]
        plain = [value.strip() for value in values]
        found.add(name.strip(), [int(value) for value in plain] if all(map(_is_whole, plain)) else values)


def _is_whole(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 9
