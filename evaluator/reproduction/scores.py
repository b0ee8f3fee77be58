"""Figures out of a log, by the readers that triage uses, and checked by our own counting."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from evaluator import accounting, shards
from evaluator.bytecount import ByteCountError
from evaluator.evidence import Measured
from evaluator.execution import Line
from evaluator.reproduction.data import VAL, Data
from rules.reading.logs import read_log
from rules.submission import Quantity, TrainLog

FORGED = 2e-3  # relative: what bits per byte may lie from those that follow from the loss
ROUNDING = 1e-4  # of figures printed with four decimals
SIZES = (Quantity.MODEL_BYTES, Quantity.ARTIFACT_BYTES, Quantity.CODE_BYTES)


def read(lines: Sequence[Line]) -> TrainLog:
    """The log as text: line n of it is `lines[n - 1]`."""
    text = "\n".join(line.text for line in lines)
    log, _ = read_log("run.log", "", text.encode())
    return log


def stated_sizes(log: TrainLog) -> set[int]:
    """Bytes that the log states for the model: alone, or with the code's taken off."""
    model = {int(m.value) for m in log.all(Quantity.MODEL_BYTES)}
    code = log.last(Quantity.CODE_BYTES)
    if code is not None:
        model |= {int(m.value - code.value) for m in log.all(Quantity.ARTIFACT_BYTES)}
    return model


def measured(log: TrainLog) -> tuple[Measured, ...]:
    """The headline, its loss, and the steps, each with its line."""
    found: list[Measured] = []
    scores = [score for score in log.final_scores if score.step is None] or log.final_scores
    if scores:
        last = scores[-1]
        line = last.location.line
        assert last.val_bpb is not None
        found.append(Measured("val_bpb", last.val_bpb, line, last.label))
        if last.val_loss is not None:
            found.append(Measured("val_loss", last.val_loss, line, last.label))
    steps = log.last(Quantity.STEPS)
    if steps is not None:
        found.append(Measured("steps", steps.value, steps.location.line))
    return tuple(m for m in found if math.isfinite(m.value))


def figure(found: Sequence[Measured], name: str) -> Measured | None:
    """The measured figure of that name."""
    return next((m for m in found if m.name == name), None)


@dataclass(frozen=True, slots=True)
class Counted:
    """Tokens and bytes of a validation split, counted by us. A stream of n + 1 tokens scores n."""

    tokens: int
    size: int


def counted(data: Data, folder: Path) -> Counted | None:
    """None where nothing that is here tells the bytes."""
    try:
        tokens = shards.read_split(folder, VAL)
        size = accounting.count_split(folder, data.tokenizer, transforms_text=data.transforms_text)
    except (ByteCountError, shards.ShardError):
        return None
    return Counted(len(tokens) - 1, size) if size else None


def forged(found: Sequence[Measured], text: Counted | None) -> str | None:
    """How the printed bits per byte contradict the printed loss; None where they agree or cannot be compared."""
    loss, bpb = figure(found, "val_loss"), figure(found, "val_bpb")
    if text is None or loss is None or bpb is None:
        return None
    follows = loss.value / math.log(2) * text.tokens / text.size
    if abs(follows - bpb.value) <= FORGED * follows + ROUNDING:
        return None
    return (
        f"the log prints {bpb.value:.4f} bits per byte, and a loss of {loss.value:.4f} nats per token, from which "
        f"{follows:.4f} follow: the text has {text.tokens:,} tokens and {text.size:,} bytes"
    )
