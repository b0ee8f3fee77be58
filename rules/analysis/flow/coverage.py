"""Where a program scores less than the whole validation text: some batches, the first tokens, a clock that ends it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from rules.analysis.flow.claimed import claimed_scores
from rules.analysis.flow.events import Block, Event, Kind, Trace
from rules.analysis.flow.values import ANYWHERE, NLL, VAL, First
from rules.rule import Evidence, Location
from rules.submission import Submission, TrainLog

_CLOCKS = ("time", "elapsed", "deadline", "perf_counter", "monotonic", "budget")
_SHORTEST = 6  # letters of a line's beginning that tell one print from another


@dataclass(frozen=True, slots=True)
class Deadline:
    """A branch that leaves a scoring loop by the clock. `fired`: what it printed into a log, if any."""

    score: Event
    branch: Block
    fired: Evidence | None = None


def at_random(trace: Trace, submission: Submission) -> Event | None:
    """A score that the claimed number is made of, and whose tokens are picked at random."""
    claimed = claimed_scores(trace, submission) or _last(trace)
    return next((score for score in claimed if ANYWHERE in score.labels), None)


def limited(trace: Trace, submission: Submission, fewest: int) -> tuple[Event, int] | None:
    """A score that the claimed number is made of, and of how many tokens alone, where they are fewer than that."""
    for score in claimed_scores(trace, submission) or _last(trace):
        count = min((label.tokens for label in score.labels if isinstance(label, First)), default=fewest)
        if count < fewest:
            return score, count
    return None


def _last(trace: Trace) -> tuple[Event, ...]:
    scores = [score for score in trace.all(Kind.SCORE) if {VAL, NLL} <= score.labels]
    return tuple(scores[-1:])


def deadlines(trace: Trace, logs: tuple[TrainLog, ...]) -> Iterator[Deadline]:
    """The branches that end a loop over validation tokens by the clock and score nothing more."""
    seen: set[int] = set()
    for score in trace.all(Kind.SCORE):
        for loop in score.loops() if {VAL, NLL} <= score.labels else ():
            if _trains(loop):
                continue
            for child in loop.children:
                if isinstance(child, Block) and id(child) not in seen and _leaves_by_clock(child):
                    seen.add(id(child))
                    yield Deadline(score, child, _printed(child, trace, logs))


def _trains(loop: Block) -> bool:
    """Whether a loop learns from other than validation tokens: the clock of training ends it, and may."""
    return any(event.kind is Kind.LEARN and VAL not in event.labels for event in loop.events())


def _leaves_by_clock(branch: Block) -> bool:
    statement, which = branch.detail if branch.what == "branch" and isinstance(branch.detail, tuple) else (None, 1)
    if not isinstance(statement, ast.If) or which != 0 or not isinstance(statement.body[-1], ast.Break):
        return False
    asked = ast.unparse(statement.test).lower()
    return any(clock in asked for clock in _CLOCKS) and not any(e.kind is Kind.SCORE for e in branch.events())


def _printed(branch: Block, trace: Trace, logs: tuple[TrainLog, ...]) -> Evidence | None:
    """The line of a log on which something stands that only the branch prints."""
    own = {id(event) for event in branch.events()}
    printed = trace.all(Kind.PRINT)
    for log in logs:
        for words, line in (*log.openings.items(), *log.prefixes.items()):
            if len(words) <= _SHORTEST:
                continue
            sources = [event for event in printed if event.name.strip().lower().startswith(words.lower())]
            if sources and all(id(event) in own for event in sources):
                return Evidence(Location(log.path, line), words, "log")
    return None
