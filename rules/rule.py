"""What a rule is and what it yields: severities, locations, findings.

A rule reads values and yields findings; it never opens a file itself. The worst severity among a submission's
findings decides its verdict (`rules.verdict`).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum


class Severity(StrEnum):
    """How much a finding weighs, lightest first."""

    NOTE = "note"
    INCOMPLETE = "incomplete"
    REVIEW = "review"
    BLOCK = "block"

    @property
    def rank(self) -> int:
        """0 for `note` up to 3 for `block`."""
        return _RANKS[self]


_RANKS = {severity: rank for rank, severity in enumerate(Severity)}


class Source(StrEnum):
    """Who noticed it."""

    RULE = "rule"
    PRECEDENT = "precedent"
    REVIEWER = "reviewer"
    RUN = "run"


@dataclass(frozen=True, slots=True)
class Location:
    """A place in a submission as a person sees it in the pull request.

    `line` counts from 1; None means the file as a whole. Where the text lies inside a packed script, `line` is the
    line of the payload in the shipped file and `unpacked_line` the line in the unpacked text.
    """

    path: str
    line: int | None = None
    unpacked_line: int | None = None

    @property
    def name(self) -> str:
        """The file's own name, without its folders."""
        return self.path.rpartition("/")[2]

    def __str__(self) -> str:
        text = self.path if self.line is None else f"{self.path}:{self.line}"
        return text if self.unpacked_line is None else f"{text} (unpacked line {self.unpacked_line})"


@dataclass(frozen=True, slots=True)
class Evidence:
    """A quoted place that shows what a finding claims, with the part it plays ("read", "write", "claim" …)."""

    location: Location
    quote: str = ""
    role: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was noticed, where, and what would make it right."""

    code: str
    name: str
    category: str
    severity: Severity
    message: str
    location: Location | None = None
    fix: str = ""
    evidence: tuple[Evidence, ...] = ()
    source: Source = Source.RULE


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule's identity and documentation.

    `code` is the rule's file name in upper case ("C07"), `name` states the fault, `category` is one of
    `competitions/categories.csv`, `doc` is the module's docstring with the sections that the rule page is made from.
    """

    code: str
    name: str
    category: str
    severity: Severity
    doc: str = field(repr=False)

    def at(
        self,
        location: Location | None,
        message: str,
        *,
        fix: str = "",
        severity: Severity | None = None,
        evidence: tuple[Evidence, ...] = (),
    ) -> Finding:
        """Return a finding of this rule; `severity` may lower the rule's own and never raises it.

        Raises ValueError where a higher severity is asked for.
        """
        given = self.severity if severity is None else severity
        if given.rank > self.severity.rank:
            raise ValueError(f"{self.code} may lower its severity {self.severity}, not raise it to {given}")
        return Finding(
            code=self.code,
            name=self.name,
            category=self.category,
            severity=given,
            message=message,
            location=location,
            fix=fix,
            evidence=evidence,
        )


INTERNAL_ERROR = Rule(
    code="X01",
    name="internal-error",
    category="internal",
    severity=Severity.REVIEW,
    doc="A rule of Fairway failed on this submission. This is a fault of ours, never a pass.",
)


def internal_error(code: str, error: BaseException) -> Finding:
    """Say that the rule `code` failed: a person has to look, since nothing was established."""
    what = f"{type(error).__name__}: {error}"[:200]
    found = INTERNAL_ERROR.at(
        None,
        f"Rule {code} failed inside Fairway ({what}); what it checks is not established.",
        fix="Nothing to do for the author: the organizers are told.",
    )
    return replace(found, evidence=())
