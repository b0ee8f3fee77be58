"""Work that several rules ask for and that is done once for a submission."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TypeVar

from rules.submission import Submission

T = TypeVar("T")


def once(function: Callable[[Submission], T]) -> Callable[[Submission], T]:
    """Remember the answer for the submission that was asked about last: rules are applied to one after the other."""
    last: tuple[Submission, T] | None = None

    @wraps(function)
    def ask(submission: Submission) -> T:
        nonlocal last
        known = last  # another thread may put in its own meanwhile
        if known is None or known[0] is not submission:
            known = last = (submission, function(submission))
        return known[1]

    return ask
