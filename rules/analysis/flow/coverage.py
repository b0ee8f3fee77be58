"""Where a program scores less than the whole validation text: some batches, the first tokens, a clock that ends it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from rules.analysis.flow.claimed import claimed_or_last
from rules.analysis.flow.events import Block, Event, Kind, Round, Trace
from rules.analysis.flow.labels import ANYWHERE, CLOCK, NLL, RANK, VAL, First, Limit, Part
from rules.analysis.flow.order import walks
from rules.analysis.headline import headlines_of
from rules.rule import Evidence, Location
from rules.submission import Quantity, Submission, TrainLog

_CLOCKS = ("time", "elapsed", "deadline", "perf_counter", "monotonic", "budget")
_RANKS = ("rank", "world")
_MOST_SECONDS = 7_200  # that a clock may let go by: a larger limit counts milliseconds
_ALMOST = 0.99  # of the limit: what is counted apart from the loop, and the last turn before it
_SHORTEST = 6  # letters of a line's beginning that tell one print from another


@dataclass(frozen=True, slots=True)
class Deadline:
    """A branch that leaves a scoring loop by the clock, or the loop. `fired`: the line of a log that shows that it did.

    It is one that the branch alone prints, or tells of at least as many seconds as the clock lets go by. `not_fired`:
    why it is likely that it did not, "" where no log tells.
    """

    score: Event
    branch: Block
    fired: Evidence | None = None
    not_fired: str = ""


def at_random(trace: Trace, submission: Submission) -> Event | None:
    """A score that the claimed number is made of, and whose tokens are picked at random."""
    claimed = claimed_or_last(trace, submission)
    return next((score for score in claimed if ANYWHERE in score.labels), None)


def limited(trace: Trace, submission: Submission, fewest: int) -> tuple[Event, int] | None:
    """A score that the claimed number is made of, and of how many tokens alone, where they are fewer than that."""
    for score in claimed_or_last(trace, submission):
        count = min((label.tokens for label in score.labels if isinstance(label, First)), default=fewest)
        if count < fewest:
            return score, count
    return None


def sparse(trace: Trace, submission: Submission) -> tuple[Event, Block | None, int] | None:
    """A score that the claimed number is made of, and that is only of one of so many stretches.

    With the branch that leaves out the others, None where the stretches are so taken from the text.
    """
    for score in claimed_or_last(trace, submission):
        every = max((label.of for label in score.labels if isinstance(label, Part)), default=0)
        if every:
            return score, None, every
        for branch, of in _left_out_by(score):
            return score, branch, of
    return None


def _left_out_by(score: Event) -> Iterator[tuple[Block, int]]:
    """Branches by the remainder of a turn's number around a score, or that go on to the next turn before it."""
    for place, loop in enumerate(score.trail):
        if loop.what != "loop" or not walks(loop, score):
            continue
        inner = score.trail[place + 1] if place + 1 < len(score.trail) else score
        before = loop.children[: next((n for n, one in enumerate(loop.children) if one is inner), 0)]
        skips = [one for one in before if isinstance(one, Block) and one.what == "branch" and one.leaves]
        for branch in (*skips, *(block for block in score.trail[place + 1 :] if block.what == "branch")):
            of = _remainder_of(branch, loop)
            if of and not _scores_elsewhere(branch, loop, score):
                yield branch, of


def _scores_elsewhere(branch: Block, loop: Block, score: Event) -> bool:
    """Whether a loop scores in more than one way, whichever way a branch goes."""
    others = (event for event in loop.events() if event.kind is Kind.SCORE and {VAL, NLL} <= event.labels)
    return any((branch in other.trail) is not (branch in score.trail) for other in others)


def _remainder_of(branch: Block, loop: Block) -> int:
    """The number by which the turn's number is divided, 0 where a branch is of anything else, or of ranks."""
    statement = branch.detail[0] if isinstance(branch.detail, tuple) else None
    if not isinstance(statement, ast.If) or not getattr(loop.detail, "number", 0) or RANK in branch.labels:
        return 0
    if any(word in ast.unparse(statement.test).lower() for word in _RANKS):
        return 0
    for node in ast.walk(statement.test):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod) and isinstance(node.right, ast.Constant):
            of = node.right.value
            if isinstance(of, int) and of > 1 and _is_turn(node.left, loop):
                return of
    return 0


def _is_turn(node: ast.expr, loop: Block) -> bool:
    """Whether a name is that of the turn's number."""
    statements = ast.walk(loop.source.tree or ast.Module([], []))
    heads = (one for one in statements if isinstance(one, ast.For) and one.lineno == loop.line)
    bound = {name.id for head in heads for name in ast.walk(head.target) if isinstance(name, ast.Name)}
    return isinstance(node, ast.Name) and node.id in bound


def deadlines(trace: Trace, submission: Submission) -> Iterator[Deadline]:
    """Where the clock ends a loop over validation tokens, and nothing more is scored."""
    seen: set[int] = set()
    for score in trace.all(Kind.SCORE):
        for loop in score.loops() if {VAL, NLL} <= score.labels else ():
            if id(loop) in seen or _trains(loop) or _goes_on(loop, score):
                continue
            seen.add(id(loop))
            for ending in _endings(loop):
                yield _deadline(score, ending, trace, submission)


def _trains(loop: Block) -> bool:
    """Whether a loop learns from other than validation tokens: the clock of training ends it, and may."""
    return any(event.kind is Kind.LEARN and VAL not in event.labels for event in loop.events())


def _goes_on(loop: Block, score: Event) -> bool:
    """Whether what the function does after the loop scores validation tokens further."""
    around = score.trail[score.trail.index(loop) - 1]
    after = around.children[next(n for n, child in enumerate(around.children) if child is loop) + 1 :]
    events = (event for part in after for event in (part.events() if isinstance(part, Block) else (part,)))
    return any(event.kind is Kind.SCORE and {VAL, NLL} <= event.labels for event in events)


def _endings(loop: Block) -> Iterator[Block]:
    """The loop itself where it turns as long as the clock lets it, and the branches that leave it by the clock."""
    if isinstance(loop.detail, Round) and loop.detail.number == 0 and CLOCK in loop.labels:
        yield loop
    waiting = [child for child in loop.children if isinstance(child, Block)]
    for child in waiting:
        if child.what == "branch":
            waiting += [inner for inner in child.children if isinstance(inner, Block)]
            if _leaves_by_clock(child):
                yield child


def _leaves_by_clock(branch: Block) -> bool:
    statement, which = branch.detail if isinstance(branch.detail, tuple) else (None, 1)
    if not isinstance(statement, ast.If) or which != 0 or not isinstance(statement.body[-1], (ast.Break, ast.Return)):
        return False
    asked = ast.unparse(statement.test).lower()
    by_clock = CLOCK in branch.labels or any(clock in asked for clock in _CLOCKS)
    return by_clock and not any(e.kind is Kind.SCORE for e in branch.events())


def _deadline(score: Event, ending: Block, trace: Trace, submission: Submission) -> Deadline:
    fired = _printed(ending, trace, submission.logs) if ending.what == "branch" else None
    limit = min((label.amount for label in ending.labels if isinstance(label, Limit)), default=None)
    took = [one for run in headlines_of(submission) if (one := run.score.eval_seconds or _total(run.log)) is not None]
    tells = any(event.kind is Kind.PRINT for event in ending.events()) and ending.what == "branch"
    silent = "no log shows what is printed then" if tells and headlines_of(submission) else ""
    if fired is not None or not took or limit is None:
        return Deadline(score, ending, fired, silent)
    limit = limit if limit < _MOST_SECONDS else limit / 1000  # milliseconds
    run = max(headlines_of(submission), key=lambda run: run.score.eval_seconds or _total(run.log) or 0)
    if max(took) < limit * _ALMOST:
        return Deadline(score, ending, None, "the logs show less time than that")
    if silent:
        return Deadline(score, ending, None, silent)
    return Deadline(score, ending, Evidence(run.score.location, run.score.quote, "measured"))


def _total(log: TrainLog) -> float | None:
    found = log.last(Quantity.EVAL_SECONDS)
    return None if found is None else found.value


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
