"""A file could not be read as what it is.

## Why it matters
What was not read was not checked: a score, a log or a script may stand in it that nobody has looked at.

## Flagged
    version https://git-lfs.github.com/spec/v1
    oid sha256:4d7a…

instead of the log itself; an object that the repository lacks; bytes in no text encoding that we know.

## Allowed
UTF-8 and UTF-16 with or without a byte-order mark, any line ends, compressed models and tokenizers.
"""

from __future__ import annotations

from collections.abc import Iterator

from rules.analysis.problems import problems_of
from rules.competition import Competition
from rules.rule import Finding, Rule, Severity
from rules.submission import Problem, ProblemKind, Submission

RULE = Rule(code="R01", name="unreadable-file", category="unreadable", severity=Severity.INCOMPLETE, doc=__doc__)

# Files that are read as text; what a model or a table lacks is noted and nothing more.
_READ = (".py", ".json", ".md", ".log", ".txt", ".sh", ".c", ".cc", ".cpp", ".cu", ".h", ".out")
_FIXES = {
    ProblemKind.UNDECODABLE: "Save the file as UTF-8.",
    ProblemKind.MISSING_OBJECT: "Push the branch again with all of its objects.",
    ProblemKind.LFS_POINTER: "Commit the file itself: the content that a Git LFS pointer names is not fetched.",
    ProblemKind.NO_COMMON_HISTORY: "Rebase the branch onto the competition's default branch.",
    ProblemKind.EMPTY: "Commit the file with its content.",
}
_WHAT = {
    ProblemKind.UNDECODABLE: "is not text in an encoding that Fairway reads",
    ProblemKind.MISSING_OBJECT: "could not be fetched",
    ProblemKind.LFS_POINTER: "is a Git LFS pointer instead of the file",
    ProblemKind.NO_COMMON_HISTORY: "The branch has no history in common with the competition's repository",
    ProblemKind.EMPTY: "is empty",
}


def check(submission: Submission, competition: Competition) -> Iterator[Finding]:
    """Yield a finding for each file that could not be read and that no other rule speaks of."""
    for problem in problems_of(submission, *_FIXES):
        if not _is_reported_elsewhere(problem, submission, competition):
            yield _finding(problem, submission)


def _finding(problem: Problem, submission: Submission) -> Finding:
    path, detail = problem.location.path, f": {problem.detail}" if problem.detail else ""
    subject = f"`{submission.inside(path)}` " if path and problem.kind is not ProblemKind.NO_COMMON_HISTORY else ""
    is_minor = problem.kind is ProblemKind.UNDECODABLE or (path and not path.casefold().endswith(_READ))
    return RULE.at(
        problem.location if path else None,
        f"{subject}{_WHAT[problem.kind]}{detail}.",
        fix=_FIXES[problem.kind],
        severity=Severity.NOTE if is_minor else None,
    )


def _is_reported_elsewhere(problem: Problem, submission: Submission, competition: Competition) -> bool:
    """An empty script, README or submission.json is a missing one, which other rules report."""
    if problem.kind is not ProblemKind.EMPTY:
        return False
    name = submission.inside(problem.location.path).casefold()
    sources = {source.path for source in submission.sources}
    return name in {n.casefold() for n in competition.files.required} or problem.location.path in sources
