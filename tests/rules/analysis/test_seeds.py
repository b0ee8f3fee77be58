from __future__ import annotations

from dataclasses import replace

import pytest

from rules.analysis.seeds import differing_settings, is_incidental, runs_of, seeds_in_name
from rules.rule import Location
from tests.rules.analysis.values import submission, train_log


def test_logs_of_one_seed_are_one_run() -> None:
    found = runs_of(
        submission(
            train_log("train_seed0.log", ("final", 1.1), seed=0),
            train_log("ttt_seed0.log", ("quantized_ttt", 1.0), seed=0),
            train_log("train_seed7.log", ("final", 1.2), seed=7),
        )
    )
    assert [(run.seed, len(run.logs)) for run in found] == [(0, 2), (7, 1)]


def test_a_printed_seed_goes_before_the_one_in_the_name() -> None:
    assert [r.seed for r in runs_of(submission(train_log("train_seed7.log", ("final", 1.1), seed=42)))] == [42]


@pytest.mark.parametrize(
    ("name", "seed"),
    [
        ("train_seed42.log", (42,)),
        ("a/run-s1337.txt", (1337,)),
        ("seed=7.log", (7,)),
        ("train.log", ()),
        ("loss2.log", ()),
    ],
)
def test_the_name_of_a_log_may_tell_its_seed(name: str, seed: tuple[int, ...]) -> None:
    assert seeds_in_name(name) == seed


def test_a_log_without_seed_and_with_the_scores_of_another_is_a_copy() -> None:
    found = runs_of(
        submission(train_log("train.log", ("final", 1.1)), train_log("train_seed7.log", ("final", 1.1), seed=7))
    )
    assert [run.seed for run in found] == [7]


def test_logs_without_seed_and_with_other_scores_are_runs_of_their_own() -> None:
    found = runs_of(submission(train_log("a.log", ("final", 1.1)), train_log("b.log", ("final", 1.2))))
    assert [run.seed for run in found] == [None, None]


def test_a_log_without_a_score_is_no_run() -> None:
    assert runs_of(submission(train_log("setup.log"))) == ()


def test_settings_that_differ_are_found_with_their_values() -> None:
    logs = [
        train_log("a.log", ("final", 1.1), settings={"matrix_lr": "0.02", "run_id": "a", "ema": "True", "depth": "9"}),
        train_log("b.log", ("final", 1.2), settings={"matrix_lr": "0.03", "run_id": "b", "ema": "1", "depth": "9.0"}),
    ]
    assert [(d.name, d.values) for d in differing_settings(logs)] == [("matrix_lr", ("0.02", "0.03"))]


@pytest.mark.parametrize(("one", "other"), [("12.51s", "13.07s"), ("b7/9", "b8/9"), ("warm", "0.3")])
def test_what_a_run_measures_is_no_setting(one: str, other: str) -> None:
    logs = [train_log("a.log", ("final", 1.1), settings={"compile": v}) for v in (one, other)]
    assert list(differing_settings(logs)) == []


def test_settings_below_the_first_score_are_progress() -> None:
    late = train_log("a.log", ("final", 1.1), settings={"matrix_lr": "0.02"})
    early = replace(late, scores=tuple(replace(s, location=Location(s.location.path, 1)) for s in late.scores))
    other = train_log("b.log", ("final", 1.1), settings={"matrix_lr": "0.03"})
    assert len(list(differing_settings([late, other]))) == 1
    assert list(differing_settings([early, other])) == []


@pytest.mark.parametrize("name", ["seed", "run_id", "data_path", "val_loss_every", "local_rank", "rank", "logfile"])
def test_what_may_differ_between_seeds(name: str) -> None:
    assert is_incidental(name)


@pytest.mark.parametrize("name", ["lora_rank", "ema_every", "bigram_hash_size", "matrix_lr", "gptq_reserve_seconds"])
def test_what_may_not_differ_between_seeds(name: str) -> None:
    assert not is_incidental(name)
