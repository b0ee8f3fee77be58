"""An expert's probability is mixed in for the token that came alone.

## Why it matters
A mixture is a probability only where it is one over all tokens. Where the expert speaks only for a token that it has
seen, or backs off because of that token, mass is added to what came and taken from nothing.

## Flagged
    counts = cache[context]
    if target in counts:
        p = (1 - a) * p + a * counts[target] / total
    loss -= math.log(p)

A look-up of the context and then of the token that came, where nothing runs over the vocabulary: for a person to judge
where whether the expert speaks depends on the context alone. Any other way to put the probability of that token
together with something of the text, where no rule knows the shape, is for a person too.

## Allowed
A full row for each context, normalised over the vocabulary and then taken at the target; a tilt of one hinted token
with its closed-form normaliser, where the hint follows from the prefix.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from rules.analysis.flow.claimed import claimed_or_last
from rules.analysis.flow.events import Block, Event
from rules.analysis.flow.labels import AIMED, BYTES, GATED, LEAST, PARTS, PSEUDO, SCALED, SHIFTED, SPREAD, TARGET, Blend
from rules.analysis.flow.reach import weight
from rules.analysis.flow.tables import LookUp, lookups_of, places
from rules.analysis.flow.walk import trace_of
from rules.competition import Competition
from rules.rule import Evidence, Finding, Rule, Severity
from rules.submission import Submission

RULE = Rule(
    code="A02", name="realized-token-only-mixture", category="ngram-cache", severity=Severity.BLOCK, doc=__doc__
)

_SHAPES = frozenset({AIMED, GATED, LEAST, PSEUDO, SCALED, SHIFTED, SPREAD})  # the matter of other rules

_FIX = (
    "Mix whole distributions: a row over the vocabulary for each context, normalised, whether or not the token that "
    "came was seen; then take the probability of that token."
)


def check(submission: Submission, _: Competition) -> Iterator[Finding]:
    """Yield one finding: the look-up at the target, with the test of it where there is one."""
    every = lookups_of(submission)
    found = [one for one in every if one.target and one.counted and _is_sure(one) and not _is_other(one)]
    if found:
        yield _finding(min(found, key=lambda one: (one.claimed is False, _fires(one) is None)), every, submission)
    elif not any(one.target for one in every):
        yield from _not_understood(submission)


def _not_understood(submission: Submission) -> Iterator[Finding]:
    """The last place where the loss was put together with something else, where no rule knows the shape."""
    trace = trace_of(submission)
    if trace is None:
        return
    for score in claimed_or_last(trace, submission):
        numbers = [label.number for label in score.labels if isinstance(label, Blend)]
        if not numbers or score.labels & _SHAPES or trace.is_weight(score):
            continue
        blend = trace.blends[max(numbers)]
        yield RULE.at(
            blend.location,
            f"The probability of the token that came is put together at line {blend.line} with something else that is "
            f"made of the text, and what comes of it goes into the score at line {score.line}. Open: whether it is one "
            "over all tokens still; no known shape was recognised.",
            fix=_FIX,
            severity=Severity.REVIEW,
            evidence=(blend.evidence("mixture"), score.evidence("score")),
        )
        return


def _is_sure(one: LookUp) -> bool:
    """Whether it is the target that is looked up, and not another token before it."""
    return bool(one.above) or one.paired or bool({TARGET, PARTS} & one.read.labels)


def _is_other(one: LookUp) -> bool:
    """Whether other rules are about it: keys that are hashed with the target, and tables of bytes."""
    return (one.joint and not one.above) or BYTES in one.read.labels or SPREAD in one.score.labels


def _finding(one: LookUp, every: tuple[LookUp, ...], submission: Submission) -> Finding:
    severity, open_question = weight(one.claimed, submission, one.read)
    fires = _fires(one)
    if fires is None and severity is Severity.BLOCK:
        severity = Severity.REVIEW
        open_question = " Open: whether the mixture sums to one over the vocabulary; nothing here computes that sum."
    what = (
        f"the expert speaks where the test at line {fires.line} holds, which asks for that token, and " if fires else ""
    )
    return RULE.at(
        one.read.location,
        f"`{one.read.name[:80]}` looks a table of counts up at the token that is scored; {what}what it gives goes into "
        f"the score at line {one.score.line}.{open_question}",
        fix=_FIX,
        severity=severity,
        evidence=(*places(one, every), *((_quote(fires),) if fires is not None else ())),
    )


def _fires(one: LookUp) -> Block | None:
    """The branch around or after it that is taken because of what was found for the token that came."""
    taken = (*_branches(one.score), *_ways_out(one.read))
    return next((b for b in taken if one.same & b.labels and not _asks_for_none(b)), None)


def _ways_out(read: Event) -> Iterator[Block]:
    """Branches after a look-up, in the turn of the loop or the call that it stands in, of which one side ends it."""
    for block in reversed(read.trail):
        after = block.children[next((n for n, c in enumerate(block.children) if c is read or c in read.trail), 0) :]
        branches = (child for child in after if isinstance(child, Block) and child.what == "branch")
        yield from (branch for branch in branches if branch.leaves and not _asks_a_call(branch))
        if block.what in ("loop", "call"):
            return


def _asks_a_call(block: Block) -> bool:
    """Whether a test asks what a call gives, such as the sum of a whole row."""
    test = getattr(block.detail[0], "test", None) if isinstance(block.detail, tuple) else None
    return test is not None and any(isinstance(node, ast.Call) for node in ast.walk(test))


def _asks_for_none(block: Block) -> bool:
    """Whether a test only asks whether there is a value, which may be of the context alone."""
    test = getattr(block.detail[0], "test", None) if isinstance(block.detail, tuple) else None
    return isinstance(test, ast.Compare) and all(isinstance(op, (ast.Is, ast.IsNot)) for op in test.ops)


def _branches(event: Event) -> Iterator[Block]:
    """Branches around an event, and those before it in the turn of the loop that it stands in."""
    part: Event | Block = event
    for block in reversed(event.trail):
        if block.what == "branch":
            yield block
        for child in block.children:
            if child is part:
                break
            if isinstance(child, Block) and child.what == "branch":
                yield child
        if block.what in ("loop", "call"):
            return
        part = block


def _quote(block: Block) -> Evidence:
    return block.source.evidence(block.line, "test")
