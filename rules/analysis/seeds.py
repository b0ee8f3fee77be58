"""Runs: which logs belong to which seed, and in what the runs differ besides it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from rules.analysis.once import once
from rules.submission import Measurement, Quantity, Setting, Submission, TrainLog

_SEED_IN_NAME = re.compile(r"(?:^|[^a-z])(?:seed|s)[_.=-]?(\d{1,10})(?!\d)")
# What may differ between two runs of one configuration: names, places, how often something is printed.
_INCIDENTAL_WORDS = frozenset(
    {"seed", "seeds", "id", "name", "tag", "uuid", "sha", "sha256", "commit", "git", "timestamp", "date", "elapsed"}
    | {"path", "paths", "dir", "directory", "folder", "file", "files", "glob", "logfile", "ckpt", "checkpoint"}
    | {"host", "hostname", "node", "port", "addr", "pid", "verbose", "debug", "profile", "wandb", "log", "logging"}
)
_INCIDENTAL_NAMES = frozenset({"rank", "local_rank", "run", "experiment", "device", "gpu", "cuda", "version", "note"})
# A number without a unit, or with one and without decimals: what a run measures has both.
_ROUND = re.compile(r"[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?|\d+s|\d+000ms")
_WORD = re.compile(r"[a-z][a-z0-9_+.-]*")
# What a run finds out itself, printed in the form of a setting.
_RESULTS = frozenset({"bytes", "total", "final", "loss", "bpb", "time", "throughput", "memory", "mib", "mb"})
_SELDOM_OR_OFTEN = frozenset({"val", "eval", "save", "print"})


@dataclass(frozen=True, slots=True)
class Run:
    """One training run. `seed` is None where neither the log nor its name tells it; a run may have several logs."""

    seed: int | None
    logs: tuple[TrainLog, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """A quantity or hyperparameter that has several values among runs that should be alike."""

    name: str
    settings: tuple[Setting, ...]

    @property
    def values(self) -> tuple[str, ...]:
        """The distinct values in the order of the logs."""
        return tuple(dict.fromkeys(s.value for s in self.settings))

    @property
    def normal(self) -> tuple[str, ...]:
        """The value of each log, equal ones written alike."""
        return tuple(_normal(s.value) for s in self.settings)

    @property
    def witnesses(self) -> tuple[Setting, ...]:
        """One setting for each value, the value that the fewest logs have first: what is odd, then what it is not."""
        count = Counter(_normal(s.value) for s in self.settings)
        first = {_normal(s.value): s for s in reversed(self.settings)}
        return tuple(first[value] for value in sorted(count, key=lambda value: count[value]))


@once
def runs_of(submission: Submission) -> tuple[Run, ...]:
    """The runs that the logs show, by seed, those without a known seed last. Copies of a log count once."""
    by_seed: dict[int, list[TrainLog]] = {}
    unknown: list[TrainLog] = []
    seen: set[str] = set()
    for log in submission.logs:
        if log.content_id in seen or not shows_a_run(log):
            continue
        seen.add(log.content_id)
        seeds = seeds_of(log)
        for seed in seeds:
            by_seed.setdefault(seed, []).append(log)
        if not seeds:
            unknown.append(log)
    known = {_fingerprint(log) for logs in by_seed.values() for log in logs}
    rest = {_fingerprint(log): log for log in unknown if _fingerprint(log) not in known}
    return (
        *(Run(seed, tuple(logs)) for seed, logs in sorted(by_seed.items())),
        *(Run(None, (log,)) for log in rest.values()),
    )


def shows_a_run(log: TrainLog) -> bool:
    """Whether the log shows a score at all: tables, environment dumps and installer output do not."""
    return any(score.val_bpb is not None for score in log.scores)


def seeds_of(log: TrainLog) -> tuple[int, ...]:
    """The seeds that a log prints, else the one in its name, else none."""
    printed = tuple(dict.fromkeys(int(m.value) for m in log.all(Quantity.SEED)))
    return printed or seeds_in_name(log.path)


def seeds_in_name(path: str) -> tuple[int, ...]:
    """The seed that a file's name states: `train_seed42.log`, `s1337.txt`."""
    found = _SEED_IN_NAME.search(path.rsplit("/", 1)[-1].casefold())
    return () if found is None else (int(found[1]),)


def _fingerprint(log: TrainLog) -> tuple[float | None, ...]:
    """What tells two runs apart when no seed is known: their final scores, or their last one."""
    finals = log.final_scores or [s for s in log.scores if s.val_bpb is not None][-1:]
    return tuple(s.val_bpb for s in finals)


def differing_settings(logs: Sequence[TrainLog]) -> Iterator[Difference]:
    """Hyperparameters that every log prints and that are not the same in all, besides what may differ."""
    if len(logs) < 2:
        return
    printed = [_before_training(log) for log in logs]
    for name in sorted(set.intersection(*(set(settings) for settings in printed))):
        if is_incidental(name):
            continue
        settings = tuple(settings[name] for settings in printed)
        values = {_normal(s.value) for s in settings}
        if len(values) > 1 and (all(map(_ROUND.fullmatch, values)) or all(map(_WORD.fullmatch, values))):
            yield Difference(name, settings)


def _before_training(log: TrainLog) -> dict[str, Setting]:
    """The settings that stand above the first score: what is printed later is progress, named like a setting."""
    first = min((s.location.line or 0 for s in log.scores), default=0)
    return {n: s for n, s in log.settings.items() if len(n) > 2 and (s.location.line or 0) < first}


def is_incidental(name: str) -> bool:
    """Whether a setting may differ between runs of one configuration: seeds, names, places, printing, results."""
    words = set(name.casefold().replace("-", "_").split("_"))
    often = "every" in words and not words.isdisjoint(_SELDOM_OR_OFTEN)
    return name.casefold() in _INCIDENTAL_NAMES or often or not words.isdisjoint(_INCIDENTAL_WORDS | _RESULTS)


def spread(logs: Iterable[TrainLog], quantity: Quantity) -> tuple[Measurement, Measurement] | None:
    """The smallest and the largest last value of a quantity among the logs, None with fewer than two."""
    found = sorted((m for log in logs if (m := log.last(quantity))), key=lambda m: m.value)
    return (found[0], found[-1]) if len(found) > 1 else None


def _normal(value: str) -> str:
    """`1`, `1.0` and `True` written alike, since the same value is printed from an integer, a float or a flag."""
    text = value.strip().strip("'\"").casefold()
    text = {"true": "1", "false": "0"}.get(text, text)
    try:
        return repr(float(text))
    except ValueError:
        return text
