"""What a program prints around something that it does, and of which the log of the claimed run shows nothing."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import takewhile

from rules.analysis.flow.events import Event, Kind, Trace
from rules.analysis.flow.formatting import OPEN
from rules.analysis.headline import headlines_of
from rules.analysis.liveness import heads_of
from rules.submission import Submission, TrainLog


def unshown(event: Event, trace: Trace, submission: Submission) -> Event | None:
    """The line that is surely printed last before an event, where claimed logs show neither it nor the first after it.

    A log tells only where it shows what the program prints further before and after: then it is no excerpt, and it is
    this program's. None where a line is shown, where nothing is printed for sure, or no log tells.
    """
    logs = [run.log for run in headlines_of(submission) if run.certain]
    if not logs or any(log.truncated for log in logs):
        return None
    before, after = _around(event, trace)
    silent = [_silent(side, logs) for side in (before[::-1], after)]
    if not all(silent):
        return None
    rest = [side[len(unseen) :] for side, unseen in zip((before[::-1], after), silent, strict=True)]
    return silent[0][0] if all(side and all(_shows(log, side[0]) for log in logs) for side in rest) else None


def _around(event: Event, trace: Trace) -> tuple[list[Event], list[Event]]:
    """What is printed whenever the event happens, before it and after it."""
    before: list[Event] = []
    after: list[Event] = []
    side = before
    for one in trace.root.events():
        if one is event:
            side = after
        elif one.kind is Kind.PRINT and _heads(one) and _is_sure(one, event):
            side.append(one)
    return before, after


def _is_sure(printed: Event, event: Event) -> bool:
    """Whether it stands in no branch and no loop but those around the event."""
    return all(block.what == "call" or block in event.trail for block in printed.trail[1:])


def _silent(printed: Iterable[Event], logs: list[TrainLog]) -> list[Event]:
    return list(takewhile(lambda one: not any(_shows(log, one) for log in logs), printed))


def _shows(log: TrainLog, printed: Event) -> bool:
    told = log.prefixes.keys() | log.openings.keys() | {score.label for score in log.scores}
    return any(head in told for head in _heads(printed))


def _heads(printed: Event) -> list[str]:
    """How the line begins, as far as it is plain."""
    return [head for head in heads_of(printed.name) if OPEN not in head]
