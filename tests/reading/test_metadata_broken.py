"""submission.json that is no JSON, or is too much of it."""

from __future__ import annotations

import codecs
import time

import pytest

from rules.reading.metadata import MAX_BYTES, read_metadata
from rules.submission import Metadata, ProblemKind, Quantity

PATH = "f/submission.json"


def kinds(data: bytes) -> list[ProblemKind]:
    return [problem.kind for problem in read_metadata(PATH, data)[1]]


def headline(metadata: Metadata) -> float | None:
    claim = metadata.first(Quantity.VAL_BPB)
    return None if claim is None else claim.value


@pytest.mark.parametrize(
    "text",
    [
        '{"name": "x", "val_bpb": 1.25,}',
        '{"name": "x" "val_bpb": 1.25}',
        '{"name": "x", "val_bpb": 1.25',
        "{'name': 'x', 'val_bpb': 1.25}",
        '{"name": "x", // why\n "val_bpb": 1.25}',
        '{"name": "x", /* long\n */ # and\n "val_bpb": 1.25}',
        '{name: "x", val_bpb: 1.25}',
        '{"name": "x", "val_bpb": 1.25}\n{"name": "y", "val_bpb": 9}',
        '{"name": "x", "note": , "val_bpb": 1.25}',
        '{"name": "x", "val_bpb": 1.25, "note": "never closed}\n',
        '```json\n{"name": "x", "val_bpb": 1.25}\n```',
        '{"name": "x", "val_bpb": 1.25, "std": NaN}',
    ],
)
def test_nearly_json_is_read_and_reported_all_the_same(text: str) -> None:
    metadata, problems = read_metadata(PATH, text.encode())
    assert headline(metadata) == 1.25
    assert metadata.name == "x"
    assert [problem.kind for problem in problems] == [ProblemKind.INVALID_JSON]


def test_the_problem_names_line_and_column_and_how_to_check() -> None:
    [problem] = read_metadata(PATH, b'{\n "a": 1,\n}')[1]
    assert (problem.location.path, problem.location.line) == (PATH, 3)
    assert "column 1" in problem.detail
    assert "python -m json.tool submission.json" in problem.detail


def test_not_a_number_is_reported_on_its_line_and_is_no_claim() -> None:
    metadata, [problem] = read_metadata(PATH, b'{\n "x": 1,\n "val_bpb": NaN}')
    assert (problem.kind, problem.location.line, metadata.claims) == (ProblemKind.INVALID_JSON, 3, ())


@pytest.mark.parametrize(
    "data",
    [
        codecs.BOM_UTF8 + b'{"val_bpb": 1.25}',
        codecs.BOM_UTF16_LE + '{"val_bpb": 1.25}'.encode("utf-16-le"),
        '{"val_bpb": 1.25}'.encode("utf-16-be"),
        b'{\r\n"val_bpb": 1.25}\r\n',
    ],
)
def test_encodings_and_line_ends_are_no_problem(data: bytes) -> None:
    metadata, problems = read_metadata(PATH, data)
    assert (headline(metadata), problems) == (1.25, ())


@pytest.mark.parametrize("data", [b"", b" \n", codecs.BOM_UTF8, b"\0\0\0"])
def test_a_file_without_text_is_empty(data: bytes) -> None:
    assert kinds(data) == [ProblemKind.EMPTY]


@pytest.mark.parametrize("data", [b"[1, 2]", b'"text"', b"12", b"null"])
def test_json_that_is_no_object_is_said_to_be_none(data: bytes) -> None:
    metadata, _ = read_metadata(PATH, data)
    assert kinds(data) == [ProblemKind.NOT_AN_OBJECT]
    assert (metadata.data, metadata.claims) == ({}, ())


def test_prose_is_invalid_and_claims_nothing() -> None:
    metadata, problems = read_metadata(PATH, b"Our score is 1.05 bits per byte.")
    assert ([problem.kind for problem in problems], metadata.claims) == ([ProblemKind.INVALID_JSON], ())


def test_of_a_key_that_stands_twice_the_last_value_counts() -> None:
    metadata, _ = read_metadata(PATH, b'{"val_bpb": 9.0,\n"val_bpb": 1.25}')
    assert [(c.value, c.location.line) for c in metadata.claims] == [(1.25, 2)]


def test_what_lies_too_deep_is_reported_and_the_rest_is_read() -> None:
    deep = b'{"val_bpb": 1.25, "x": ' + b'{"a":' * 1000 + b"1" + b"}" * 1000 + b', "bytes_total": 15000000}'
    metadata, problems = read_metadata(PATH, deep)
    assert [problem.kind for problem in problems] == [ProblemKind.LIMIT]
    assert headline(metadata) == 1.25
    assert metadata.first(Quantity.ARTIFACT_BYTES) is not None


def test_a_file_of_a_hundred_megabytes_is_not_parsed() -> None:
    metadata, [problem] = read_metadata(PATH, b" " * 100_000_000)
    assert (problem.kind, metadata.data) == (ProblemKind.LIMIT, {})


@pytest.mark.parametrize(
    "unit", [b"[", b'{"a":', b'"', b'\\"', b"/*", b"//", b"9", b"1,", b"a", b'"seed_1":{"val_bpb":1.0},', b"'\\'", b"#"]
)
def test_the_largest_hostile_file_takes_no_more_than_a_moment(unit: bytes) -> None:
    data = b'{"val_bpb": ' + unit * ((MAX_BYTES - 20) // len(unit))
    started = time.process_time()
    read_metadata(PATH, data)
    assert time.process_time() - started < 3
