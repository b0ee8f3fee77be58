"""What a score line says about the bytes that it divides by."""

from __future__ import annotations

import math

import pytest

from rules.analysis.bytecount import (
    byte_count,
    consistent,
    coverage,
    named_tokenizer,
    per_token,
    stated_bytes,
    tokenizer_of,
    transform_named,
)
from rules.competition import builtin
from rules.rule import Location
from rules.submission import Measurement, Quantity, Score, Setting, TrainLog

COMPETITION = builtin()
PLACE = Location("train.log", 1)
SPLIT = COMPETITION.fingerprints.val_bytes


def score(bits: float, ratio: float, *, digits: int = 8, number: int = 9, quote: str = "") -> Score:
    loss = round(bits * math.log(2) * ratio, digits)
    return Score("final", round(bits, digits), loss, Location("train.log", number), True, quote=quote)


def log(*scores: Score, tokens: int | None = None, path: str = "", vocabulary: str = "") -> TrainLog:
    shown = () if tokens is None else (Measurement(Quantity.VAL_TOKENS, tokens, PLACE),)
    settings = {"vocab_size": Setting("vocab_size", vocabulary, PLACE)} if vocabulary else {}
    paths = (Setting("datasets_dir", path, PLACE),) if path else ()
    return TrainLog("train.log", "id", 1, scores, shown, settings=settings, paths=paths)


def test_loss_over_score_is_bytes_per_token() -> None:
    ratio = per_token(score(1.15, 2.436))
    assert ratio == pytest.approx(2.436, abs=1e-6)


@pytest.mark.parametrize("values", [(None, 1.9), (1.1, None), (0.0, 1.9), (1.1, math.inf), (1.1, math.nan)])
def test_a_line_without_both_numbers_says_nothing(values: tuple[float | None, float | None]) -> None:
    assert per_token(Score("final", values[0], values[1], PLACE, True)) is None


def test_the_product_with_the_tokens_is_the_denominator() -> None:
    line = score(1.15, SPLIT / 62_021_846)
    count = byte_count(line, log(line, tokens=62_021_632), COMPETITION)
    assert count is not None
    assert count.total == pytest.approx(SPLIT, rel=1e-5)
    assert count.agrees(COMPETITION)
    assert count.tokenizer is not None
    assert count.tokenizer.name == "sp1024"


def test_an_excess_is_a_share_of_the_split() -> None:
    line = score(1.15, 3.4397)
    count = byte_count(line, log(line, tokens=47_851_520), COMPETITION)
    assert count is not None
    assert count.excess(COMPETITION) == pytest.approx(0.0894, abs=1e-4)
    assert not count.agrees(COMPETITION)


def test_the_digits_that_a_line_does_not_print_are_allowed_for() -> None:
    line = score(1.1532, SPLIT / 62_021_846, digits=2)
    count = byte_count(line, log(line, tokens=62_021_632), COMPETITION)
    assert count is not None
    assert abs(count.excess(COMPETITION)) > COMPETITION.fingerprints.val_bytes_tolerance
    assert count.agrees(COMPETITION)


def test_the_tokenization_is_told_by_the_number_of_tokens_before_any_name() -> None:
    found = tokenizer_of(log(tokens=45_508_608, path="./data/fineweb10B_sp1024"), COMPETITION)
    assert found is not None
    assert found.name == "sp4096"


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("./data/datasets/fineweb10B_sp8192", "sp8192"),
        ("./data/fineweb10B_sp8192_lossless_caps_caseops_v1_reserved", "caseops"),
        ("./data/fineweb10B_sp10240_casefold", "sp10240-casefold"),
        ("./data/fineweb10B_byte260", "byte"),
        ("./data/sp8192/fineweb_val_bytes_*.bin", "sp8192"),
    ],
)
def test_the_tokenization_is_told_by_the_data_path(path: str, name: str) -> None:
    found = named_tokenizer(log(path=path), COMPETITION)
    assert found is not None
    assert found.name == name


def test_a_vocabulary_tells_a_plain_tokenization_only() -> None:
    plain = named_tokenizer(log(vocabulary="8192"), COMPETITION)
    assert plain is not None
    assert plain.name == "sp8192"
    assert named_tokenizer(log(vocabulary="8192", path="/data/lowercase_set"), COMPETITION) is None
    assert named_tokenizer(log(vocabulary="998"), COMPETITION) is None


def test_a_transformation_is_found_by_its_name() -> None:
    found = transform_named(log(path="/data/sp8192_casefold"))
    assert found is not None
    assert found.value == "/data/sp8192_casefold"
    assert transform_named(log(path="/data/fineweb10B_sp8192")) is None


def test_lines_that_divide_by_different_bytes_are_not_consistent() -> None:
    assert consistent(log(score(1.15, 2.436), score(1.2, 2.436)), COMPETITION)
    assert not consistent(log(score(1.15, 2.436), score(0.9, 3.1)), COMPETITION)
    assert not consistent(log(), COMPETITION)


def test_coverage_is_by_tokens_where_the_tokenization_is_named() -> None:
    line = score(1.15, 3.1)
    part = coverage(log(line, tokens=9_662_464, path="fineweb10B_sp8192_caseops"), line, COMPETITION)
    assert part is not None
    assert part.share == pytest.approx(0.2019, abs=1e-4)
    assert part.unit.endswith("caseops")


def test_coverage_is_by_bytes_where_it_is_not() -> None:
    line = score(1.15, 3.0)
    part = coverage(log(line, tokens=5_000_000), line, COMPETITION)
    assert part is not None
    assert part.share == pytest.approx(15_000_000 / SPLIT, abs=1e-4)
    assert part.unit == "bytes"


def test_the_largest_number_of_tokens_is_that_of_the_split() -> None:
    line = score(1.15, 2.436)
    shown = [Measurement(Quantity.VAL_TOKENS, n, PLACE) for n in (65_536, 62_021_632, 12)]
    found = coverage(TrainLog("train.log", "id", 1, (line,), tuple(shown)), line, COMPETITION)
    assert found is not None
    assert found.share == 1.0


def test_bytes_on_a_score_line_are_read_with_their_place() -> None:
    found = list(stated_bytes(log(score(0.98, 3.4, number=4, quote="cond_ppm tokens=47851520 bytes=164594398 bpb"))))
    assert [(m.value, m.location.line) for m in found] == [(164_594_398.0, 4)]
