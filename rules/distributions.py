"""Student's t and the normal distribution, as the tests for records need them.

The t distribution follows from the regularised incomplete beta function, which is evaluated by its continued fraction
with Lentz's method (Abramowitz and Stegun 26.5.8; the relations of t and beta are 26.7.1).
"""

from __future__ import annotations

import math

_TINY = 1e-300
_CLOSE = 1e-15
_ROUNDS = 10_000


def incomplete_beta(x: float, a: float, b: float) -> float:
    """The regularised incomplete beta function I_x(a, b). Raises ValueError outside 0 ≤ x ≤ 1, a > 0, b > 0."""
    if not (0.0 <= x <= 1.0 and a > 0.0 and b > 0.0):
        raise ValueError(f"the incomplete beta function is not defined at x={x}, a={a}, b={b}")
    return _beta(x, 1.0 - x, a, b)


def _beta(x: float, rest: float, a: float, b: float) -> float:
    """I_x(a, b), with 1 - x as `rest`: near 1 the difference would lose its digits."""
    if x <= 0.0 or rest <= 0.0:
        return 0.0 if x <= 0.0 else 1.0
    log = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log(rest)
    front = math.exp(log)
    if x < (a + 1.0) / (a + b + 2.0):
        return front * _fraction(x, a, b) / a
    return 1.0 - front * _fraction(rest, b, a) / b


def _fraction(x: float, a: float, b: float) -> float:
    """The continued fraction of the incomplete beta function."""
    c, d = 1.0, _away(1.0 - (a + b) * x / (a + 1.0))
    d = 1.0 / d
    value = d
    for m in range(1, _ROUNDS):
        for factor in (
            m * (b - m) * x / ((a + 2 * m - 1.0) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1.0)),
        ):
            d = 1.0 / _away(1.0 + factor * d)
            c = _away(1.0 + factor / c)
            step = c * d
            value *= step
        if abs(step - 1.0) < _CLOSE:
            return value
    raise ArithmeticError(f"the continued fraction did not settle at x={x}, a={a}, b={b}")


def _away(value: float) -> float:
    return value if abs(value) > _TINY else _TINY


def t_survival(t: float, degrees: float) -> float:
    """P(T > t) for Student's t with so many degrees of freedom, which need not be whole. Raises ValueError for ≤ 0."""
    if not degrees > 0.0:
        raise ValueError(f"Student's t needs degrees of freedom above 0, not {degrees}")
    if math.isinf(degrees):
        return normal_survival(t)
    if math.isinf(t):
        return 0.0 if t > 0 else 1.0
    square = t * t
    tail = 0.5 * _beta(degrees / (degrees + square), square / (degrees + square), degrees / 2.0, 0.5)
    return tail if t >= 0.0 else 1.0 - tail


def normal_survival(z: float) -> float:
    """P(Z > z) for the standard normal distribution."""
    return 0.5 * math.erfc(z / math.sqrt(2.0))


def t_quantile(upper: float, degrees: float) -> float:
    """The t with P(T > t) = `upper`, by bisection. Raises ValueError outside 0 < upper < 1."""
    if not 0.0 < upper < 1.0:
        raise ValueError(f"a tail holds between 0 and 1, not {upper}")
    if upper > 0.5:
        return -t_quantile(1.0 - upper, degrees)
    low, high = 0.0, 1.0
    while t_survival(high, degrees) > upper:
        low, high = high, high * 2.0
    for _ in range(200):
        middle = 0.5 * (low + high)
        if middle in (low, high):
            break
        low, high = (middle, high) if t_survival(middle, degrees) > upper else (low, middle)
    return 0.5 * (low + high)
