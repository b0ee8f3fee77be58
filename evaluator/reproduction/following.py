"""Following a run line by line, as its log tells and as the host's clock stamps it: phase, step, loss, expected end."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from evaluator.execution import Line
from evaluator.request import RunLimits
from evaluator.runners import Progress, State

SETUP, TRAIN, EXPORT, EVALUATE = "setup", "train", "export", "evaluate"
LINE = 300  # characters of a line that are looked at and shown
_STEP = re.compile(r"\bstep[ :=]{1,3}(\d{1,9})(?:\s?/\s?(\d{1,9}))?")
_LOSS = re.compile(r"\b(?:train_)?loss[ :=]{1,3}(\d{1,4}\.\d{1,12})")
_TIME = re.compile(r"\btrain_time[ :=]{1,3}(\d{1,9}(?:\.\d{1,6})?)\s?(ms|s)\b")
_STOPPED = re.compile(r"stopping_early|wallclock_cap|peak memory allocated")
_SIZE = re.compile(r"serialized model|total submission size|code size|compressed size|artifact", re.IGNORECASE)
_SCORE = re.compile(r"\bval_bpb[ :=]{1,3}\d")


@dataclass(frozen=True, slots=True)
class Tick:
    """A training step's line: when it came, and what training had taken by the script's own clock (seconds)."""

    at: float
    step: int
    told: float | None
    number: int  # of the line, from 1


@dataclass(slots=True)
class Follower:
    """Hears each line of a job. `offset` is when the job began, in seconds since the run did."""

    limits: RunLimits
    offset: float = 0.0
    phase: str = SETUP
    step: int | None = None
    steps: int | None = None
    loss: float | None = None
    last: str = ""
    first_tick: Tick | None = None
    last_tick: Tick | None = None
    trained_at: float | None = None
    exported_at: float | None = None
    scored_at: float | None = None
    stopped: Tick | None = None
    heard: int = 0
    on_change: Callable[[Progress], None] | None = field(default=None, repr=False)

    def hear(self, line: Line) -> None:
        """Take one line."""
        self.heard += 1
        text = line.text[:LINE]
        if text.strip():
            self.last = text
        self._step(line.seconds, text)
        lowered = text.lower()
        if self.phase in (SETUP, TRAIN) and _STOPPED.search(lowered):
            self._stop(line.seconds, text)
            self._trained(line.seconds)
        elif self.phase != SETUP and _SIZE.search(text):
            self._trained(line.seconds)
            self.exported_at = line.seconds
            self.phase = EVALUATE
        if self.phase in (EXPORT, EVALUATE) and _SCORE.search(lowered):
            self.scored_at = line.seconds
        if self.on_change is not None:
            self.on_change(self.progress(line.seconds))

    @property
    def train_seconds(self) -> float | None:
        """Training by our clock: what the first step's line tells, and what passed up to the last one's.

        What the script says to have trained between that line and its stop is added, as far as that time did pass.
        """
        first, last, stop = self.first_tick, self.last_tick, self.stopped
        if first is None or last is None:
            return None
        taken = (first.told or 0.0) + last.at - first.at
        if stop is not None and stop.told is not None and last.told is not None:
            taken += min(max(0.0, stop.told - last.told), stop.at - last.at)
        return taken

    @property
    def eval_seconds(self) -> float | None:
        """From the last line on the artifact, or the end of training, to the last score."""
        began = self.exported_at if self.exported_at is not None else self.trained_at
        return None if began is None or self.scored_at is None else max(0.0, self.scored_at - began)

    def over_time(self, now: float) -> str | None:
        """Which limit has been passed `now` seconds after the job began; None where none has."""
        most = self.limits.train_seconds + self.limits.train_tolerance_seconds
        if self.phase == TRAIN and self.first_tick is not None:
            taken = (self.first_tick.told or 0.0) + now - self.first_tick.at
            if taken > most and self.last_tick is not None and self.last_tick.at - self.first_tick.at > most:
                return f"training took longer than {most:g} s"
        most = self.limits.eval_seconds + self.limits.eval_tolerance_seconds
        if self.phase == EVALUATE and self.exported_at is not None and now - self.exported_at > most:
            return f"evaluation took longer than {most:g} s"
        return None

    def progress(self, now: float) -> Progress:
        """How far it is."""
        return Progress(
            state=State.RUNNING,
            phase=self.phase,
            step=self.step,
            steps=self.steps,
            loss=self.loss,
            seconds=round(self.offset + now, 3),
            expected_seconds=round(self.offset + self._expected(now), 1),
            last_line=self.last,
        )

    def _step(self, at: float, text: str) -> None:
        found = _STEP.search(text)
        if found is None or self.phase not in (SETUP, TRAIN):
            return
        loss = _LOSS.search(text)
        self.step = int(found[1])
        self.steps = int(found[2]) if found[2] else self.steps
        if loss is None or "val_loss" in text:
            return
        self.phase = TRAIN
        self.loss = float(loss[1])
        self.last_tick = Tick(at, self.step, _told_seconds(text), self.heard)
        self.first_tick = self.first_tick or self.last_tick

    def _stop(self, at: float, text: str) -> None:
        """The line on which the clock stopped training."""
        told = _told_seconds(text)
        if told is not None and self.stopped is None:
            self.stopped = Tick(at, self.step or 0, told, self.heard)

    def _trained(self, at: float) -> None:
        if self.trained_at is None:
            self.trained_at = at
            self.phase = EXPORT

    def _expected(self, now: float) -> float:
        """Seconds after its beginning when the job will have ended."""
        limits = self.limits
        if self.phase == EVALUATE and self.exported_at is not None:
            return min(limits.total_seconds, max(now, self.exported_at + limits.eval_seconds))
        if self.first_tick is None or self.last_tick is None:
            return limits.total_seconds
        began = self.first_tick.at - (self.first_tick.told or 0.0)
        train = limits.train_seconds
        if self.steps and self.last_tick.step:
            train = min(train, (self.last_tick.at - began) * self.steps / self.last_tick.step)
        return min(limits.total_seconds, max(now, began + train + limits.eval_seconds))


def _told_seconds(text: str) -> float | None:
    """What training has taken so far, by the script's own clock."""
    told = _TIME.search(text)
    return None if told is None else float(told[1]) / (1000 if told[2] == "ms" else 1)
