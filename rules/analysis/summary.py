"""The figures of a submission as its logs show them, each with the line that shows it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from rules.analysis.claims import Shown, headline
from rules.analysis.seeds import runs_of
from rules.reading.logs import summary as logs
from rules.submission import Measurement, Quantity, Submission, TrainLog


@dataclass(frozen=True, slots=True)
class Summary:
    """What was measured; None where no log shows it, never a claim in its place.

    `headline` holds the score lines whose mean is `val_bpb` (bits per byte); `artifact_bytes`, `train_seconds`,
    `eval_seconds` and `world_size` are the largest over the headline's logs; where these show none, over all logs.
    """

    headline: Shown | None
    artifact_bytes: Measurement | None
    train_seconds: Measurement | None
    eval_seconds: Measurement | None
    world_size: Measurement | None
    seeds: tuple[int, ...]

    @property
    def val_bpb(self) -> float | None:
        """Mean over the runs of the headline score."""
        return None if self.headline is None else self.headline.value

    def as_dict(self) -> dict[str, object]:
        """The measurements as JSON carries them."""
        return {
            "val_bpb": self.val_bpb if self.val_bpb is None else round(self.val_bpb, 8),
            "artifact_bytes": _whole(self.artifact_bytes),
            "train_seconds": _value(self.train_seconds),
            "eval_seconds": _value(self.eval_seconds),
            "world_size": _whole(self.world_size),
            "seeds": list(self.seeds),
        }


EMPTY = Summary(None, None, None, None, None, ())


def summarize(submission: Submission) -> Summary:
    """Measure a submission by its logs: those of the headline first, since a folder may hold ablations too."""
    found = headline(submission)
    own = [line.log for line in found.lines] if found else []

    def largest(measure: Callable[[TrainLog], Measurement | None]) -> Measurement | None:
        return _largest(own, measure) or _largest(submission.logs, measure)

    return Summary(
        headline=found,
        artifact_bytes=largest(logs.artifact_bytes),
        train_seconds=largest(train_seconds),
        eval_seconds=_largest_eval(found) or _largest(submission.logs, logs.eval_seconds),
        world_size=largest(logs.world_size),
        seeds=tuple(run.seed for run in runs_of(submission) if run.seed is not None),
    )


def train_seconds(log: TrainLog) -> Measurement | None:
    """When training stopped: where the cap fired, else the last training time of the log."""
    return log.stopped_by_cap or log.last(Quantity.TRAIN_SECONDS)


def _largest_eval(found: Shown | None) -> Measurement | None:
    """The longest evaluation among those that give the headline."""
    stated = [logs.eval_seconds(line.log, line.score) for line in found.lines] if found else []
    return max((m for m in stated if m is not None), key=lambda m: m.value, default=None)


def _largest(logs: Iterable[TrainLog], measure: Callable[[TrainLog], Measurement | None]) -> Measurement | None:
    return max((m for log in logs if (m := measure(log))), key=lambda m: m.value, default=None)


def _value(found: Measurement | None) -> float | None:
    return None if found is None else round(found.value, 3)


def _whole(found: Measurement | None) -> int | None:
    return None if found is None else int(found.value)
