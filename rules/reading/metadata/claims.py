"""The values of submission.json that are claims: what, for which seed, where."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from rules.reading.metadata import vocabulary as v
from rules.reading.metadata.meaning import Meaning, implied_score, is_seed_list, meaning_of, names_devices
from rules.reading.metadata.scan import Leaf, Path
from rules.reading.metadata.words import Number, bare_seed, device_count, number_of, seed_in, words_of
from rules.rule import Location
from rules.submission import Claim, Quantity

_BYTES = (Quantity.ARTIFACT_BYTES, Quantity.MODEL_BYTES, Quantity.CODE_BYTES, Quantity.VAL_BYTES)
_SECONDS = (Quantity.TRAIN_SECONDS, Quantity.EVAL_SECONDS)
_WHOLE = (Quantity.STEPS, Quantity.WORLD_SIZE, Quantity.VAL_TOKENS, Quantity.TRAIN_SHARDS)
_SMALLEST_BYTES = 1000  # a smaller bare number is in some other unit
_LARGEST_IMPLIED = 20.0
_HOLDERS_OF_SEEDS = frozenset({"seed", "seeds", "run", "runs", "result", "results"})
_NUMBERED = frozenset({"run", "trial", "attempt", "exp", "experiment", "job"})


class _Run(Enum):
    """For which run a value stands when no seed tells."""

    ALL = auto()
    UNNAMED = auto()  # one of several, and nothing says which


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A number that may be a claim; `name` is the innermost key that is no seed."""

    claim: Claim
    name: str
    distance: int
    qualified: bool


def claims_of(path: str, leaves: Sequence[Leaf]) -> tuple[Claim, ...]:
    """All claims: those for the whole submission first, nearest to the headline first; then one for each seed.

    A key that stands twice counts as JSON readers take it, with its last value. Zero and less is no figure.
    """
    last = {leaf.path: leaf for leaf in leaves}
    whole: list[_Candidate] = []
    by_seed: dict[tuple[Quantity, int], list[_Candidate]] = {}
    for candidate in _candidates(path, last.values()):
        seed = candidate.claim.seed
        group = whole if seed is None else by_seed.setdefault((candidate.claim.quantity, seed), [])
        group.append(candidate)
    whole.sort(key=lambda candidate: candidate.distance)
    chosen: list[_Candidate] = []
    for quantity in dict.fromkeys(quantity for quantity, _ in by_seed):
        groups = [group for (of, _), group in by_seed.items() if of is quantity]
        headline = next((c.claim.value for c in whole if c.claim.quantity is quantity), None)
        name = _name_of_figure(groups, headline)
        chosen += [min(group, key=lambda c: (c.name != name, c.distance)) for group in groups]
    return tuple(candidate.claim for candidate in (*whole, *chosen))


def _name_of_figure(groups: Sequence[Sequence[_Candidate]], headline: float | None) -> str:
    """The key that each run's own figure stands under.

    The plainest one; where every key names a way of evaluating, the one whose mean is nearest to the headline.
    """
    candidates = [candidate for group in groups for candidate in group]
    plainest = min(candidates, key=lambda candidate: candidate.distance)
    if headline is None or not plainest.qualified:
        return plainest.name
    values: dict[str, list[float]] = {}
    for candidate in candidates:
        values.setdefault(candidate.name, []).append(candidate.claim.value)
    return min(values, key=lambda name: abs(sum(values[name]) / len(values[name]) - headline))


def _candidates(path: str, leaves: Iterable[Leaf]) -> Iterator[_Candidate]:
    leaves = list(leaves)
    seeds = _Seeds(leaves)
    for leaf in leaves:
        yield from _seed_claims(path, leaf, seeds)
        run = seeds.run_of(leaf.path)
        if run is _Run.UNNAMED:
            continue
        seed = None if run is _Run.ALL else run
        keys = [key for key in leaf.path if isinstance(key, str)]
        found = _value(keys, leaf, seed)
        if found is not None:
            meaning, value = found
            claim = Claim(meaning.quantity, value, Location(path, leaf.line), _dotted(leaf.path), seed)
            yield _Candidate(claim, _innermost(keys), meaning.distance, meaning.qualified)


def _seed_claims(path: str, leaf: Leaf, seeds: _Seeds) -> Iterator[_Candidate]:
    """The seeds that were run, from a list of them or from the keys that results stand under."""
    seed = seeds.listed(leaf)
    if seed is not None:
        claim = Claim(Quantity.SEED, seed, Location(path, leaf.line), _dotted(leaf.path), seed)
        yield _Candidate(claim, "", 0, qualified=False)


def _value(keys: list[str], leaf: Leaf, seed: int | None) -> tuple[Meaning, float] | None:
    """The meaning and the value in its unit, None where the leaf claims nothing."""
    number = number_of(leaf.value)
    meaning = meaning_of(keys)
    if number is None or number.value <= 0:
        devices = device_count(leaf.value) if keys and names_devices(keys[-1]) else None
        return None if devices is None else (Meaning(Quantity.WORLD_SIZE, 1.0, 1), float(devices))
    if meaning is None:
        fraction = number.value < _LARGEST_IMPLIED and not number.value.is_integer()
        meaning = implied_score(keys) if seed is not None and fraction else None
        return None if meaning is None else (meaning, number.value)
    value = _in_unit(meaning, number)
    return None if value is None else (meaning, value)


def _in_unit(meaning: Meaning, number: Number) -> float | None:
    """The value in the quantity's unit; a unit in the text goes before the one in the key."""
    if meaning.quantity in _BYTES:
        value = number.value * v.BYTES_UNITS.get(number.unit, meaning.scale)
        return value if value >= _SMALLEST_BYTES or meaning.scale > 1 else None
    if meaning.quantity in _SECONDS:
        return number.value * v.TIME_UNITS.get(number.unit, meaning.scale)
    if meaning.quantity is Quantity.SEED or meaning.quantity in _WHOLE:
        return number.value if number.value.is_integer() else None
    return number.value


class _Seeds:
    """Which seed a path of submission.json belongs to."""

    def __init__(self, leaves: Sequence[Leaf]) -> None:
        self._named: dict[Path, int] = {}
        self._list: dict[int, int] = {}
        self._lengths: dict[Path, int] = {}
        for leaf in leaves:
            self._note(leaf)

    def _note(self, leaf: Leaf) -> None:
        key = leaf.path[-1] if leaf.path else ""
        seed = bare_seed(leaf.value)
        if isinstance(key, int):
            self._lengths[leaf.path[:-1]] = max(key + 1, self._lengths.get(leaf.path[:-1], 0))
            if seed is not None and len(leaf.path) == 2 and is_seed_list(str(leaf.path[0])):
                self._list.setdefault(key, seed)
        elif seed is not None and len(leaf.path) > 1 and key.casefold() in ("seed", "random_seed"):
            self._named[leaf.path[:-1]] = seed

    def listed(self, leaf: Leaf) -> int | None:
        """The seed that a leaf itself names, in a list of seeds or beside the results of one run."""
        key = leaf.path[-1] if leaf.path else ""
        if isinstance(key, int):
            named = len(leaf.path) > 1 and is_seed_list(str(leaf.path[-2]))
            return bare_seed(leaf.value) if named else None
        return self._named.get(leaf.path[:-1]) if key.casefold() in ("seed", "random_seed") else None

    def run_of(self, path: Path) -> int | _Run:
        """The seed of the run that a value stands for."""
        for end in range(len(path) - 1, 0, -1):
            if path[:end] in self._named:
                return self._named[path[:end]]
        for place, key in enumerate(path):
            run = self._run_of_key(path, place, key)
            if run is not _Run.ALL:
                return run
        return _Run.ALL

    def _run_of_key(self, path: Path, place: int, key: str | int) -> int | _Run:
        if isinstance(key, int):
            same_length = self._lengths.get(path[:place]) == len(self._list)
            return self._list.get(key, _Run.UNNAMED) if same_length and place == len(path) - 1 else _Run.UNNAMED
        seed = seed_in(key)
        if seed is not None:
            return seed
        bare = bare_seed(key) if place else None
        if bare is not None:
            holder = words_of(str(path[place - 1]))
            told = not _HOLDERS_OF_SEEDS.isdisjoint(holder) or meaning_of([str(path[place - 1])]) is not None
            return bare if told else _Run.UNNAMED
        words = words_of(key)
        return _Run.UNNAMED if len(words) == 2 and words[0] in _NUMBERED and words[1].isdigit() else _Run.ALL


def _innermost(keys: list[str]) -> str:
    return next((key for key in reversed(keys) if bare_seed(key) is None), "")


def _dotted(path: Path) -> str:
    return ".".join(str(key) for key in path)[:300]
