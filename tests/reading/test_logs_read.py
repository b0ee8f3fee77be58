"""Reading whole logs: encodings, limits, hostile input."""

from __future__ import annotations

import time
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.reading.logs import looks_like_log, read_log
from rules.reading.text import decode
from rules.submission import Problem, ProblemKind, TrainLog
from tests.reading.logs_samples import RUN, SCRIPT, TILT, line_of, read

WORDS = [
    *(
        "val_bpb",
        "bpb",
        "train_time",
        "eval_time",
        "step",
        "seed",
        "world_size",
        ":",
        "=",
        " ",
        "\n",
        "\r",
        "\t",
        "(",
        "{",
    ),
    *("1", "2.5", "16000000", "ms", "s", "bytes", "Total submission size", "Serialized model int8", "reserving", "nan"),
    *(
        "\nimport os\n",
        "\ndef f():\n",
        "\nclass A:\n",
        "\nexec(",
        '"""',
        "=" * 50,
        "Running Python 3",
        "\n| 1 NVIDIA A |",
    ),
    *(
        "Hyperparameters:",
        "hessian in ",
        "precompute ",
        "subset=",
        "within_gate=",
        "\x00",
        "\x1b[3m",
        "é",
        "\u2028",
        "[",
        "'",
    ),
]


def lines_in(log: TrainLog) -> set[int | None]:
    """Every line number that a log states."""
    found = [s.location.line for s in log.scores] + [m.location.line for m in log.measurements]
    found += [s.location.line for s in (*log.settings.values(), *log.paths)] + [n.location.line for n in log.notes]
    found += [*log.prefixes.values(), *(g.location.line for g in log.gates.values())]
    found += [log.gpu.location.line] if log.gpu else []
    found += [log.source_dump.first_line, log.source_dump.last_line] if log.source_dump else []
    return set(found)


def assert_sound(data: bytes, log: TrainLog, problems: tuple[Problem, ...]) -> None:
    last = decode(data).text.count("\n") + 1
    assert all(line is not None and 1 <= line <= last for line in lines_in(log))
    assert all(p.location.path == "x" for p in problems)


@given(st.binary(max_size=600))
def test_no_bytes_raise(data: bytes) -> None:
    assert_sound(data, *read_log("x", "id", data))
    looks_like_log("x", data)


@settings(max_examples=300)
@given(st.lists(st.sampled_from(WORDS), max_size=60).map("".join), st.sampled_from(["utf-8", "utf-16", "latin-1"]))
def test_no_text_made_of_the_words_of_logs_raises(text: str, encoding: str) -> None:
    data = text.encode(encoding, "replace")
    assert_sound(data, *read_log("x", "id", data))


@settings(max_examples=200)
@given(
    st.lists(st.sampled_from(["a", "val_bpb:1.5 x", "é", "\n", "\r\n", "\r", "seed:1\n"]), min_size=200, max_size=900)
)
def test_an_excerpt_keeps_line_numbers_within_the_file(parts: list[str]) -> None:
    data = "".join(parts).encode()
    assert_sound(data, *read_log("x", "id", data, limit=1_000))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("text", [RUN, TILT], ids=["run", "tilt"])
def test_every_encoding_reads_the_same(encoding: str, text: str) -> None:
    log, problems = read_log("a/train.log", "blob", text.encode(encoding))
    expected = read(text)
    assert problems == ()
    assert (log.scores, log.measurements, log.settings) == (expected.scores, expected.measurements, expected.settings)


def test_crlf_and_colours_change_nothing() -> None:
    coloured = RUN.replace("final", "\x1b[32mfinal").replace("\n", "\x1b[0m\r\n")
    assert read(coloured).scores == read(RUN).scores


def test_an_empty_log_is_a_problem() -> None:
    assert [p.kind for p in read_log("x", "id", b" \n")[1]] == [ProblemKind.EMPTY]


def test_latin_1_is_read_and_reported() -> None:
    log, problems = read_log("x", "id", b"caf\xe9\nseed:7\n")
    assert log.seed == 7
    assert [p.kind for p in problems] == [ProblemKind.UNDECODABLE]


def test_above_the_limit_head_and_tail_are_read_with_the_lines_of_the_file() -> None:
    text = "seed:7\n" + "".join(f"filler number {n}\n" for n in range(5_000)) + RUN
    log, problems = read_log("x", "id", text.encode(), limit=20_000)
    assert log.truncated
    assert log.size == len(text)
    assert [p.kind for p in problems] == [ProblemKind.LIMIT]
    assert log.final_scores[-1].location.line == line_of(text, "final_int8_zlib_roundtrip_exact")
    assert log.stopped_by_cap is not None
    assert log.stopped_by_cap.location.line == line_of(text, "stopping_early")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be"])
def test_an_excerpt_of_utf_16_keeps_line_numbers(encoding: str) -> None:
    text = "".join(f"filler number {n}\n" for n in range(5_000)) + RUN
    log, _ = read_log("x", "id", text.encode(encoding), limit=20_000)
    assert log.final_scores[-1].location.line == line_of(text, "final_int8_zlib_roundtrip_exact")


HOSTILE = [
    "bpb",
    "\n",
    "train_time:5ms\n",
    "val_bpb:1.2345\n",
    "\ndef f(",
    "a=1,",
    '"',
    "| 1 NVIDIA ",
    "bytes: 1",
    '\n"""',
]


@pytest.mark.parametrize("unit", HOSTILE)
def test_hostile_repetition_takes_linear_time(unit: str) -> None:
    data = (unit * 60 + "\n").encode() * 3_000
    began = time.process_time()
    read_log("x", "id", data[:300_000])
    assert time.process_time() - began < 3.0


def test_a_huge_log_takes_bounded_time_and_memory() -> None:
    data = (b"step:12/20000 train_loss:2.1 train_time:50ms\n" * 4_500_000)[:200_000_000]
    tracemalloc.start()
    try:
        log, problems = read_log("x", "id", data, limit=2_000_000)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert log.truncated
    assert [p.kind for p in problems] == [ProblemKind.LIMIT]
    assert peak < 60_000_000


def test_more_lines_than_the_limit_are_cut_like_more_bytes() -> None:
    log, problems = read_log("x", "id", b"a\n" * 1_500_000 + b"final_x val_bpb:1.5\n")
    assert log.truncated
    assert [p.kind for p in problems] == [ProblemKind.LIMIT]
    assert log.final_scores[0].location.line == 1_500_001


def test_a_dump_of_a_script_alone_has_no_numbers() -> None:
    log = read(SCRIPT)
    assert (log.scores, log.measurements, log.settings) == ((), (), {})
    assert log.source_dump is not None
