"""Tokens are scored with tables that the same tokens, or later ones, have filled.

## Why it matters
A first pass over the validation text fills a table; a second pass scores the same tokens with it. The table then knows
the answers: each token is scored after it was learnt from, and more than once.

## Flagged
    for chunk in chunks: score(chunk); table.update(chunk)
    for chunk in chunks: loss += score(chunk, table)      # again, with the full table

A table built of the whole text by one call before any of it is scored, also where one's own count is subtracted; a
loop whose later turns read the text again with the table that its earlier turns filled; an update that stands before
the score of the same chunk; first-pass losses that are taken out of the sum again.

## Allowed
One pass that scores a chunk and then fills the table with it. Two evaluations side by side with no state between them.
A table that was made ready with text that was scored already, as where each rank counts the text before its own share;
a second pass that no claimed score comes from.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from rules.analysis.configuration import configuration_of
from rules.analysis.flow.doubt import doubted_tables
from rules.analysis.flow.tables import Filling, LookUp, filling_of, lookups_in, lookups_of, places, taken_back
from rules.competition import Competition
from rules.rule import Evidence, Finding, Rule, Severity
from rules.submission import Submission

RULE = Rule(code="A08", name="two-pass-rescoring", category="two-pass", severity=Severity.BLOCK, doc=__doc__)

_FIX = "Score each token once, with a table that only tokens scored before it have filled, and report that sum."


def check(submission: Submission, _: Competition) -> Iterator[Finding]:
    """Yield the look-up in a table that was filled too early, the one behind the claimed score first."""
    found = _early(lookups_of(submission), submission)
    if found is not None:
        yield _finding(*found, submission)
        return
    doubt = doubted_tables(submission)
    found = _early(lookups_in(doubt[0], submission), submission) if doubt is not None else None
    if found is not None and doubt is not None and not found[0].open:
        yield _doubted(*found, doubt[1])


def _early(every: tuple[LookUp, ...], submission: Submission) -> tuple[Filling, LookUp] | None:
    """The look-up in a table that was filled too early, the surest first."""
    fillings = ((filling_of(one), one) for one in every)
    settled = ((_settled(filling, submission), one) for filling, one in fillings if filling is not None)
    found = [(filling, one) for filling, one in settled if filling is not None]
    return min(found, key=lambda pair: (pair[1].claimed is False, pair[0].open, not pair[1].summed), default=None)


def _settled(filling: Filling, submission: Submission) -> Filling | None:
    """The same where the setting says that its loop turns more than once, None where it says that it does not."""
    number = configuration_of(submission).number(filling.turns.by) if filling.turns is not None else None
    if number is None:
        return filling
    return replace(filling, open="") if number > 1 else None


def _doubted(filling: Filling, one: LookUp, claim: Evidence) -> Finding:
    """No log tells how the run was made, the script leaves the pass off by default, and the text claims it."""
    return RULE.at(
        one.read.location,
        f"The README claims it, and no log tells whether the run had it on: where it was, line {one.score.line} scores "
        f"validation tokens with `{one.read.name[:80]}`, a table that line {filling.write.line} fills with "
        f"{filling.what}.",
        fix=_FIX,
        severity=Severity.REVIEW,
        evidence=(claim, filling.write.evidence("write"), one.read.evidence("read"), one.score.evidence("score")),
    )


def _finding(filling: Filling, one: LookUp, submission: Submission) -> Finding:
    severity, open_question = Severity.BLOCK, ""
    if one.claimed is False:
        severity = Severity.NOTE
        open_question = " The line of the log that shows the claimed score is printed from another sum."
    elif filling.open:
        severity, open_question = Severity.REVIEW, f" Open: {filling.open}."
    taken = taken_back(submission)
    if taken is not None:
        open_question = f" At line {taken.line} losses of an earlier pass are taken out of the sum.{open_question}"
    return RULE.at(
        one.read.location,
        f"Line {one.score.line} scores validation tokens with `{one.read.name[:80]}`, a table that line "
        f"{filling.write.line} fills with {filling.what}.{open_question}",
        fix=_FIX,
        severity=severity,
        evidence=(
            *((taken.evidence("taken back"),) if taken is not None else ()),
            *places(one, lookups_of(submission), first=filling.write),
        ),
    )
