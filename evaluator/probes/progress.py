"""Losses that a submission prints while it scores: `chunk [3/64] running_loss:6.1 running_bpb:2.9` and their like."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_MOST = 20_000
_LINE = re.compile(r"chunk|running|window|batch|progress|eval|ttt|doc", re.I)
_TRAINING = re.compile(r"train_loss|train_time|step[:= ]\s?\d|warmup", re.I)
_PLACE = re.compile(r"(?<![\d.])(\d{1,9})\s?/\s?(\d{1,9})(?![\d.])")
_VALUE = re.compile(r"(?:loss|bpb|nll)\w{0,12}[\"']?\s?[:=]\s{0,4}(-?\d{1,4}\.\d{2,17})", re.I)


@dataclass(frozen=True, slots=True)
class Mark:
    """A loss (nats per token, or bits per byte) after `done` of `total` pieces of the stream; `digits` as printed."""

    done: int
    total: int
    value: float
    digits: int

    @property
    def share(self) -> float:
        """How much of the stream is behind it."""
        return self.done / self.total


def marks(text: str) -> Iterator[Mark]:
    """The marks of the last evaluation that a log reports, in its order."""
    found: list[Mark] = []
    for line in text.splitlines()[-_MOST:]:
        mark = _mark(line[:600])
        if mark is None:
            continue
        if found and (mark.total != found[-1].total or mark.done < found[-1].done):
            found.clear()
        found.append(mark)
    yield from found


def _mark(line: str) -> Mark | None:
    if not _LINE.search(line) or _TRAINING.search(line):
        return None
    place, value = _PLACE.search(line), _VALUE.search(line)
    if place is None or value is None:
        return None
    done, total = int(place[1]), int(place[2])
    if not 0 < done <= total:
        return None
    return Mark(done, total, float(value[1]), len(value[1].partition(".")[2]))
