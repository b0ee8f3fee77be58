"""Bytes of artifact, model and code."""

from __future__ import annotations

import pytest

from rules.reading.logs.summary import artifact_bytes
from rules.submission import Quantity
from tests.reading.logs_samples import RUN, SCRIPT, TILT, line_of, read


def test_the_total_that_names_a_codec_counts_and_the_uncompressed_one_is_left_out() -> None:
    log = read(RUN)
    (total,) = log.all(Quantity.ARTIFACT_BYTES)
    assert (total.value, total.label) == (15863489, "int8+zlib")
    assert total.location.line == line_of(RUN, "Total submission size int8+zlib")
    assert [(m.value, m.label) for m in log.all(Quantity.MODEL_BYTES)] == [(15815847, "int8+zlib")]
    assert [m.value for m in log.all(Quantity.CODE_BYTES)] == [47642]


def test_code_sizes_before_and_after_compression_are_told_apart() -> None:
    sizes = [(m.value, m.label) for m in read(TILT).all(Quantity.CODE_BYTES)]
    assert sizes == [(121884, "uncompressed"), (27310, "compressed")]


@pytest.mark.parametrize(
    ("line", "value", "label"),
    [
        ("Total submission size: 15,972,440 bytes", 15972440, ""),
        ("Artifact: 15925012 bytes (15.93 MB)", 15925012, ""),
        ("model:15800000 code:60000 total:15860000 (15.86 MB)", 15860000, ""),
        ("final_x compressed_model_bytes:15915703 code_bytes:49961 total_artifact_bytes:15965664", 15965664, ""),
        ("budget:15925012/16000000 (15.93/16.00MB) FITS", 15925012, ""),
        ("artifact int6+zstd: 15700000 bytes + 48000 code = 15748000 total", 15748000, ""),
        ("ternary artifact: 15000000 bytes\ncode: 50000 bytes", 15050000, "ternary + code"),
        ("total:15978821B", 15978821, ""),
        ("1776143444.369 Total submission size quantized+brotli: 15996697 bytes", 15996697, "quantized+brotli"),
        ("Final artifact size: 15.99MB", 15990000, "mb"),
        ("Size OK: 15.2 MB", 15200000, "mb"),
        ('  "artifact_bytes": 13217640,', 13217640, ""),
    ],
)
def test_totals_in_many_forms(line: str, value: int, label: str) -> None:
    total = artifact_bytes(read(f"{line}\n"))
    assert total is not None
    assert (total.value, total.label) == (value, label)


@pytest.mark.parametrize(
    "line",
    [
        "submission_size_cap_bytes:16000000",
        "artifact headroom: 67000 bytes",
        "SIZE OK: 6918 headroom",
        "Total params: 27000000",
        "Learned=2,410,944 Frozen=0 Total=2,410,944",
        "Estimated artifact size: 2.84MB",
        "gptq:pre_prune artifact=17000000 target=16000000",
        "val_bytes: 151080891",
        "peak memory allocated: 39045 MiB reserved: 39124 MiB",
    ],
)
def test_limits_estimates_and_other_counts_are_no_artifact(line: str) -> None:
    assert read(f"{line}\n").all(Quantity.ARTIFACT_BYTES) == []


def test_model_and_code_are_added_up_where_no_total_is_printed() -> None:
    log = read("Serialized model int6+zstd: 15000000 bytes\nCode size: 50000 bytes\n")
    total = log.last(Quantity.ARTIFACT_BYTES)
    assert total is not None
    assert (total.value, total.label, total.location.line) == (15050000, "int6+zstd + code", 1)


def test_the_dump_of_the_script_counts_as_code_where_no_code_size_is_printed() -> None:
    total = artifact_bytes(read(f"{SCRIPT}\n{'=' * 80}\nserialized_model_int8_zlib:12000000 bytes\n"))
    assert total is not None
    assert total.value == 12000000 + len(SCRIPT.encode())
    assert total.label == "int8 zlib + source dump"


def test_the_last_total_is_the_best_one_for_whoever_asks_the_log() -> None:
    log = read(
        "Total submission size int6+lzma: 15900000 bytes\nTotal submission size: 90000000 bytes\nSize OK: 15.9 MB\n"
    )
    assert log.last(Quantity.ARTIFACT_BYTES) == artifact_bytes(log)
    assert [m.value for m in log.all(Quantity.ARTIFACT_BYTES)] == [15900000]
