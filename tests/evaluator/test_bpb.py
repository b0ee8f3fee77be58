"""Bits per byte against an independent implementation in plain Python."""

from __future__ import annotations

import math
import random

import pytest

from evaluator.bpb import ScoreError, Tally, bits_per_byte, token_nll

torch = pytest.importorskip("torch")


def slowly(logits: list[list[float]], targets: list[int], sizes: list[int]) -> float:
    """The definition, one token after another, without any array."""
    bits = []
    for row, target in zip(logits, targets, strict=True):
        top = max(row)
        partition = math.fsum(math.exp(value - top) for value in row)
        bits.append(-(row[target] - top - math.log(partition)) / math.log(2))
    return math.fsum(bits) / sum(sizes)


@pytest.mark.parametrize("scale", [0.1, 3.0, 50.0])
def test_bits_per_byte_agree_with_plain_python_to_nine_digits(scale: float) -> None:
    draw = random.Random(7)
    logits = [[draw.gauss(0, scale) for _ in range(64)] for _ in range(500)]
    targets = [draw.randrange(64) for _ in logits]
    sizes = [draw.randrange(1, 9) for _ in logits]
    tally = Tally()
    for first in range(0, 500, 128):
        part = slice(first, first + 128)
        nll = token_nll(torch.tensor(logits[part], dtype=torch.float64), torch.tensor(targets[part]))
        tally.add(nll, sum(sizes[part]))
    assert tally.tokens == 500
    assert tally.val_bpb == pytest.approx(slowly(logits, targets, sizes), rel=1e-9)
    assert tally.nats_per_token / math.log(2) * tally.tokens / tally.bytes == pytest.approx(tally.val_bpb, rel=1e-12)


def test_logits_keep_their_shape() -> None:
    nll = token_nll(torch.zeros(2, 3, 16), torch.zeros(2, 3, dtype=torch.int64))
    assert nll.shape == (2, 3)
    assert nll[0, 0].item() == pytest.approx(math.log(16), rel=1e-12)


def test_shapes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ScoreError, match="do not fit"):
        token_nll(torch.zeros(2, 3, 16), torch.zeros(2, 4, dtype=torch.int64))


def test_no_byte_no_token_and_no_number_are_no_score() -> None:
    with pytest.raises(ScoreError, match="no byte"):
        bits_per_byte(1.0, 0)
    with pytest.raises(ScoreError, match="nan"):
        bits_per_byte(math.nan, 1)
    with pytest.raises(ScoreError, match="no token"):
        _ = Tally().nats_per_token


@pytest.mark.gpu
def test_a_gpu_scores_the_same() -> None:
    logits = torch.randn(1000, 512)
    targets = torch.randint(0, 512, (1000,))
    there = token_nll(logits.cuda(), targets.cuda()).sum().item()
    assert there == pytest.approx(token_nll(logits, targets).sum().item(), rel=1e-9)
