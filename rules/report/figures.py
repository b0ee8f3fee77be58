"""The figures of a report: what is claimed beside what the logs show, and what each log shows.

Labels and paths are a participant's text as it is; each renderer makes them safe in its own way.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from rules.analysis.claims import claimed_seeds, headline_claim, tolerance
from rules.analysis.summary import Summary, train_seconds
from rules.competition import Competition
from rules.rule import Location
from rules.submission import Claim, Measurement, Quantity, Submission, TrainLog

RUNS_AT_MOST = 20
SEEDS_AT_MOST = 12
SECONDS_OF_AGREEMENT = 1.0  # logs round, and stop their clocks at different places


@dataclass(frozen=True, slots=True)
class Figure:
    """A number as text and where it stands; None for one that several places make up."""

    text: str
    where: Location | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """What is claimed beside what is measured. `remark` is "" where both agree and keep the limits."""

    name: str
    claimed: Figure | None
    measured: Figure | None
    remark: str = ""


@dataclass(frozen=True, slots=True)
class RunRow:
    """The figures of one log, "" where it shows none; `score` is the last line that a headline may come from."""

    log: str
    seed: str
    score: str
    artifact_bytes: str
    train_seconds: str
    eval_seconds: str
    world_size: str


def rows_of(submission: Submission, summary: Summary, competition: Competition) -> list[Row]:
    """Claims against measurements, one row for each quantity that the rules limit or compare."""
    track = competition.track(submission.scope.track)
    timed = track is not None and track.timed
    limits = competition.limits
    return [
        _score_row(submission, competition, summary),
        _row(
            "artifact bytes",
            _claim(submission, Quantity.ARTIFACT_BYTES),
            summary.artifact_bytes,
            whole,
            limit=competition.artifact.max_bytes,
        ),
        _row(
            "training seconds",
            _claim(submission, Quantity.TRAIN_SECONDS),
            summary.train_seconds,
            _tenths,
            agreement=SECONDS_OF_AGREEMENT,
            limit=limits.train_seconds if timed else math.inf,
            tolerated=limits.train_tolerance_seconds,
        ),
        _row(
            "evaluation seconds",
            _claim(submission, Quantity.EVAL_SECONDS),
            summary.eval_seconds,
            _tenths,
            agreement=SECONDS_OF_AGREEMENT,
            limit=limits.eval_seconds if timed else math.inf,
            tolerated=limits.eval_tolerance_seconds,
        ),
        _row("accelerators", _claim(submission, Quantity.WORLD_SIZE), summary.world_size, whole),
        _seeds_row(submission, summary),
    ]


def runs_of(submission: Submission) -> list[RunRow]:
    """The figures of each log, at most RUNS_AT_MOST logs."""
    return [_run_row(submission, log) for log in submission.logs[:RUNS_AT_MOST]]


def whole(value: float) -> str:
    """A count with separators."""
    return f"{value:,.0f}" if abs(value) < 1e15 else f"{value:.3g}"


def _fixed(value: float, digits: int) -> str:
    return f"{value:.{digits}f}" if abs(value) < 1e6 else f"{value:.3g}"


def _tenths(value: float) -> str:
    return f"{value:,.1f}" if abs(value) < 1e15 else f"{value:.3g}"


def _row(
    name: str,
    claim: Claim | None,
    found: Measurement | None,
    show: Callable[[float], str],
    *,
    agreement: float = 0.0,
    limit: float = math.inf,
    tolerated: float = 0.0,
) -> Row:
    remarks = []
    if claim and found and not abs(claim.value - found.value) <= agreement:
        remarks.append(f"differs by {show(abs(claim.value - found.value))}")
    if any(number.value > limit + tolerated for number in (claim, found) if number):
        remarks.append(f"over {whole(limit)}")
    return Row(
        name,
        Figure(show(claim.value), claim.location) if claim else None,
        Figure(show(found.value), found.location) if found else None,
        ", ".join(remarks),
    )


def _score_row(submission: Submission, competition: Competition, summary: Summary) -> Row:
    digits = competition.metric.decimals + 1
    claim, shown = headline_claim(submission), summary.headline
    measured = None
    remark = ""
    if shown is not None:
        runs = len(shown.lines)
        text = _fixed(shown.value, digits) + (f" (mean of {runs} runs)" if runs > 1 else "")
        measured = Figure(text, shown.lines[0].score.location)
    if claim and shown and not abs(claim.value - shown.value) <= tolerance(claim.value, competition):
        remark = f"differs by {_fixed(abs(claim.value - shown.value), digits)}"
    claimed = Figure(_fixed(claim.value, digits), claim.location) if claim else None
    return Row(f"{competition.metric.name} ({competition.metric.unit})", claimed, measured, remark)


def _seeds_row(submission: Submission, summary: Summary) -> Row:
    claimed, measured = claimed_seeds(submission), summary.seeds
    # Logs that print no seed at all say nothing about which seeds they are of.
    silent = submission.logs and not measured
    unseen = [] if silent else [seed for seed in claimed if seed not in measured]
    where = Location(submission.metadata.path) if submission.metadata else None
    return Row(
        "seeds",
        Figure(_list(claimed), where) if claimed else None,
        Figure(_list(measured)) if measured else None,
        f"no log for {_list(unseen)}" if unseen else "",
    )


def _list(seeds: tuple[int, ...] | list[int]) -> str:
    shown = [str(seed) if abs(seed) < 10**12 else f"{seed:.3g}" for seed in seeds[:SEEDS_AT_MOST]]
    more = len(seeds) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


def _claim(submission: Submission, quantity: Quantity) -> Claim | None:
    """What submission.json states for the whole, else its largest figure for one seed, else the README's first."""
    metadata, readme = submission.metadata, submission.readme
    if metadata is not None:
        by_seed = metadata.by_seed(quantity).values()
        stated = metadata.first(quantity) or max(by_seed, key=lambda c: c.value, default=None)
        if stated is not None:
            return stated
    return next((c for c in readme.claims if c.quantity is quantity), None) if readme else None


def _run_row(submission: Submission, log: TrainLog) -> RunRow:
    final = log.final_scores[-1] if log.final_scores else None
    return RunRow(
        log=submission.inside(log.path),
        seed=str(log.seed) if log.seed is not None else "",
        score=f"{final.val_bpb:.6g} {final.label}" if final else "",
        artifact_bytes=_shown(log.last(Quantity.ARTIFACT_BYTES), whole),
        train_seconds=_shown(train_seconds(log), _tenths),
        eval_seconds=_shown(log.last(Quantity.EVAL_SECONDS), _tenths),
        world_size=_shown(log.last(Quantity.WORLD_SIZE), whole),
    )


def _shown(found: Measurement | None, show: Callable[[float], str]) -> str:
    return show(found.value) if found else ""
