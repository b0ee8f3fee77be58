"""What one log says about its headline: the score, and the seconds and bytes that belong to it."""

from __future__ import annotations

from rules.reading.logs.sizes import best_totals
from rules.submission import Measurement, Quantity, Score, TrainLog

_SAME_LOSS = 6e-5  # a rounded line and its exact twin differ by at most half a digit in the fourth place


def headline(log: TrainLog) -> Score | None:
    """The score line that most plausibly is the headline: the last one with a final label; None where there is none.

    Submissions choose their headline freely; whether a claim stands on some line is for the caller to check.
    """
    finals = log.final_scores
    return finals[-1] if finals else None


def train_seconds(log: TrainLog) -> Measurement | None:
    """How long training took, as the last run in the log tells it."""
    return log.last(Quantity.TRAIN_SECONDS)


def steps(log: TrainLog) -> Measurement | None:
    """How many steps training took."""
    return log.last(Quantity.STEPS)


def eval_seconds(log: TrainLog, score: Score | None = None) -> Measurement | None:
    """How long the evaluation took that yields `score`, by default the headline; diagnostics are left out.

    That is the time on the score's own line, on its rounded or exact twin, or else the first total that follows it.
    """
    score = score or headline(log)
    if score is None:
        return log.last(Quantity.EVAL_SECONDS)
    for line in [score, *_twins(log, score)]:
        if line.eval_seconds is not None:
            return Measurement(Quantity.EVAL_SECONDS, line.eval_seconds, line.location, line.label, line.quote)
    return _total_near(log, score)


def artifact_bytes(log: TrainLog) -> Measurement | None:
    """Bytes of code and compressed model: the last exact total that names a codec, else the last one that is told.

    A total without a codec is often that of the uncompressed model, so it counts only where nothing better is told.
    """
    totals = best_totals(log.all(Quantity.ARTIFACT_BYTES))
    return totals[-1] if totals else None


def world_size(log: TrainLog) -> Measurement | None:
    """How many GPUs the run used."""
    return log.last(Quantity.WORLD_SIZE)


def _twins(log: TrainLog, score: Score) -> list[Score]:
    """Score lines with the same value within rounding, nearest first."""
    line = score.location.line or 0
    same = [s for s in log.scores if s is not score and s.step is None and _same(s, score)]
    return sorted(same, key=lambda s: abs((s.location.line or 0) - line))


def _same(one: Score, other: Score) -> bool:
    if one.val_bpb is None or other.val_bpb is None:
        return False
    return abs(one.val_bpb - other.val_bpb) < _SAME_LOSS


def _total_near(log: TrainLog, score: Score) -> Measurement | None:
    """The total of evaluation time closest to the score: first one after it, else the last one before it."""
    line = score.location.line or 0
    on_scores = {s.location for s in log.scores if s.eval_seconds is not None}
    totals = [m for m in log.all(Quantity.EVAL_SECONDS) if m.location not in on_scores]
    after = [m for m in totals if (m.location.line or 0) >= line]
    before = [m for m in totals if (m.location.line or 0) < line]
    return after[0] if after else before[-1] if before else None
