"""Everything that readers could not take in, wherever they noted it."""

from __future__ import annotations

from collections.abc import Iterator

from rules.submission import Problem, ProblemKind, Submission


def problems_of(submission: Submission, *kinds: ProblemKind) -> Iterator[Problem]:
    """Problems of those kinds, of the submission and of its sources, each once."""
    of_sources = (problem for source in submission.sources for problem in source.problems)
    for problem in dict.fromkeys((*submission.problems, *of_sources)):
        if problem.kind in kinds:
            yield problem
