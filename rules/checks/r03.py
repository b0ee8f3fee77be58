"""A limit of ours was reached, so that something was not looked at.

## Why it matters
What was not read was not checked. A person has to look at it, and an author can make it smaller.

## Flagged
    a script of 40 MB, a log of 300 MB, 5,000 levels of brackets, a payload that unpacks to gigabytes

## Allowed
Models, tokenizers and data of any size up to the competition's cap: they are not read as text.
"""

from __future__ import annotations

from collections.abc import Iterator

from rules.analysis.problems import problems_of
from rules.competition import Competition
from rules.rule import Finding, Rule, Severity
from rules.submission import ProblemKind, Submission

RULE = Rule(code="R03", name="limit-reached", category="unreadable", severity=Severity.REVIEW, doc=__doc__)


def check(submission: Submission, _: Competition) -> Iterator[Finding]:
    """Yield a finding for each limit that was reached."""
    for problem in problems_of(submission, ProblemKind.LIMIT):
        path = problem.location.path
        what = f"`{submission.inside(path)}`" if path else "The pull request"
        yield RULE.at(
            problem.location if path else None,
            f"{what} was not read in full: {problem.detail or 'it is too large'}.",
            fix="Remove what the submission does not need, or make it smaller.",
        )
