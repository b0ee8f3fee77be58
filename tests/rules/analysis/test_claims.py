from __future__ import annotations

from dataclasses import replace

import pytest

from rules.analysis.claims import (
    averaged,
    claimed_seeds,
    exactly,
    headline,
    headline_claim,
    nearest,
    shown,
    title_score,
    tolerance,
)
from rules.competition import builtin
from rules.rule import Location
from rules.submission import Claim, Quantity, Readme
from tests.rules.analysis.values import FOLDER, claim, submission, train_log


def at_line(value: float, line: int) -> Claim:
    return Claim(Quantity.VAL_BPB, value, Location(f"{FOLDER}/README.md", line))


@pytest.mark.parametrize(
    ("title", "score"),
    [
        ("Record: depth recurrence — val_bpb 1.1104 (3-seed mean)", 1.1104),
        ("Record: 1.0362 BPB — momentum 0.95", 1.0362),
        ("EMA(0.997) + LeakyReLU(0.75)", None),
        ("1.1 BPB", None),
        ("val_bpb 1.1104, was val_bpb 1.1200", None),
    ],
)
def test_the_score_of_a_title_stands_next_to_bpb(title: str, score: float | None) -> None:
    assert title_score(title) == score


def test_a_claim_of_zero_is_no_claim() -> None:
    assert headline_claim(submission(claims=(claim(0.0), claim(1.1)))) == claim(1.1)


def test_the_seeds_that_are_named_go_before_those_with_a_score() -> None:
    scored = (claim(1.1, seed=7), claim(1.2, seed=42))
    assert claimed_seeds(submission(claims=scored)) == (7, 42)
    assert claimed_seeds(submission(claims=(claim(42, quantity=Quantity.SEED), *scored))) == (42,)


def test_a_gain_that_the_readme_names_is_no_headline() -> None:
    readme = Readme(f"{FOLDER}/README.md", "costs 0.04 bpb\nval_bpb 1.1", (at_line(0.04, 1), at_line(1.1, 2)))
    assert headline_claim(replace(submission(), readme=readme)) == at_line(1.1, 2)


def test_the_lines_that_are_averaged_are_the_most_that_a_stated_mean_is_taken_over() -> None:
    logs = [train_log(f"{s}.log", ("final", 1.1 + s / 1e3), seed=s) for s in (1, 2, 6)]
    claims = (claim(1.1015), claim(1, quantity=Quantity.SEED), claim(2, quantity=Quantity.SEED))
    assert len(averaged(submission(*logs, claims=claims))) == 2
    assert len(averaged(submission(*logs, claims=claims, title="val_bpb 1.1030 (3 seeds)"))) == 3


def test_a_mean_over_runs_is_among_what_the_logs_show() -> None:
    logs = (train_log("a.log", ("final", 1.0), seed=1), train_log("b.log", ("final", 1.2), seed=2))
    found = nearest(1.1, shown(submission(*logs)))
    assert found is not None
    assert found.value == pytest.approx(1.1)
    assert found.seeds == (1, 2)


def test_of_two_equally_near_lines_the_final_one_is_named() -> None:
    log = train_log("a.log", ("step", 1.1), ("final", 1.1))
    found = nearest(1.1, shown(submission(log)))
    assert found is not None
    assert found.label == "final"


def test_the_claim_chooses_the_label_and_the_logs_give_the_value() -> None:
    logs = [
        train_log(f"{s}.log", ("final", 1.2 + s / 1e4), ("ttt", 1.1 + s / 1e4), ("late", 1.3), seed=s)
        for s in (1, 2, 3)
    ]
    found = headline(submission(*logs, claims=(claim(1.1),)))
    assert found is not None
    assert found.label == "ttt"
    assert found.value == pytest.approx(1.1002)


def test_a_claim_for_the_best_run_still_gives_the_mean() -> None:
    logs = [train_log(f"{s}.log", ("final", 1.1 + s / 1e3), seed=s) for s in (1, 5, 9)]
    found = headline(submission(*logs, claims=(claim(1.101),)))
    assert found is not None
    assert found.value == pytest.approx(1.105)
    assert sorted(found.seeds) == [1, 5, 9]


def test_the_headline_is_the_mean_over_the_claimed_seeds() -> None:
    logs = [train_log(f"{s}.log", ("final", 1.1 + s / 1e3), seed=s) for s in (1, 5, 9)]
    claims = (claim(1.103), claim(1, quantity=Quantity.SEED), claim(5, quantity=Quantity.SEED))
    found = headline(submission(*logs, claims=claims))
    assert found is not None
    assert found.seeds == (1, 5)


def test_a_claim_far_from_every_line_does_not_choose() -> None:
    log = train_log("a.log", ("roundtrip", 1.2), ("sliding", 1.15))
    found = headline(submission(log, claims=(claim(0.9),)))
    assert found is not None
    assert found.value == 1.15


def test_without_logs_there_is_no_headline() -> None:
    assert headline(submission(claims=(claim(1.1),))) is None


def test_rounding_is_no_difference() -> None:
    assert exactly(claim(1.1105), 1.11046)
    assert not exactly(claim(1.1105), 1.1106)
    assert tolerance(1.1, builtin()) == pytest.approx(0.05)
    assert tolerance(1.11046, builtin()) == builtin().scores.agreement
