"""The submission says that it builds on one that was ruled invalid, and keeps what that was ruled invalid for.

## Why it matters
An idea that was refused once spreads within hours: who builds on it inherits the reason, mostly without knowing it.

## Flagged
    "Built on PR #812", which was ruled invalid the day before, with a script that is still four fifths its script

## Allowed
Naming a refused submission for history, or building on it after the guilty part was taken out: then little of its own
code is left, or the README says that the part is gone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rules.competition import Competition
from rules.rule import Evidence, Finding, Rule, Severity
from rules.submission import Citation, Kin, Mention, Refused, Submission

RULE = Rule(
    code="B13", name="lineage-inherits-invalid-scheme", category="lineage", severity=Severity.REVIEW, doc=__doc__
)

KEPT = 0.6  # of the token lines beyond the baseline: below, too little is left to tell what was kept
_FORMAL = frozenset(
    {
        "missing-evidence",
        "too-few-seeds",
        "duplicate",
        "scope",
        "score-mismatch",
        "config-mismatch",
        "not-significant",
        "below-sota",
    }
)
_TAKEN_OUT = re.compile(
    r"\b(?:without|remov\w*|drop(?:s|ped|ping)?|strip\w*|exclud\w*|disabl\w*|minus|instead of|no longer|replac\w*"
    r"|not (?:us|includ|inherit)\w*)\b",
    re.IGNORECASE,
)


def check(submission: Submission, _: Competition) -> Iterator[Finding]:
    """Yield one finding for each refused parent whose code the submission keeps."""
    kin = {k.number: k for k in submission.kin}
    named = {c.number: c for c in submission.citations if c.kind is Mention.PARENT}
    for refused in submission.refused:
        citation, near = named.get(refused.number), kin.get(refused.number)
        if citation is None or near is None or not _keeps(near, refused) or _TAKEN_OUT.search(citation.phrase):
            continue
        yield _finding(refused, citation, near)


def _keeps(near: Kin, refused: Refused) -> bool:
    """Whether most of its code is left, and it was refused for code: missing papers and slow runs are not inherited."""
    return near.similarity is not None and near.similarity >= KEPT and not _FORMAL.issuperset(refused.reasons)


def _finding(refused: Refused, citation: Citation, near: Kin) -> Finding:
    reasons = ", ".join(refused.reasons) or "no reason is recorded"
    return RULE.at(
        citation.location,
        f"It builds on #{refused.number}, which was ruled invalid on {refused.ruled_on} ({reasons}), and the script is "
        f"still {100 * (near.similarity or 0.0):.0f} % alike.",
        fix="Say in the README which part the ruling was about, and that it is gone; or take it out.",
        evidence=(Evidence(citation.location, citation.phrase[:300], "claim"),),
    )
