"""Columns of tables in JSON, CSV and TSV files."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.reading.columns import ENDINGS, FILE_LIMIT, Columns, parse_columns, read_columns
from rules.reading.folder import memory_files

SIZES = [1, 2, 3, 4] * 5
PIECES = [f"piece{n}" for n in range(20)]


def of_json(data: Any) -> Columns:
    return parse_columns(json.dumps(data), ".json")


def test_a_list_is_a_column_by_the_name_of_its_field() -> None:
    assert of_json({"tokenizer": {"base_bytes": SIZES}}).numbers == {"base_bytes": SIZES}


def test_a_file_that_is_one_list_is_a_column_without_a_name() -> None:
    assert of_json(SIZES).numbers == {"": SIZES}


def test_an_object_that_counts_from_zero_is_a_column_in_that_order() -> None:
    backwards = {str(n): size for n, size in reversed(list(enumerate(SIZES)))}
    assert of_json({"bytes": backwards}).numbers == {"bytes": SIZES}


def test_an_object_that_numbers_texts_is_a_vocabulary() -> None:
    assert of_json({"model": {"vocab": {piece: n for n, piece in enumerate(PIECES)}}}).texts == {"vocab": PIECES}


def test_rows_with_the_same_fields_are_columns_in_the_order_of_their_numbers() -> None:
    rows = [{"id": n, "piece": piece, "bytes": SIZES[n]} for n, piece in enumerate(PIECES)]
    found = of_json({"tokens": list(reversed(rows))})
    assert (found.numbers["bytes"], found.texts["piece"]) == (SIZES, PIECES)


@pytest.mark.parametrize(("ending", "separator"), [(".csv", ","), (".tsv", "\t")])
def test_columns_stand_below_a_head_line(ending: str, separator: str) -> None:
    lines = [separator.join((piece, str(size))) for piece, size in zip(PIECES, SIZES, strict=True)]
    found = parse_columns("\n".join([separator.join(("piece", "n_bytes")), *lines]), ending)
    assert (found.numbers, found.texts) == ({"n_bytes": SIZES}, {"piece": PIECES})


@pytest.mark.parametrize("data", [SIZES[:5], {"a": 1, "b": 2}, [[1, 2]] * 20, [1.5] * 20, [True] * 20, "text", None])
def test_what_is_no_table_gives_no_column(data: Any) -> None:
    assert of_json(data) == Columns()


def test_numbers_too_long_for_a_number_of_bytes_are_texts() -> None:
    assert parse_columns("n\n" + "9" * 5_000 + "\n" + "1\n" * 20, ".csv").numbers == {}


@pytest.mark.parametrize("text", ["{", "[" * 100_000, "", '{"a": ' + "9" * 5_000 + "}"])
def test_what_cannot_be_read_gives_nothing(text: str) -> None:
    assert parse_columns(text, ".json") == Columns()


def test_a_file_that_is_too_large_gives_nothing() -> None:
    (entry,) = memory_files({"bytes.json": b"[" + b"1," * (FILE_LIMIT // 2) + b"1]"})
    assert read_columns(entry) == Columns()


@given(st.text(), st.sampled_from(ENDINGS))
def test_reading_never_raises(text: str, ending: str) -> None:
    found = parse_columns(text, ending)
    assert all(isinstance(name, str) for name in (*found.numbers, *found.texts))
