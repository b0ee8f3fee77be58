"""Data for the runnable submissions: text from an invented language, a tokenizer trained on it, and shards."""

from __future__ import annotations

import io
import random
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path

import numpy as np

from evaluator import shards

VOCAB_SIZE = 512
TRAIN_TOKENS = 400_000
VAL_TOKENS = 32_769
TOKENIZER = "demo_512_bpe.model"
_ONSETS = ("b", "br", "d", "f", "gl", "k", "l", "m", "n", "p", "pr", "r", "s", "st", "t", "v", "z")
_VOWELS = ("a", "e", "i", "o", "u", "ai", "ou", "ê")
_ENDS = ("", "", "", "n", "r", "s", "t", "l")
_WORDS = 1_200


def sentences(seed: int) -> Iterator[str]:
    """Sentences without an end: common words are common, and each word has some that like to follow it."""
    draw = random.Random(seed)  # noqa: S311 - text, no secret
    words = [_word(draw) for _ in range(_WORDS)]
    weights = list(accumulate(1 / (rank + 3) for rank in range(_WORDS)))
    friends = [draw.choices(words, cum_weights=weights, k=4) for _ in words]
    place = {word: index for index, word in enumerate(words)}
    while True:
        sentence = draw.choices(words, cum_weights=weights)
        while len(sentence) < 4 or draw.random() > 0.12:
            liked = draw.random() < 0.6
            following = friends[place[sentence[-1]]]
            sentence.append(draw.choice(following) if liked else draw.choices(words, cum_weights=weights)[0])
        yield f"{' '.join(sentence).capitalize()}."


def _word(draw: random.Random) -> str:
    parts = (draw.choice(_ONSETS) + draw.choice(_VOWELS) + draw.choice(_ENDS) for _ in range(draw.choice((1, 2, 2, 3))))
    return "".join(parts)


def write(folder: Path, *, seed: int = 1, train_tokens: int = TRAIN_TOKENS, val_tokens: int = VAL_TOKENS) -> Path:
    """Write a tokenizer and shards of both splits, as the competition names them, into `folder` and return it."""
    import sentencepiece

    folder.mkdir(parents=True, exist_ok=True)
    stream = sentences(seed)
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter([next(stream) for _ in range(4_000)]),
        model_writer=model,
        model_type="bpe",
        vocab_size=VOCAB_SIZE,
        byte_fallback=True,
        normalization_rule_name="identity",
        num_threads=1,
        minloglevel=2,
    )
    (folder / TOKENIZER).write_bytes(model.getvalue())
    pieces = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())
    tokens = _tokens(pieces, stream, train_tokens + val_tokens)
    shards.write(folder / "fineweb_val_000000.bin", tokens[:val_tokens])
    for number, part in enumerate(np.array_split(tokens[val_tokens:], 2)):
        shards.write(folder / f"fineweb_train_{number:06d}.bin", part)
    return folder


def _tokens(pieces: object, stream: Iterator[str], count: int) -> shards.Tokens:
    """Documents of some sentences, each after the token that begins one."""
    found: list[int] = []
    while len(found) < count:
        document = " ".join(next(stream) for _ in range(8))
        found += [pieces.bos_id(), *pieces.encode(document)]  # type: ignore[attr-defined]
    return np.array(found[:count], dtype=np.uint16)
