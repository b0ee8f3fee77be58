from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from rules.competition import Significance, builtin
from rules.statistics import Comparison, Doubt, Runs, Test, compare, least_gain, margin_of, nats_per_bit

COMPETITION = builtin()
WRITTEN = COMPETITION.significance[0]
PLAIN = WRITTEN.model_copy(update={"margin": 0.001, "unit": "metric"})
POOLED = COMPETITION.scores.pooled_deviation
SCORES = st.lists(st.floats(1.0, 1.3), min_size=2, max_size=8)


def compared(candidate: Runs, incumbent: Runs, bar: Significance = PLAIN, nats: float | None = None) -> Comparison:
    found = compare(candidate, incumbent, COMPETITION, bar, nats)
    assert found is not None
    return found


@settings(max_examples=100, deadline=None)
@given(ours=SCORES, theirs=SCORES)
def test_several_runs_against_several_are_scipy_s_welch_test_with_the_margin(
    ours: list[float], theirs: list[float]
) -> None:
    assume(np.ptp(ours) > 1e-6 and np.ptp(theirs) > 1e-6)
    found = compared(Runs(tuple(ours)), Runs(tuple(theirs)))
    wanted = stats.ttest_ind(np.array(theirs) - PLAIN.margin, ours, equal_var=False, alternative="greater")
    assert found.test is Test.WELCH
    assert found.p == pytest.approx(float(wanted.pvalue), abs=1e-9)
    assert found.degrees == pytest.approx(float(wanted.df), rel=1e-9)
    both = stats.ttest_ind(theirs, ours, equal_var=False).confidence_interval(0.95)
    assert found.interval == pytest.approx((both.low, both.high), abs=1e-8)


@settings(max_examples=100, deadline=None)
@given(ours=SCORES, theirs=st.floats(1.0, 1.3))
def test_a_single_incumbent_value_is_scipy_s_one_sample_test(ours: list[float], theirs: float) -> None:
    assume(np.ptp(ours) > 1e-6)
    found = compared(Runs(tuple(ours)), Runs((theirs,)))
    wanted = stats.ttest_1samp(ours, theirs - PLAIN.margin, alternative="less")
    assert found.test is Test.ONE_SAMPLE
    assert found.p == pytest.approx(float(wanted.pvalue), abs=1e-9)


def test_a_single_candidate_run_is_left_to_the_z_test() -> None:
    found = compared(Runs((1.10,)), Runs((1.104, 1.105, 1.103)))
    assert found.test is Test.Z
    assert found.p == found.p_pooled
    assert found.p == pytest.approx(float(stats.norm.sf(0.003 / (POOLED * math.sqrt(4 / 3)))), rel=1e-9)
    assert Doubt.FEW_RUNS in found.doubts


def test_the_competition_may_ask_for_the_z_test() -> None:
    bar = PLAIN.model_copy(update={"test": "z"})
    assert compared(Runs((1.10, 1.101, 1.102)), Runs((1.104, 1.105, 1.103)), bar).test is Test.Z


def test_a_margin_in_nats_per_token_depends_on_how_long_a_token_is() -> None:
    small, large = nats_per_bit(62_021_846, 151_080_891), nats_per_bit(40_550_400, 151_080_891)
    assert margin_of(WRITTEN, small) == pytest.approx(0.0030, abs=5e-5)
    assert margin_of(WRITTEN, large) == pytest.approx(0.0019, abs=5e-5)
    assert margin_of(WRITTEN, None) is None
    assert compare(Runs((1.1, 1.2)), Runs((1.2,)), COMPETITION, WRITTEN) is None


def test_a_higher_score_is_better_where_the_metric_says_so() -> None:
    higher = COMPETITION.model_copy(update={"metric": COMPETITION.metric.model_copy(update={"better": "higher"})})
    found = compare(Runs((1.3, 1.31)), Runs((1.2, 1.21)), higher, PLAIN)
    assert found is not None
    assert found.gain == pytest.approx(0.1)


def test_runs_without_spread_decide_by_the_difference_alone() -> None:
    assert compared(Runs((1.1, 1.1)), Runs((1.2,))).p == 0.0
    assert compared(Runs((1.2, 1.2)), Runs((1.1,))).p == 1.0


def test_what_makes_one_doubt_is_said() -> None:
    wide = compared(Runs((1.10, 1.11), seeds=(1, 1), missing=(7,)), Runs((1.2, 1.201, 1.202)))
    assert wide.doubts == (
        Doubt.DISAGREE,
        Doubt.FEW_RUNS,
        Doubt.WIDE,
        Doubt.MISSING_SEEDS,
        Doubt.REPEATED_SEEDS,
    )
    assert compared(Runs((1.1, 1.1005, 1.1002)), Runs((1.2, 1.201, 1.202))).doubts == ()


def test_the_sentence_gives_gain_interval_p_n_and_unit() -> None:
    told = compared(Runs((1.1, 1.1005, 1.1002)), Runs((1.104, 1.105, 1.103)), nats=2.58).told()
    assert told.startswith("gain +0.0038 bits per byte (+0.0097 nats per token), 95% interval ")
    assert "one-sided Welch test against a margin of 0.0010: p = " in told
    assert "n = 3 against 3; z with pooled deviation p = " in told


def test_the_least_gain_that_tells_from_chance_shrinks_with_more_runs() -> None:
    one, three = (least_gain(runs, COMPETITION, WRITTEN) for runs in (1, 3))
    assert three == pytest.approx(float(stats.norm.isf(0.01)) * POOLED * math.sqrt(2 / 3), rel=1e-9)
    assert one > three


@pytest.mark.parametrize("values", [(), (math.nan,), (1.0, math.inf)])
def test_runs_without_finite_scores_are_refused(values: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="finite"):
        Runs(values)


def rates(rounds: int, best_of: int, seed: int) -> dict[str, float]:
    """How often each test accepts a candidate that is no better than the margin: 3 runs, the best 3 of `best_of`."""
    rng = np.random.default_rng(seed)
    found = {"welch": 0, "one-sample": 0, "z": 0}
    for _ in range(rounds):
        ours = np.sort(rng.normal(1.1 - PLAIN.margin, POOLED, best_of))[:3] if best_of > 3 else None
        runs = Runs(tuple(rng.normal(1.1 - PLAIN.margin, POOLED, 3) if ours is None else ours))
        incumbent = Runs(tuple(rng.normal(1.1, POOLED, 3)))
        welch = compared(runs, incumbent)
        found["welch"] += welch.significant
        found["z"] += welch.p_pooled < welch.level
        found["one-sample"] += compared(runs, Runs((incumbent.mean,))).significant
    return {name: count / rounds for name, count in found.items()}


ROUNDS = 4_000


def within(rate: float, expected: float) -> bool:
    """Within four standard errors of a simulation of ROUNDS."""
    return abs(rate - expected) < 4 * math.sqrt(expected * (1 - expected) / ROUNDS)


def test_false_accepts_are_at_the_stated_level() -> None:
    found = rates(ROUNDS, best_of=3, seed=20260401)
    assert within(found["z"], 0.010)
    assert found["welch"] < 0.010  # with three runs each Welch's test is conservative: 0.006
    assert within(found["welch"], 0.006)
    assert within(found["one-sample"], 0.019)  # a single value for the incumbent hides its own deviation


def test_choosing_the_best_three_of_six_raises_every_rate() -> None:
    found = rates(1_000, best_of=6, seed=20260402)
    assert found["one-sample"] > 0.09
    assert found["welch"] > 0.02
    assert found["z"] > 0.03
