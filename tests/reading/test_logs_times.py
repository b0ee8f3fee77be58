"""Seconds and steps: training, evaluation, reserve, calibration, precomputation."""

from __future__ import annotations

import pytest

from rules.reading.logs.evaluation import BEFORE, OUTSIDE
from rules.reading.logs.summary import eval_seconds, headline, steps, train_seconds
from rules.reading.logs.training import ROUNDED, STOPPED, TOLD
from rules.submission import Quantity, Score, TrainLog
from tests.reading.logs_samples import RUN, TILT, line_of, read


@pytest.mark.parametrize(("text", "told", "step"), [(RUN, 600.038, 12001), (TILT, 599.608, 4557)])
def test_the_time_at_the_stop_is_the_train_time(text: str, told: float, step: int) -> None:
    log = read(text)
    time = train_seconds(log)
    assert time is not None
    assert (round(time.value, 3), time.label) == (told, STOPPED)
    assert time.location.line == line_of(text, "stopping_early")
    assert log.stopped_by_cap == time
    assert [m.value for m in log.all(Quantity.STEPS)] == [step]


def test_a_run_that_is_not_stopped_ends_with_its_last_line() -> None:
    log = read("step:1/2 train_loss:3 train_time:500ms\nstep:2/2 val_loss:2.0 val_bpb:1.2 train_time:900ms\n")
    time, step = train_seconds(log), steps(log)
    assert time is not None
    assert step is not None
    assert (time.value, time.label, time.location.line, step.value) == (0.9, TOLD, 2, 2)
    assert log.stopped_by_cap is None


def test_each_run_of_a_file_has_its_own_end() -> None:
    log = read(RUN + RUN.replace("600038ms", "600044ms"))
    assert [round(m.value, 3) for m in log.all(Quantity.TRAIN_SECONDS)] == [600.038, 600.044]


def test_minutes_are_told_as_rounded() -> None:
    time = train_seconds(read("10/20 train_loss: 2.0 train_time: 9.7m tok/s: 3\n"))
    assert time is not None
    assert (round(time.value), time.label) == (582, TOLD + ROUNDED)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("s:500/20000 tl:2.3 tt:42717ms sa:85.43ms", 42.717),
        ("training_seconds: 300.1", 300.1),
        ("  Training complete in 589s (2100 steps)", 589),
        ("phase:train wall_ms:600123 steps:7000", 600.123),
        ("stop tt:600005ms s:7100/20000", 600.005),
        ("step 38000  loss 2.2610  bpb 3.2620  lr 4.39e-04  t 2888s", 2888),
    ],
)
def test_other_words_for_the_time_of_training(line: str, told: float) -> None:
    time = train_seconds(read(f"{line}\n"))
    assert time is not None
    assert time.value == pytest.approx(told)


def test_what_is_said_after_training_about_its_time_is_not_its_time() -> None:
    after = "late_qat:enabled step:9 train_time:590000ms\ngptq:collected hessians total_train_time:660000ms\n"
    time = train_seconds(read(RUN + after))
    assert time is not None
    assert round(time.value, 3) == 600.038


def test_the_headline_takes_its_seconds_from_its_rounded_twin() -> None:
    log = read(RUN)
    best, spent = headline(log), eval_seconds(log)
    assert best is not None
    assert spent is not None
    assert (best.label, spent.value) == ("final_int8_zlib_roundtrip_exact", 1.401)
    assert spent.location.line == line_of(RUN, "final_int8_zlib_roundtrip ")


def test_the_headline_takes_its_own_seconds_and_no_diagnostic_ones() -> None:
    spent = eval_seconds(read(TILT))
    assert spent is not None
    assert (spent.value, spent.label) == (368.074, "quantized_ttt_phased")


def test_a_headline_without_seconds_takes_the_total_that_follows() -> None:
    log = read("final_a val_bpb:1.5 eval_time:9s\nfinal_b val_bpb:1.1\ntotal_eval_time:77.5s\n")
    spent = eval_seconds(log)
    assert spent is not None
    assert (spent.value, spent.location.line) == (77.5, 3)


def test_no_final_score_is_no_headline() -> None:
    log = read("step:1/2 val_loss:3 val_bpb:1.9 train_time:500ms\n")
    assert headline(log) is None
    assert eval_seconds(TrainLog("a", "b", 0)) is None


def test_the_reserve_is_the_difference_to_the_cap_where_the_printed_one_is_rounded() -> None:
    reserve = read(TILT).last(Quantity.RESERVE_SECONDS)
    assert reserve is not None
    assert (reserve.value, reserve.location.line) == (0.5, line_of(TILT, "gptq:reserving"))
    told = read("gptq:reserving 9000ms from training budget\n").last(Quantity.RESERVE_SECONDS)
    assert told is not None
    assert told.value == 9.0


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("GPTQ:collected 67 Hessians in 6.9s", 6.9),
        ("gptq:calibrated 68 layers in 2.1s", 2.1),
        ("gptq:generated 64 sequences in 196.7s", 196.7),
        ("gptq:hessians collected layers=68 time=10.6s", 10.6),
        ("gptq:hessian_collection_time:218732ms", 218.732),
    ],
)
def test_seconds_of_calibration(line: str, told: float) -> None:
    found = read(f"{line}\n").last(Quantity.CALIBRATION_SECONDS)
    assert found is not None
    assert found.value == pytest.approx(told)


def test_precomputation_counts_only_outside_the_timer() -> None:
    (before,) = read(TILT).all(Quantity.PRECOMPUTE_SECONDS)
    assert (before.value, before.label, before.location.line) == (33.1, BEFORE, line_of(TILT, "ngram_tilt:precompute"))
    inside = "beginning TTT eval timer\nngram_tilt:precompute_done elapsed=33.10s\n"
    assert read(inside).all(Quantity.PRECOMPUTE_SECONDS) == []
    (named,) = read("tilt:precompute_outside_timer_done elapsed=164.53s\n").all(Quantity.PRECOMPUTE_SECONDS)
    assert (named.value, named.label) == (164.53, OUTSIDE)


def test_twins_need_the_same_value() -> None:
    log = read("final_a val_bpb:1.1234 eval_time:9s\nfinal_b val_bpb:1.3345\n")
    other: Score = log.final_scores[-1]
    assert eval_seconds(log, other) is None
