"""The streams that a submission is given instead of the competition's data, one pair of splits for each trial."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np

from evaluator import shards
from evaluator.probes.data import DataError, ProbeData
from evaluator.shards import Tokens

TRAIN_TOKENS = 1 << 20
MOST_TEXT = 1 << 24  # tokens of real text that a swap trains on


@dataclass(frozen=True, slots=True)
class Streams:
    """Tokens of both splits. The first validation token is context: one less is scored."""

    name: str
    train: Tokens
    val: Tokens

    @property
    def scored(self) -> int:
        """Tokens that an evaluation scores."""
        return len(self.val) - 1


def canary(data: ProbeData, tokens: int, seed: int) -> Streams:
    """Noise over the whole vocabulary in both splits.

    The training split is noise too: a model trained on text is over-confident on noise, which hides weak leaks.
    """
    return Streams("canary", _train(data, seed), shards.noise(tokens + 1, data.vocab_size, _seed(seed, "canary")))


def whole(data: ProbeData, tokens: int, seed: int) -> Streams:
    """Noise of tokens that stand for text, as one document."""
    return Streams("whole", _train(data, seed), _one_document(data, tokens, seed))


def flipped(data: ProbeData, tokens: int, seed: int) -> Streams:
    """The same as `whole` in its first half, other noise in its second."""
    val = _one_document(data, tokens, seed)
    start = tokens // 2 + 1
    val[start:] = _draw(data, len(val) - start, _seed(seed, "flipped"))
    return Streams("flipped", _train(data, seed), val)


def half(data: ProbeData, tokens: int, seed: int) -> Streams:
    """The first half of `whole` alone."""
    return Streams("half", _train(data, seed), shards.truncate(_one_document(data, tokens, seed), tokens // 2 + 1))


def exchanged(data: ProbeData, tokens: int, exchangeable: int) -> list[Streams]:
    """The official validation text, then as many stretches of training text that were kept out of training.

    All are trained on the same text and have the same length. Raises DataError where there is too little.
    """
    try:
        official = shards.read_split(data.folder, "val", most_tokens=tokens + 1)
        text = shards.read_split(data.folder, "train", most_tokens=MOST_TEXT)
        count = len(official)
        train, others = shards.hold_out(text, count, exchangeable)
    except shards.ShardError as error:
        raise DataError(str(error)) from None
    return [Streams("official", train, official)] + [
        Streams(f"exchangeable-{number}", train, val) for number, val in enumerate(others, 1)
    ]


def _train(data: ProbeData, seed: int) -> Tokens:
    return shards.noise(TRAIN_TOKENS, data.vocab_size, _seed(seed, "train"))


def _one_document(data: ProbeData, tokens: int, seed: int) -> Tokens:
    """A boundary, where the vocabulary has one, then text tokens only: batching by document changes no order."""
    val = _draw(data, tokens + 1, _seed(seed, "whole"))
    marks = np.flatnonzero(data.table.boundary[: data.vocab_size])
    if len(marks):
        val[0] = marks[min(1, len(marks) - 1)]  # the unknown token comes first, the one that begins documents second
    return val


def _draw(data: ProbeData, count: int, seed: list[int]) -> Tokens:
    ordinary = np.array(data.ordinary(), dtype=np.uint16)
    if len(ordinary) < 2:
        raise DataError("the tokenizer has no tokens that stand for text")
    return ordinary[np.random.default_rng(seed).integers(0, len(ordinary), count)]


def _seed(seed: int, purpose: str) -> list[int]:
    """Independent draws for each purpose from one secret number."""
    return [seed, int.from_bytes(hashlib.sha256(purpose.encode()).digest()[:4], "little")]
