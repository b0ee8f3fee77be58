"""A path is not what it looks like.

## Why it matters
A name with invisible or direction-changing characters shows a person something else than what is run; a link points
out of the folder that is judged.

## Flagged
    records/track/entry/train_gpt.py -> ../../../other/train_gpt.py

Symbolic links, links to other repositories, names with control characters, bidirectional marks or backslashes.

## Allowed
Spaces, quotes and letters of any language.
"""

from __future__ import annotations

from collections.abc import Iterator

from rules.analysis.problems import problems_of
from rules.competition import Competition
from rules.rule import Finding, Rule, Severity
from rules.submission import ProblemKind, Submission

RULE = Rule(code="R02", name="hostile-path", category="unreadable", severity=Severity.REVIEW, doc=__doc__)

_WHAT = {
    ProblemKind.SYMLINK: "is a symbolic link; its target was not read",
    ProblemKind.GITLINK: "is a link to another repository; nothing below it was read",
    ProblemKind.HOSTILE_PATH: "is not the name that it seems to be",
}
_FIXES = {
    ProblemKind.SYMLINK: "Replace the link by the file itself.",
    ProblemKind.GITLINK: "Add the files themselves, or remove the link.",
    ProblemKind.HOSTILE_PATH: "Rename the file with plain characters.",
}


def check(submission: Submission, _: Competition) -> Iterator[Finding]:
    """Yield a finding for each such path."""
    for problem in problems_of(submission, *_WHAT):
        detail = f" ({problem.detail})" if problem.kind is ProblemKind.HOSTILE_PATH and problem.detail else ""
        yield RULE.at(
            problem.location,
            f"`{submission.inside(problem.location.path)}` {_WHAT[problem.kind]}{detail}.",
            fix=_FIXES[problem.kind],
        )
