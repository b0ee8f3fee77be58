"""From findings to one word."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Protocol

from rules.rule import Severity


class Weighed(Protocol):
    """Anything with a severity: a finding as a value, or as a row."""

    @property
    def severity(self) -> Severity: ...


class Verdict(StrEnum):
    """The sum of the findings, worst first."""

    LIKELY_INVALID = "likely-invalid"
    NEEDS_REVIEW = "needs-review"
    INCOMPLETE = "incomplete"
    CLEAR = "clear"


_BY_SEVERITY = {
    Severity.BLOCK: Verdict.LIKELY_INVALID,
    Severity.REVIEW: Verdict.NEEDS_REVIEW,
    Severity.INCOMPLETE: Verdict.INCOMPLETE,
    Severity.NOTE: Verdict.CLEAR,
}


def verdict_of(findings: Iterable[Weighed]) -> Verdict:
    """The worst finding decides; notes and no findings at all are `clear`."""
    worst = max((f.severity for f in findings), key=lambda severity: severity.rank, default=Severity.NOTE)
    return _BY_SEVERITY[worst]
