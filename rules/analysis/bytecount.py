"""How many bytes a score line divides by, and whether that is the text of the validation split.

A line that prints the loss L in nats per token and the score B in bits per byte tells its bytes per token,

    r = L / (ln 2 · B),

whatever the script does to count them. Times the tokens of the split that is the denominator in bytes, which for the
official split is one known number under every tokenization that keeps the text.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

from rules.competition import Competition, Tokenizer
from rules.submission import Measurement, Quantity, Score, Setting, TrainLog

TRANSFORMS = ("caseops", "casefold", "lowercase", "normalized")  # in a data path: the text itself was changed
_BYTES = re.compile(r"\bbytes[=:] ?(\d{8,10})\b")
_ANY_BYTES = re.compile(r"\bbytes[=:] ?(\d{6,10})\b")
_TOKENS = re.compile(r"\btokens[=:] ?(\d{6,10})\b")
_LEAST_TOKENS = 1_000  # fewer are no count of a split
_MOST_TOKENS = 10**12  # more are none either


@dataclass(frozen=True, slots=True)
class ByteCount:
    """What a score line says about its denominator.

    `per_token` in bytes; `uncertainty` is its relative error through the digits that the line does not print.
    `tokens` is how many the log says it validates on, else the split's number in the tokenization. `shown` is the
    line with the tokens, None where they come from the tokenization.
    """

    score: Score
    per_token: float
    uncertainty: float
    tokens: int
    tokenizer: Tokenizer | None
    shown: Measurement | None

    @property
    def total(self) -> float:
        """Bytes that the score divides by."""
        return self.per_token * self.tokens

    def excess(self, competition: Competition) -> float:
        """By which share the bytes differ from the official split's: 0.09 for 9 % too many."""
        return self.total / competition.fingerprints.val_bytes - 1

    def agrees(self, competition: Competition) -> bool:
        """Whether the bytes are those of the official split, as far as the printed digits tell."""
        return abs(self.excess(competition)) <= competition.fingerprints.val_bytes_tolerance + self.uncertainty


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of the split a run validates on: `share` is 1 for all of it; `expected` is in `unit`."""

    share: float
    shown: Measurement
    expected: int
    unit: str


def per_token(score: Score) -> float | None:
    """Bytes per token by which a line divides, None where it lacks one of both numbers or one is no score."""
    loss, bits = score.val_loss, score.val_bpb
    if loss is None or bits is None or not (0 < loss < 100) or not (0 < bits < 100):
        return None
    return loss / (math.log(2) * bits)


def byte_count(score: Score, log: TrainLog, competition: Competition) -> ByteCount | None:
    """The denominator of a score line; None where neither its ratio nor its number of tokens is known."""
    ratio, tokenizer, shown = per_token(score), tokenizer_of(log, competition), val_tokens(log)
    if ratio is None:
        return None
    if shown is not None:
        return ByteCount(score, ratio, rounding_of(score), int(shown.value), tokenizer, shown)
    if tokenizer is None:
        return None
    return ByteCount(score, ratio, rounding_of(score), tokenizer.val_tokens, tokenizer, None)


def coverage(log: TrainLog, score: Score, competition: Competition) -> Coverage | None:
    """Which share of the split the run says it validates on; None where that cannot be told.

    The larger of its share in tokens of the named tokenization and its share in bytes: a tokenizer of the
    participant's own has other tokens for the same bytes.
    """
    shown = val_tokens(log)
    if shown is None:
        return None
    tokens, split = int(shown.value), competition.fingerprints.val_bytes
    if any(is_whole_split(tokens, t, competition) for t in competition.fingerprints.tokenizers):
        return Coverage(1.0, shown, tokens, "tokens")
    tokenizer, count = named_tokenizer(log, competition), byte_count(score, log, competition)
    in_bytes = count.total / split if count is not None and consistent(log, competition) else 0.0
    in_tokens = tokens / tokenizer.val_tokens if tokenizer is not None else 0.0
    if tokenizer is not None and in_tokens >= in_bytes:
        unit = f"tokens in the tokenization {tokenizer.name}"
        return Coverage(min(1.0, in_tokens), shown, tokenizer.val_tokens, unit)
    return Coverage(min(1.0, in_bytes), shown, split, "bytes") if in_bytes else None


def val_tokens(log: TrainLog) -> Measurement | None:
    """The largest number of validation tokens that the log prints: parts of the split are printed beside it."""
    found = [m for m in log.all(Quantity.VAL_TOKENS) if _LEAST_TOKENS <= m.value < _MOST_TOKENS]
    return max(found, key=lambda m: m.value, default=None)


def stated_bytes(log: TrainLog) -> Iterator[Measurement]:
    """Numbers of validation bytes that a log prints, by themselves or on a score line ("bytes=151080891")."""
    yield from log.all(Quantity.VAL_BYTES)
    for score in log.scores:
        found = _BYTES.search(score.quote)
        if found:
            yield Measurement(Quantity.VAL_BYTES, float(found[1]), score.location, score.label, score.quote)


def stated_pairs(log: TrainLog) -> Iterator[tuple[Score, int, int]]:
    """Score lines that print how many tokens they score and how many bytes those are."""
    for score in log.scores:
        tokens, found = _TOKENS.search(score.quote), _ANY_BYTES.search(score.quote)
        if tokens and found:
            yield score, int(tokens[1]), int(found[1])


def consistent(log: TrainLog, competition: Competition) -> bool:
    """Whether all score lines of a log divide by the same bytes per token.

    Where they do not, some line prints the loss of one model next to the score of another, or the score of a mixture,
    and its ratio says nothing about bytes.
    """
    ratios = [(ratio, rounding_of(score)) for score in log.scores if (ratio := per_token(score)) is not None]
    if not ratios:
        return False
    low, high = min(ratio for ratio, _ in ratios), max(ratio for ratio, _ in ratios)
    return high / low - 1 <= competition.fingerprints.val_bytes_tolerance + 2 * max(u for _, u in ratios)


def tokenizer_of(log: TrainLog, competition: Competition) -> Tokenizer | None:
    """The tokenization that a log used: by its number of validation tokens, else by what it names."""
    shown = val_tokens(log)
    if shown is not None:
        tokens = int(shown.value)
        close = [t for t in competition.fingerprints.tokenizers if is_whole_split(tokens, t, competition)]
        if close:
            return min(close, key=lambda t: abs(t.val_tokens - tokens))
    return named_tokenizer(log, competition)


def named_tokenizer(log: TrainLog, competition: Competition) -> Tokenizer | None:
    """The tokenization that the data paths of a log name, else the only plain one with its vocabulary."""
    known = competition.fingerprints.tokenizers
    # The byte sidecar of a transformed set ("fineweb_val_bytes_*.bin") does not make it a byte-level one.
    paths = " ".join(setting.value.casefold().replace("val_bytes", "") for setting in data_paths(log))
    named = [t for t in known if all(part in paths for part in t.name.split("-"))]
    if named:
        # "sp8192" stands in the path of a transformed data set too: what transforms the text is the more telling.
        return max(named, key=lambda t: (t.transforms_text, len(t.name)))
    vocabulary = log.settings.get("vocab_size")
    if vocabulary is None or transform_named(log) is not None:
        return None
    plain = [t for t in known if not t.transforms_text and str(t.vocab_size) == vocabulary.value.strip()]
    return plain[0] if len(plain) == 1 else None


def transform_named(log: TrainLog) -> Setting | None:
    """A data path whose name says that the text was changed before it was cut into tokens."""
    return next((s for s in data_paths(log) if any(mark in s.value.casefold() for mark in TRANSFORMS)), None)


def data_paths(log: TrainLog) -> Iterator[Setting]:
    """Paths of data and tokenizers that a log prints."""
    yield from log.paths
    yield from (s for name, s in log.settings.items() if name.endswith(("_path", "_dir", "_files")))


def is_whole_split(tokens: int, tokenizer: Tokenizer, competition: Competition) -> bool:
    """Whether so many tokens are the whole split in that tokenization, up to rounding to whole batches."""
    rounding = competition.fingerprints.val_tokens_rounding
    return tokenizer.val_tokens - rounding <= tokens <= tokenizer.val_tokens + 1


def rounding_of(score: Score) -> float:
    """Relative error of the ratio of a line through rounding of both numbers that it prints."""
    return sum(_half_unit(value) / value for value in (score.val_loss, score.val_bpb) if value)


def _half_unit(value: float) -> float:
    digits = repr(value).partition(".")[2]
    return 0.5 * 10.0 ** -min(len(digits), 8) if digits.isdigit() else 0.5
