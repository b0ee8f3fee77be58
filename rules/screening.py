"""Apply all rules to one submission."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rules import catalog
from rules.competition import Competition
from rules.rule import Finding, internal_error
from rules.submission import Submission
from rules.techniques import Technique, techniques_of
from rules.verdict import Verdict, verdict_of

FINDINGS_PER_RULE = 20


@dataclass(frozen=True, slots=True)
class Triage:
    """What Fairway says about one submission: findings worst first, techniques in alphabetical order."""

    submission: Submission
    findings: tuple[Finding, ...]
    techniques: tuple[Technique, ...]

    @property
    def verdict(self) -> Verdict:
        """The worst finding decides."""
        return verdict_of(self.findings)


def screen(submission: Submission, competition: Competition) -> Triage:
    """Apply every rule; a rule that fails yields an `internal-error` finding and stops no other."""
    findings: list[Finding] = []
    for entry in catalog.entries():
        findings += _apply(entry, submission, competition)
    try:
        techniques = techniques_of(submission)
    except Exception as error:  # a fault of a detector must not hide the findings
        techniques = ()
        findings.append(internal_error("techniques", error))
    findings.sort(key=lambda f: (-f.severity.rank, f.code))
    return Triage(submission, tuple(findings), techniques)


def _apply(entry: catalog.CatalogEntry, submission: Submission, competition: Competition) -> Iterable[Finding]:
    found: list[Finding] = []
    try:
        for finding in entry.check(submission, competition):
            found.append(finding)
            if len(found) >= FINDINGS_PER_RULE:
                break
    except Exception as error:  # whatever a rule dies of is ours to mend and a person's to look at
        found.append(internal_error(entry.rule.code, error))
    return found
