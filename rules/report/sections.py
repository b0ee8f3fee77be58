"""What a report says, before it is Markdown or a page of the terminal.

Strings in these values may hold a participant's text as it is: each renderer makes them safe in its own way.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

from rules.rule import Finding, Location, Severity
from rules.screening import Triage
from rules.submission import Mention, Submission
from rules.verdict import Verdict

VERDICTS = {
    Verdict.LIKELY_INVALID: "At least one finding has a shape that the rules exclude.",
    Verdict.NEEDS_REVIEW: "Something here needs the eyes of a person before it can count.",
    Verdict.INCOMPLETE: "Nothing speaks against it, but something that every submission needs is missing.",
    Verdict.CLEAR: "Nothing was found that speaks against it.",
}
PRINCIPLE = "Fairway flags; a person decides."
TITLES = {
    Severity.BLOCK: "What blocks it",
    Severity.REVIEW: "What a person has to look at",
    Severity.INCOMPLETE: "What is missing",
    Severity.NOTE: "Notes, without effect on the verdict",
}
COUNTS = {
    Severity.BLOCK: ("1 finding blocks", "{} findings block"),
    Severity.REVIEW: ("1 needs a person", "{} need a person"),
    Severity.INCOMPLETE: ("1 thing is missing", "{} things are missing"),
    Severity.NOTE: ("1 note", "{} notes"),
}

GUIDE = (
    "- **Blocks**: the shape of the fault is certain under the rules, so the verdict is *likely invalid*.",
    "- **Needs a person**: suspicious, or legal only under facts that a machine cannot establish: *needs review*.",
    "- **Missing**: something required is not there and its author can add it: *incomplete*.",
    "- **Notes** change nothing. With none of the others the verdict is *clear*.",
    "",
    "Figures under *measured* come from the logs as shipped, each with the line that shows it; nothing that was "
    "submitted is run for this report. `fairway rules CODE` explains a rule, `fairway check FOLDER` makes this report "
    "before a pull request is opened. A finding that is wrong is a fault of Fairway: please say so to the organizers.",
)


@dataclass(frozen=True, slots=True)
class Group:
    """Findings of one rule and one severity."""

    severity: Severity
    findings: tuple[Finding, ...]

    @property
    def first(self) -> Finding:
        """The finding that stands for the group."""
        return self.findings[0]


def groups_of(triage: Triage) -> list[Group]:
    """The findings by severity and code, worst first."""
    by_rule = groupby(triage.findings, key=lambda f: (f.severity, f.code))
    return [Group(severity, tuple(findings)) for (severity, _), findings in by_rule]


def shortened(text: str, submission: Submission) -> str:
    """A message with the paths inside the submission folder relative to it, as places are shown."""
    return text.replace(f"{submission.folder}/", "") if submission.folder else text


def counts_of(triage: Triage) -> str:
    """How many findings of each severity, as a phrase; "" for none."""
    counts = {severity: sum(f.severity is severity for f in triage.findings) for severity in TITLES}
    return ", ".join(COUNTS[s][n > 1].format(n) for s, n in counts.items() if n)


def parents_of(submission: Submission) -> list[tuple[int, Location]]:
    """The pull requests named as parents, each with its first place."""
    found: dict[int, Location] = {}
    for citation in submission.citations:
        if citation.kind is Mention.PARENT:
            found.setdefault(citation.number, citation.location)
    return list(found.items())


def agents_of(submission: Submission) -> list[tuple[str, Location]]:
    """The coding agents that the author discloses, each with its first place."""
    found: dict[str, Location] = {}
    for disclosure in submission.disclosures:
        found.setdefault(disclosure.agent, disclosure.location)
    return list(found.items())
