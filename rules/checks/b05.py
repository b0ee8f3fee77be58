"""Of several passes over the same tokens the lowest loss is kept.

## Why it matters
Choosing after the answer is known is no prediction. With enough passes the smallest loss of each token falls without
any model being better, and from the second pass on the weights have often learnt from the tokens as well.

## Flagged
    for turn in range(passes):
        for positions, x, y in batches(val_tokens):
            best[positions] = torch.minimum(best[positions], losses(model, x, y))

The same with a test: `if loss < best[document]: best[document] = loss`; and several tries that learn, side by side:

    tries = sorted((adapt(model, document, rate) for rate in rates), key=lambda losses: losses.sum().item())
    total += tries[0].sum()

## Allowed
The lowest of several losses in training, for clipping values of a quantiser, or in a line of progress: what is not
part of the claimed score.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from rules.analysis.flow.claimed import claimed_scores
from rules.analysis.flow.events import Block, Event, Kind, Round, Trace
from rules.analysis.flow.labels import NLL, TRIED, VAL
from rules.analysis.flow.order import repeats
from rules.analysis.flow.walk import trace_of
from rules.competition import Competition
from rules.rule import Finding, Rule, Severity
from rules.submission import Submission

RULE = Rule(code="B05", name="min-nll-over-passes", category="oracle-selection", severity=Severity.BLOCK, doc=__doc__)

_FIX = "Keep the loss of the first pass, taken before anything learns from the tokens."


def check(submission: Submission, _: Competition) -> Iterator[Finding]:
    """Yield the first choice among passes that a score is made of."""
    trace = trace_of(submission)
    if trace is None:
        return
    claimed = claimed_scores(trace, submission)
    kept = [
        (score, found) for score in _chosen(trace) if (found := _pass_of(score) or _tried(score, trace)) is not None
    ]
    homes = {id(_home(score)) for score in claimed}
    for score, loop in sorted(kept, key=lambda pair: pair[0] not in claimed):
        if claimed and id(_home(score)) not in homes:
            continue
        open_ = "" if claimed else " No log tells whether the claimed score is made of it."
        yield RULE.at(
            score.location,
            f"{_passes(loop)} over the same validation tokens several times, and line {score.line} keeps the lowest of "
            f"their losses.{open_}",
            fix=_FIX,
            severity=Severity.BLOCK if claimed else Severity.REVIEW,
            evidence=(loop.source.evidence(loop.line, "passes"), score.evidence("lowest loss kept")),
        )
        return


def _home(score: Event) -> Block:
    """The call in which a score is summed up."""
    return next((block for block in reversed(score.trail) if block.what == "call"), score.trail[0])


def _chosen(trace: Trace) -> Iterator[Event]:
    """Losses that are kept where they are smaller than what was kept before."""
    least = {(event.source.path, event.line) for event in trace.all(Kind.LEAST) if {VAL, NLL} <= event.labels}
    for score in trace.all(Kind.SCORE):
        if {VAL, NLL} <= score.labels and ((score.source.path, score.line) in least or _is_smaller(score)):
            yield score


def _is_smaller(score: Event) -> bool:
    """Whether a test around it compares losses."""
    for block in score.trail:
        if block.what == "branch" and NLL in block.labels and isinstance(block.detail, tuple):
            test = getattr(block.detail[0], "test", None)
            if isinstance(test, ast.Compare) and isinstance(test.ops[0], (ast.Lt, ast.LtE, ast.Gt, ast.GtE)):
                return bool(score.detail == "kept")
    return False


def _passes(found: Block | Event) -> str:
    if isinstance(found, Block):
        return f"The loop at line {found.line} goes"
    return f"What learns at line {found.line} is made anew and goes"


def _tried(score: Event, trace: Trace) -> Event | None:
    """What learns in each of several tries of the turn whose lowest loss is kept."""
    loops = score.loops()
    if TRIED not in score.labels or not loops:
        return None
    return next((event for event in trace.all(Kind.LEARN) if VAL in event.labels and loops[-1] in event.trail), None)


def _pass_of(score: Event) -> Block | None:
    """The loop that comes back to the same tokens: it counts, and picks none of them or has a loop that does."""
    loops = score.loops()
    for loop in loops:
        rounds = loop.detail
        if isinstance(rounds, Round) and rounds.number and repeats(loop, score):
            return loop
    first = loops[0].detail if len(loops) > 1 else None
    return loops[0] if isinstance(first, Round) and first.counts and (first.times or 0) > 1 else None
