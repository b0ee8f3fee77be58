"""Does a set of runs beat another by a margin, and how surely: tests, effect, interval and what makes one doubt them.

All values are scores in the competition's metric; gains are positive where the candidate is better. A margin in nats
per token is turned into bits per byte first: a token holds bytes/tokens·ln 2 nats for each bit per byte.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from statistics import fmean, variance

from rules.competition import Competition, Significance
from rules.distributions import normal_survival, t_quantile, t_survival

FEWEST_RUNS = 3
CONFIDENCE = 0.95
WIDE = 2.0  # times the pooled deviation


class Test(StrEnum):
    """How a p-value was found."""

    __test__ = False  # no test of ours, whatever its name

    WELCH = "one-sided Welch test"
    ONE_SAMPLE = "one-sided one-sample t test"
    Z = "z test with pooled deviation"


class Doubt(StrEnum):
    """What makes one doubt a comparison."""

    DISAGREE = "the tests disagree"
    FEW_RUNS = "fewer than three runs"
    WIDE = "the runs deviate more than twice as much as usual"
    MISSING_SEEDS = "claimed seeds are missing"
    REPEATED_SEEDS = "a seed is counted more than once"


@dataclass(frozen=True, slots=True)
class Runs:
    """Scores of runs that differ in nothing but their seed; `seeds` as far as they are known.

    `missing` are seeds that the submission claims and shows no run of.
    """

    values: tuple[float, ...]
    seeds: tuple[int, ...] = ()
    missing: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if not self.values or not all(map(math.isfinite, self.values)):
            raise ValueError(f"runs need at least one score, and finite ones: {self.values}")

    @property
    def mean(self) -> float:
        """The mean score."""
        return fmean(self.values)

    @property
    def deviation(self) -> float | None:
        """The sample standard deviation, None for a single run."""
        return math.sqrt(variance(self.values)) if len(self.values) > 1 else None


@dataclass(frozen=True, slots=True)
class Comparison:
    """A candidate against the incumbent.

    `gain`, `margin` and `error`, the standard error of the gain, are in the metric's unit; `p` is the chance of such a
    gain, or a larger one, were the true gain no more than the margin. `p_pooled` is that of the z test. `degrees` are
    those of the t distribution, infinite for the z test. `nats` is the gain in nats per token, where that is known.
    """

    test: Test
    gain: float
    margin: float
    error: float
    p: float
    p_pooled: float
    degrees: float
    level: float
    n: int
    n_incumbent: int
    unit: str
    nats: float | None = None
    doubts: tuple[Doubt, ...] = ()

    @property
    def interval(self) -> tuple[float, float]:
        """The two-sided interval of the gain at CONFIDENCE."""
        reach = t_quantile((1.0 - CONFIDENCE) / 2.0, self.degrees) * self.error
        return self.gain - reach, self.gain + reach

    @property
    def improves(self) -> bool:
        """Whether the mean is better at all."""
        return self.gain > 0.0

    @property
    def significant(self) -> bool:
        """Whether the gain beats the margin at the level that is asked for."""
        return self.p < self.level

    def told(self) -> str:
        """The comparison in one sentence."""
        low, high = self.interval
        beside = "" if self.test is Test.Z else f"; z with pooled deviation p = {_p(self.p_pooled)}"
        doubts = f"; {', '.join(self.doubts)}" if self.doubts else ""
        nats = "" if self.nats is None else f" ({self.nats:+.4f} nats per token)"
        return (
            f"gain {self.gain:+.4f} {self.unit}{nats}, {CONFIDENCE:.0%} interval {low:+.4f} to {high:+.4f}, "
            f"{self.test} against a margin of {self.margin:.4f}: p = {_p(self.p)} where less than {self.level:g} is "
            f"asked for, n = {self.n} against {self.n_incumbent}{beside}{doubts}"
        )


def nats_per_bit(tokens: float, size: float) -> float:
    """Nats per token in one bit per byte, for a text of so many tokens and bytes. Raises ValueError for none."""
    if tokens <= 0 or size <= 0:
        raise ValueError(f"a text of {tokens} tokens and {size} bytes has no nats per token")
    return size / tokens * math.log(2.0)


def margin_of(bar: Significance, nats: float | None) -> float | None:
    """The margin in the metric's unit; None where it is in nats per token and nothing tells how long a token is.

    `nats` is what `nats_per_bit` gives for the candidate's tokens.
    """
    if bar.unit == "metric" or bar.margin == 0.0:
        return bar.margin
    return None if nats is None else bar.margin / nats


def compare(
    candidate: Runs, incumbent: Runs, competition: Competition, bar: Significance, nats: float | None = None
) -> Comparison | None:
    """Test whether the candidate beats the incumbent by the margin; None where the margin has no known size.

    Welch's test where both have several runs, a one-sample t test where the incumbent is a single value, and the z
    test with the competition's pooled deviation where the candidate is, or where the competition asks for it.
    """
    margin = margin_of(bar, nats)
    if margin is None:
        return None
    sign = 1.0 if competition.metric.better == "lower" else -1.0
    gain = sign * (incumbent.mean - candidate.mean)
    pooled = competition.scores.pooled_deviation
    z = _pooled(candidate, incumbent, pooled)
    p_pooled = normal_survival(_ratio(gain - margin, z.error))
    spread = z if bar.test == "z" else _own(candidate, incumbent) or z
    p = t_survival(_ratio(gain - margin, spread.error), spread.degrees)
    return Comparison(
        test=spread.test,
        gain=gain,
        margin=margin,
        error=spread.error,
        p=p,
        p_pooled=p_pooled,
        degrees=spread.degrees,
        level=bar.level,
        n=len(candidate.values),
        n_incumbent=len(incumbent.values),
        unit=competition.metric.unit,
        nats=None if nats is None else gain * nats,
        doubts=(
            *((Doubt.DISAGREE,) if (p < bar.level) != (p_pooled < bar.level) else ()),
            *doubts_of(candidate, pooled),
        ),
    )


def least_gain(runs: int, competition: Competition, bar: Significance) -> float:
    """The gain beyond the margin, in the metric's unit, below which so many runs show no more than chance would.

    By the pooled deviation, against a record of FEWEST_RUNS runs.
    """
    error = competition.scores.pooled_deviation * math.sqrt(1.0 / runs + 1.0 / FEWEST_RUNS)
    return t_quantile(bar.level, math.inf) * error


def doubts_of(runs: Runs, pooled: float) -> tuple[Doubt, ...]:
    """What the runs themselves give reason to doubt."""
    found = []
    if len(runs.values) < FEWEST_RUNS:
        found.append(Doubt.FEW_RUNS)
    if runs.deviation is not None and runs.deviation > WIDE * pooled:
        found.append(Doubt.WIDE)
    if runs.missing:
        found.append(Doubt.MISSING_SEEDS)
    if len(set(runs.seeds)) < len(runs.seeds):
        found.append(Doubt.REPEATED_SEEDS)
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Spread:
    """The standard error of a difference of means, its degrees of freedom, and the test that follows."""

    test: Test
    error: float
    degrees: float


def _pooled(candidate: Runs, incumbent: Runs, pooled: float) -> _Spread:
    """By the deviation that runs usually have; a single incumbent value counts as one run."""
    error = pooled * math.sqrt(1.0 / len(candidate.values) + 1.0 / len(incumbent.values))
    return _Spread(Test.Z, error, math.inf)


def _own(candidate: Runs, incumbent: Runs) -> _Spread | None:
    """By the runs' own deviations, None for a single candidate run; a single incumbent value counts as fixed.

    Degrees of freedom are those of Welch and Satterthwaite.
    """
    n, m = len(candidate.values), len(incumbent.values)
    if n < 2:
        return None
    own = variance(candidate.values) / n
    if m < 2:
        return _Spread(Test.ONE_SAMPLE, math.sqrt(own), n - 1.0)
    other = variance(incumbent.values) / m
    both = own + other
    degrees = both**2 / (own**2 / (n - 1) + other**2 / (m - 1)) if both > 0.0 else float(n + m - 2)
    return _Spread(Test.WELCH, math.sqrt(both), degrees)


def _ratio(difference: float, error: float) -> float:
    """A statistic; runs without any spread decide by the difference alone."""
    if error > 0.0:
        return difference / error
    return 0.0 if difference == 0.0 else math.copysign(math.inf, difference)


def _p(value: float) -> str:
    return f"{value:.3f}" if value >= 0.001 else f"{value:.1e}"
