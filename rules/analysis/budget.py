"""What of the training budget was left for the calibration of the quantiser, in the runs that are claimed."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from rules.analysis.configuration import Configuration, configuration_of
from rules.analysis.flow.ending import taken_off
from rules.analysis.headline import headlines_of, quoted
from rules.analysis.nodes import nodes_of
from rules.analysis.program import program_sources
from rules.analysis.summary import train_seconds
from rules.competition import Limits
from rules.rule import Evidence
from rules.submission import Measurement, Quantity, Setting, Submission, TrainLog

PLENTY = 5.0  # seconds left before the limit within which a calibration that prints no time may well have ended
_SLACK = 2.0  # seconds that the last step may take
_GENERATED = ("generated", "self-gen", "self_gen", "selfgen", "autoregressive")
_CAPS = ("wallclock", "wall_clock", "time_limit", "max_seconds", "time_cap")
_CLOCKS = ("wallclock", "wall_clock", "budget", "time_limit", "train_seconds", "max_seconds", "time_cap")


class Room(StrEnum):
    """Whether the calibration of a run fits into the training budget, worst last."""

    COVERED = "covered"  # it ended within the limit
    SHORT = "short"  # time was taken off the clock, and too little by a few seconds, or how much is not shown
    UNKNOWN = "unknown"  # no log shows when training ended
    EXCEEDED = "exceeded"  # it ended well after the limit, although time was taken off
    NONE = "none"  # training took all the time there is


_RANKS = {room: rank for rank, room in enumerate(Room)}


@dataclass(frozen=True, slots=True)
class Budget:
    """What a run shows: when training stopped, how long calibration took, what was taken off the clock for it."""

    room: Room
    trained: Measurement | None = None
    calibrated: Measurement | None = None
    reserve: float | None = None
    shown: tuple[Evidence, ...] = ()

    @property
    def generates(self) -> bool:
        """Whether the log says that the model itself generated the text."""
        text = "" if self.calibrated is None else f"{self.calibrated.label} {self.calibrated.quote}".casefold()
        return any(mark in text for mark in _GENERATED)

    @property
    def follows(self) -> bool:
        """Whether the log prints the calibration after the end of training."""
        lines = [m.location.line for m in (self.trained, self.calibrated) if m is not None]
        return len(lines) == 2 and None not in lines and (lines[0] or 0) < (lines[1] or 0)


def budget_of(submission: Submission, limits: Limits) -> Budget:
    """The budget of the claimed run with the least room; of all logs where the claim rests on none."""
    logs = [run.log for run in headlines_of(submission)] or list(submission.logs)
    settings = configuration_of(submission)
    found = [_budget(log, settings, limits, submission) for log in logs]
    timed = [budget for budget in found if budget.trained is not None]
    if timed:
        return max(timed, key=lambda budget: _RANKS[budget.room])
    reserve = reserve_of(settings)
    lessened = next(_taken_off(submission), None)
    if reserve is not None and _seconds(reserve) > 0:
        shown = (Evidence(reserve.location, f"{reserve.name} = {reserve.value}"[:300], "reserve"),)
        return Budget(Room.SHORT, reserve=_seconds(reserve), shown=shown)
    if lessened is not None:
        return Budget(Room.SHORT, shown=(lessened,))
    cap = cap_of(settings)
    left = limits.train_seconds - (_seconds(cap) if cap is not None else limits.train_seconds)
    if cap is not None and limits.train_tolerance_seconds < left < limits.train_seconds:
        shown = (Evidence(cap.location, f"{cap.name} = {cap.value}"[:300], "reserve"),)
        return Budget(Room.SHORT, reserve=left, shown=shown)
    return Budget(Room.UNKNOWN)


def cap_of(settings: Configuration) -> Setting | None:
    """The setting that ends the training loop by the clock, the largest where there are several."""
    names = [name for name in settings.names() if any(cap in name for cap in _CAPS) and _is_time(name)]
    found = [setting for name in sorted(names) if (setting := settings.value(name)) is not None]
    return max(found, key=_seconds, default=None)


def reserve_of(settings: Configuration) -> Setting | None:
    """The setting that says how much of the training time is kept for calibration."""
    names = [name for name in settings.names() if "reserve" in name and _is_time(name)]
    found = [setting for name in sorted(names) if (setting := settings.value(name)) is not None]
    return max(found, key=_seconds, default=None)


def _is_time(name: str) -> bool:
    return name.endswith(("_s", "_ms", "seconds", "secs", "_sec", "_time", "reserve", "budget"))


def _seconds(setting: Setting) -> float:
    try:
        value = float(setting.value.strip("'\"").replace("_", ""))
    except ValueError:
        return 0.0
    return value / 1000 if setting.name.lower().endswith("ms") else value


def _budget(log: TrainLog, settings: Configuration, limits: Limits, submission: Submission) -> Budget:
    trained, calibrated = train_seconds(log), log.last(Quantity.CALIBRATION_SECONDS)
    printed, setting = log.last(Quantity.RESERVE_SECONDS), reserve_of(settings)
    reserve = printed.value if printed is not None else _seconds(setting) if setting is not None else 0.0
    shown = tuple(quoted(m) for m in (printed, trained, calibrated) if m is not None)
    if trained is None:
        return Budget(Room.UNKNOWN, None, calibrated, reserve, shown)
    if limits.train_seconds - trained.value < reserve - _SLACK and taken_off(submission) is None:
        reserve = 0.0  # training went on in that time: whatever the reserve is for, it did not end the loop
    room = _room(trained.value, calibrated, reserve, limits)
    untold = room is Room.NONE and printed is None and setting is None
    shorter = taken_off(submission) if untold else None
    if shorter is not None:
        return Budget(Room.SHORT, trained, calibrated, reserve, (*shown, shorter))  # the log tells of a longer training
    return Budget(room, trained, calibrated, reserve, shown)


def _room(trained: float, calibrated: Measurement | None, reserve: float, limits: Limits) -> Room:
    """Whether so many seconds of training left time for the calibration."""
    left = limits.train_seconds - trained
    if calibrated is None and left >= -limits.train_tolerance_seconds:
        if left >= PLENTY:
            return Room.COVERED
        return Room.NONE if reserve <= 0 and left < limits.train_tolerance_seconds else Room.SHORT
    over = (0.0 if calibrated is None else calibrated.value) - left
    if over <= limits.train_tolerance_seconds and left >= 0:
        return Room.COVERED
    if left < -limits.train_tolerance_seconds:
        return Room.EXCEEDED
    if reserve <= 0 and left < limits.train_tolerance_seconds:
        return Room.NONE
    return Room.SHORT if over <= limits.calibration_overrun_seconds else Room.EXCEEDED


def _taken_off(submission: Submission) -> Iterator[Evidence]:
    """Statements that take something off the clock of the training loop."""
    for source in program_sources(submission):
        if not any(clock in source.code for clock in _CLOCKS):
            continue
        changes = (*nodes_of(source, ast.AugAssign), *nodes_of(source, ast.Assign), *nodes_of(source, ast.AnnAssign))
        for node in sorted(changes, key=lambda change: change.lineno):
            if _lessens(node):
                yield source.evidence(node.lineno, "reserve")


def _lessens(node: ast.AST) -> bool:
    """`clock -= something`, or `limit = clock - something`, where the something is no reading of the clock."""
    if isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Sub):
        return _is_clock(node.target) and not _calls(node.value)
    if isinstance(node, (ast.Assign, ast.AnnAssign)) and isinstance(node.value, ast.BinOp):
        value = node.value
        return isinstance(value.op, ast.Sub) and _is_clock(value.left) and not _calls(value.right)
    return False


def _is_clock(node: ast.expr) -> bool:
    return any(
        any(clock in name.lower() for clock in _CLOCKS)
        for part in ast.walk(node)
        if (name := getattr(part, "attr", getattr(part, "id", "")))
    )


def _calls(node: ast.expr) -> bool:
    """Whether it is elapsed time and no reserve."""
    text = ast.unparse(node).lower()
    return "time()" in text or "perf_counter" in text or "elapsed" in text or "training_time" in text
