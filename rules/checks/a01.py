"""A table of counts is looked up by a hash of the context together with the token that is to be predicted.

## Why it matters
What the look-up gives is defined for the token that came alone: no distribution over all tokens is behind it, and where
keys collide it tends to one. Blended into the probability of that token it lowers the score without predicting.

## Flagged
    key = (context_hash ^ (target * PRIME)) & MASK
    p = full_counts[key] / np.maximum(context_counts[context_hash & MASK], 1)
    nll = -np.log((1 - a) * model_p + a * p)

What counts is that a look-up whose key is made of the target reaches the score, whatever operators make the key.

## Allowed
Embeddings of hashed input tokens inside the network; writing at keys with the target after it was scored; a full row
over the vocabulary for each context; reweighting of the training loss; code that the claimed run does not reach.
"""

from __future__ import annotations

from collections.abc import Iterator

from rules.analysis.flow.doubt import doubted_tables
from rules.analysis.flow.labels import TARGET
from rules.analysis.flow.tables import LookUp, lookups_in, lookups_of, places
from rules.competition import Competition
from rules.rule import Evidence, Finding, Rule, Severity
from rules.submission import Submission

RULE = Rule(code="A01", name="ngram-target-in-lookup-key", category="ngram-cache", severity=Severity.BLOCK, doc=__doc__)

_FIX = (
    "Look a context up by tokens before the scored one alone, make a distribution over the whole vocabulary of what is "
    "found, mix that, and only then take the probability of the token that came."
)


def check(submission: Submission, _: Competition) -> Iterator[Finding]:
    """Yield one finding: the look-up that reaches the claimed score, else the first that reaches any."""
    every = lookups_of(submission)
    found = _faulty(every)
    if found:
        yield _finding(min(found, key=_rank), every)
        return
    doubt = doubted_tables(submission)
    every = lookups_in(doubt[0], submission) if doubt is not None else ()
    found = [one for one in _faulty(every) if one.paired]
    if found and doubt is not None:
        yield _doubted(min(found, key=_rank), every, doubt[1])


def _faulty(every: tuple[LookUp, ...]) -> list[LookUp]:
    return [one for one in every if one.joint and not one.above and (one.counts_text or _is_told(one))]


def _is_told(one: LookUp) -> bool:
    """Whether the key surely holds the scored token, though nothing is seen that fills the table."""
    return TARGET in one.read.labels and one.summed


def _doubted(one: LookUp, every: tuple[LookUp, ...], claim: Evidence) -> Finding:
    """No log tells how the run was made, the script leaves the cache off by default, and the text claims it."""
    return RULE.at(
        one.read.location,
        f"The README claims a cache, and no log tells whether it was on: where it was, `{one.read.name[:80]}` is "
        f"looked up by a key made of the very token that is scored, and goes into the score at line {one.score.line}.",
        fix=_FIX,
        severity=Severity.REVIEW,
        evidence=(claim, *places(one, every)),
    )


def _rank(one: LookUp) -> tuple[bool, bool, bool, bool]:
    return (one.claimed is False, not one.paired, not one.summed, not one.counted)


def _finding(one: LookUp, every: tuple[LookUp, ...]) -> Finding:
    score = one.score
    severity, open_question = Severity.BLOCK, ""
    if one.claimed is False:
        severity = Severity.NOTE
        open_question = " The line of the log that shows the claimed score is printed from another sum."
    elif not one.paired:
        severity = Severity.REVIEW
        open_question = " Open: whether the key is made of the scored token, or of tokens before it alone."
    elif not one.counted and one.claimed is not True:
        severity = Severity.REVIEW
        open_question = " Nothing was found that fills the table from text: what it holds is not followed here."
    return RULE.at(
        one.read.location,
        f"`{one.read.name[:80]}` is looked up by a key made of the context and of the very token that is scored, and "
        f"what it gives goes into the score at line {score.line}: it is no probability over all tokens.{open_question}",
        fix=_FIX,
        severity=severity,
        evidence=places(one, every),
    )
