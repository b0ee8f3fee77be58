from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special, stats

from rules.distributions import incomplete_beta, normal_survival, t_quantile, t_survival

DEGREES = st.floats(0.5, 500.0)


@settings(max_examples=150, deadline=None)
@given(t=st.floats(-200.0, 200.0), degrees=DEGREES)
def test_the_tail_of_student_s_t_is_that_of_scipy(t: float, degrees: float) -> None:
    assert t_survival(t, degrees) == pytest.approx(float(stats.t.sf(t, degrees)), rel=1e-10, abs=1e-13)


@settings(max_examples=150, deadline=None)
@given(x=st.floats(0.0, 1.0), a=st.floats(0.05, 300.0), b=st.floats(0.05, 300.0))
def test_the_incomplete_beta_function_is_that_of_scipy(x: float, a: float, b: float) -> None:
    assert incomplete_beta(x, a, b) == pytest.approx(float(special.betainc(a, b, x)), abs=1e-10)


@settings(max_examples=100, deadline=None)
@given(upper=st.floats(1e-6, 1.0 - 1e-6), degrees=st.floats(1.0, 500.0))
def test_the_quantile_undoes_the_tail(upper: float, degrees: float) -> None:
    assert t_survival(t_quantile(upper, degrees), degrees) == pytest.approx(upper, rel=1e-9)


def test_the_normal_tail_is_that_of_scipy_and_the_limit_of_t() -> None:
    for z in (-8.0, -1.0, 0.0, 2.326, 12.0):
        assert normal_survival(z) == pytest.approx(float(stats.norm.sf(z)), rel=1e-12)
        assert t_survival(z, math.inf) == normal_survival(z)


def test_a_statistic_without_end_leaves_no_tail() -> None:
    assert (t_survival(math.inf, 2.0), t_survival(-math.inf, 2.0)) == (0.0, 1.0)


@pytest.mark.parametrize("call", [lambda: t_survival(1.0, 0.0), lambda: t_quantile(1.0, 3.0)])
def test_what_is_not_defined_is_refused(call) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError, match="not"):
        call()


def test_the_incomplete_beta_function_refuses_what_lies_outside() -> None:
    with pytest.raises(ValueError, match=r"not defined at x=1\.5"):
        incomplete_beta(1.5, 1.0, 1.0)
