"""What a key path of submission.json means: which quantity, in which unit, how near to the headline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rules.reading.metadata import vocabulary as v
from rules.reading.metadata.words import words_of
from rules.submission import Quantity

_SCORES = (Quantity.VAL_BPB, Quantity.VAL_LOSS)
_PER_LEVEL = 2
_IMPLIED = 10  # a score that no word calls one


@dataclass(frozen=True, slots=True)
class Meaning:
    """A quantity, what to multiply a bare number with to have its unit, and the distance from the headline.

    `qualified` tells that the key names a way of evaluating, so that another key may be the one that counts.
    """

    quantity: Quantity
    scale: float
    distance: int
    qualified: bool = False


def meaning_of(keys: Sequence[str]) -> Meaning | None:
    """What a number at this path of keys means, None where it is no claim.

    The innermost key that names a quantity decides; keys below it may only say which statistic it is, keys above it
    must be ones that hold a submission's own figures.
    """
    words = [words_of(key) for key in keys]
    if any(not v.NOT_A_CLAIM.isdisjoint(key) for key in words):
        return None
    place = len(words) - 1
    while place > 0 and all(word in v.STATISTICS or word.isdigit() for word in words[place]):
        place -= 1
    found = _quantity(frozenset(words[place]), words[place]) if place >= 0 else None
    if found is None:
        return None
    quantity, scale = found
    above = [word for key in words[:place] for word in key if not word.isdigit()]
    if not _belongs(quantity, above) or (quantity in _SCORES and not v.UNFINISHED.isdisjoint(words[place])):
        return None
    told = [word for key in words[place:] for word in key if not word.isdigit()]
    distances = [v.DISTANCE.get(word, v.UNKNOWN_WORD) for word in told]
    return Meaning(quantity, scale, _PER_LEVEL * place + sum(distances), max(distances, default=0) >= v.QUALIFYING)


def implied_score(keys: Sequence[str]) -> Meaning | None:
    """The meaning of a fraction that stands directly under a seed ("seed_results": {"42": 1.07})."""
    words = [word for key in keys for word in words_of(key) if not word.isdigit()]
    own = all(word in v.CONTAINERS or word in v.STATISTICS for word in words)
    return Meaning(Quantity.VAL_BPB, 1.0, _IMPLIED) if own else None


def is_seed_list(key: str) -> bool:
    """Whether a key names the list of the seeds that were run."""
    words = [word for word in words_of(key) if not word.isdigit()]
    return "seeds" in words and all(word in v.SEED_LIST_WORDS for word in words)


def names_devices(key: str) -> bool:
    """Whether a text under this key says on how many accelerators the runs were made."""
    words = words_of(key)
    return bool(words) and all(word in v.DEVICE_TEXT_WORDS for word in words)


def _belongs(quantity: Quantity, above: list[str]) -> bool:
    if quantity in (Quantity.SEED, Quantity.WORLD_SIZE):
        return all(word in v.CONTAINERS or word in v.SETTINGS for word in above)
    return all(word in v.CONTAINERS or word in v.STATISTICS for word in above)


def _quantity(words: frozenset[str], ordered: tuple[str, ...]) -> tuple[Quantity, float] | None:
    """The quantity that a single key names, with the scale of its unit."""
    if words & v.BPB_WORDS or {"bits", "byte"} <= words:
        return Quantity.VAL_BPB, 1.0
    if words & v.LOSS_WORDS:
        return Quantity.VAL_LOSS, 1.0
    if words & {"score", "scores"} and all(word in v.CONTAINERS or word.isdigit() for word in words):
        return Quantity.VAL_BPB, 1.0
    if "tokens" in words:
        return (Quantity.VAL_TOKENS, 1.0) if words <= v.SPLIT_WORDS | {"tokens"} and len(words) > 1 else None
    if "seed" in words and words <= v.SEED_WORDS:
        return Quantity.SEED, 1.0
    if words <= v.DEVICE_WORDS and (words & {"gpus", "gpu", "devices"} or {"world", "size"} <= words):
        return Quantity.WORLD_SIZE, 1.0
    if words & {"steps", "step"} and all(word in v.STEP_WORDS or word.isdigit() for word in words):
        return (Quantity.STEPS, 1.0) if "steps" in words or "stop" in words or "stopped" in words else None
    return _bytes(words) or _seconds(words, ordered)


def _bytes(words: frozenset[str]) -> tuple[Quantity, float] | None:
    units = words & v.BYTES_UNITS.keys()
    if not (units or "size" in words) or words & v.NO_ARTIFACT:
        return None
    scale = next((v.BYTES_UNITS[unit] for unit in sorted(units)), 1.0)
    if units and words <= v.SPLIT_WORDS | units and words & v.SPLIT_WORDS:
        return Quantity.VAL_BYTES, scale
    if words & {"total", "artifact", "submission"}:
        return Quantity.ARTIFACT_BYTES, scale
    if words & {"code", "script"}:
        return Quantity.CODE_BYTES, scale
    if words & {"model", "weights", "checkpoint", "ptz", "quantized"}:
        return Quantity.MODEL_BYTES, scale
    plain = v.STATISTICS | v.BYTES_UNITS.keys() | {"compressed", "size", "file"}
    return (Quantity.ARTIFACT_BYTES, scale) if all(word in plain or word.isdigit() for word in words) else None


def _seconds(words: frozenset[str], ordered: tuple[str, ...]) -> tuple[Quantity, float] | None:
    units = words & v.TIME_UNITS.keys()
    if not (units or words & v.TIME_WORDS) or words & v.NO_DURATION or ordered[0] == "max":
        return None
    if not units and "min" in words:
        return None  # minutes or a minimum
    scale = next((v.TIME_UNITS[unit] for unit in sorted(units, key=len, reverse=True)), 1.0)
    training, evaluation = bool(words & {"train", "training"}), bool(words & {"eval", "evaluation"})
    if training == evaluation:
        alone = not training and words <= units | v.TIME_WORDS | {"clock"} and words & {"wallclock", "walltime", "wall"}
        return (Quantity.TRAIN_SECONDS, scale) if alone else None
    return (Quantity.TRAIN_SECONDS if training else Quantity.EVAL_SECONDS), scale
