"""Hand-made logs and submissions."""

from __future__ import annotations

from rules.rule import Location
from rules.submission import (
    BaseKind,
    Claim,
    Measurement,
    Metadata,
    PullRequest,
    Quantity,
    Scope,
    Score,
    Setting,
    Submission,
    TrainLog,
)

FOLDER = "records/track_10min_16mb/2026-04-10_Sample"


def line(label: str, val_bpb: float, number: int = 9, *, final: bool = True, path: str = "train.log") -> Score:
    where = Location(f"{FOLDER}/{path}", number)
    return Score(label, val_bpb, val_bpb * 1.7, where, final, eval_seconds=100.0, quote=f"{label} val_bpb:{val_bpb}")


def train_log(
    path: str,
    *scores: tuple[str, float],
    seed: int | None = None,
    settings: dict[str, str] | None = None,
    cap: float = 600.0,
) -> TrainLog:
    """A log with one final score line for each pair; a label that begins with `step` is no final one."""
    place = Location(f"{FOLDER}/{path}", 1)
    stop = Measurement(Quantity.TRAIN_SECONDS, cap, place)
    seeds = [Measurement(Quantity.SEED, seed, place)] if seed is not None else []
    return TrainLog(
        path=f"{FOLDER}/{path}",
        content_id=path,
        size=1,
        scores=tuple(line(s, v, n, final=not s.startswith("step"), path=path) for n, (s, v) in enumerate(scores, 2)),
        measurements=(*seeds, stop),
        settings={k: Setting(k, v, place) for k, v in (settings or {}).items()},
        stopped_by_cap=stop,
    )


def claim(value: float, seed: int | None = None, quantity: Quantity = Quantity.VAL_BPB) -> Claim:
    return Claim(quantity, value, Location(f"{FOLDER}/submission.json", 2), seed=seed)


def submission(*logs: TrainLog, claims: tuple[Claim, ...] = (), title: str = "") -> Submission:
    metadata = Metadata(f"{FOLDER}/submission.json", {}, claims, text="{\n}")
    scope = Scope(FOLDER, "record", BaseKind.MERGE_BASE)
    return Submission(PullRequest(7, "f" * 40, title=title), scope, metadata=metadata, logs=logs)
