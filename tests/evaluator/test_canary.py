"""The canary's bound: it holds for whatever is causal and normalised, and it is sharp for leaks of known size."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from evaluator.canary import ALPHA, TOLERANCE, Canary

VOCAB = 6
LENGTH = 60
STREAMS = 600
LEVEL = 0.05  # large enough that a broken bound shows in 600 streams
Losses = NDArray[np.float64]


def causal_losses(draw: np.random.Generator, sharpness: float, memory: float, leak: float = 0.0) -> Losses:
    """Losses of one random predictor on many noise streams, shaped (streams, length).

    Its distribution is random for each pair of previous token and place, and drifts with the counts of what it has
    seen (`memory`), as test-time training does. `leak` is probability that is moved to the target afterwards.
    """
    tokens = draw.integers(0, VOCAB, (STREAMS, LENGTH))
    taste = draw.normal(0, sharpness, (VOCAB, VOCAB))
    counts = np.zeros((STREAMS, VOCAB))
    losses = np.empty((STREAMS, LENGTH))
    previous = np.zeros(STREAMS, dtype=np.int64)
    rows = np.arange(STREAMS)
    for place in range(LENGTH):
        logits = taste[previous] * np.cos(place) + memory * counts
        weights = np.exp(logits - logits.max(axis=1, keepdims=True))
        probability = weights / weights.sum(axis=1, keepdims=True)
        target = tokens[:, place]
        losses[:, place] = -np.log((1 - leak) * probability[rows, target] + leak)
        counts[rows, target] += 1
        previous = target
    return losses


def crossed(losses: Losses) -> float:
    """The share of streams whose e-value is above the bound, after any number of tokens."""
    found = np.zeros(STREAMS, dtype=bool)
    for tokens in (10, 30, LENGTH):
        judged = [Canary(float(mean), tokens, VOCAB, LEVEL) for mean in losses[:, :tokens].mean(axis=1)]
        found |= np.array([one.ln_e > one.bound for one in judged])
    return float(found.mean())


@settings(max_examples=30)
@given(
    seed=st.integers(0, 2**32),
    sharpness=st.floats(0.0, 1.5),
    memory=st.floats(-0.3, 0.3),
)
def test_no_causal_normalised_predictor_crosses_the_bound_more_often_than_alpha(
    seed: int, sharpness: float, memory: float
) -> None:
    share = crossed(causal_losses(np.random.default_rng(seed), sharpness, memory))
    # Five standard deviations of a share of 0.05 over 600 streams: one false alarm in millions of examples.
    assert share <= LEVEL + 5 * math.sqrt(LEVEL * (1 - LEVEL) / STREAMS)


@settings(max_examples=10)
@given(seed=st.integers(0, 2**32), sharpness=st.floats(0.0, 0.3))
def test_the_same_predictors_with_a_leak_cross_it_nearly_always(seed: int, sharpness: float) -> None:
    assert crossed(causal_losses(np.random.default_rng(seed), sharpness, 0.0, leak=0.15)) > 0.95


@given(leak=st.floats(1e-4, 0.5), vocab_size=st.integers(64, 65_536), alpha=st.sampled_from([0.05, 1e-3, ALPHA]))
def test_a_leak_of_known_size_is_found_as_soon_as_the_bound_says(leak: float, vocab_size: int, alpha: float) -> None:
    # A uniform guess that moves `leak` of its probability to the target gains so many nats on every token.
    gain = math.log((1 - leak) / vocab_size + leak) + math.log(vocab_size)
    needed = math.log(1 / alpha) / gain
    loss = math.log(vocab_size) - gain
    before, after = max(1, math.floor(needed * 0.999)), math.ceil(needed * 1.001) + 1
    assert Canary(loss, after, vocab_size, alpha).violated == (gain > TOLERANCE)
    assert not Canary(loss, before, vocab_size, alpha).violated or before > needed


def test_a_gain_within_floating_point_is_never_a_proof() -> None:
    chance = math.log(1024)
    assert not Canary(chance - 0.9 * TOLERANCE, 10**9, 1024).violated
    assert Canary(chance - 1.1 * TOLERANCE, 10**9, 1024).violated


def test_the_figures_are_those_of_the_definition() -> None:
    judged = Canary(6.0, 20_000, 512)
    assert judged.ln_e == pytest.approx(20_000 * (math.log(512) - 6.0))
    assert judged.bound == pytest.approx(20.723, abs=1e-3)
    assert "20,000 validation tokens" in judged.sentence()
    assert "ln 512 = 6.2383" in judged.sentence()
    assert "no better than chance" in Canary(6.3, 20_000, 512).sentence()
