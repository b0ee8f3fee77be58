"""Apply all rules to one submission."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

from rules import catalog
from rules.analysis.flow.established import Fact, established
from rules.analysis.summary import EMPTY, Summary, summarize
from rules.competition import Competition
from rules.lineage.news import News, what_is_new
from rules.precedents import tempered
from rules.rule import Finding, internal_error
from rules.submission import Submission
from rules.techniques import Technique, techniques_of
from rules.verdict import Verdict, verdict_of

FINDINGS_PER_RULE = 20
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Triage:
    """What Fairway says about one submission: findings worst first, techniques in alphabetical order.

    `established` is what was understood of its evaluation, whether or not anything speaks against it; `news` what is
    new against the parent that the submission was given.
    """

    submission: Submission
    findings: tuple[Finding, ...]
    techniques: tuple[Technique, ...]
    summary: Summary = EMPTY
    established: tuple[Fact, ...] = ()
    news: News | None = None

    @property
    def verdict(self) -> Verdict:
        """The worst finding decides."""
        return verdict_of(self.findings)


def screen(submission: Submission, competition: Competition, inherited: Iterable[Finding] = ()) -> Triage:
    """Apply every rule; a rule that fails yields an `internal-error` finding and stops no other.

    `inherited` are the findings of precedents, which come along.
    """
    findings: list[Finding] = []
    for entry in catalog.entries():
        findings += _apply(entry, submission, competition)
    no_facts: tuple[Fact, ...] = ()
    facts = _guarded("what was established", lambda: established(submission), no_facts, findings)
    findings += tempered(inherited, findings, facts)
    none: tuple[Technique, ...] = ()
    techniques = _guarded("techniques", lambda: techniques_of(submission), none, findings)
    summary = _guarded("measurements", lambda: summarize(submission), EMPTY, findings)
    news = _guarded("what is new", lambda: what_is_new(submission, techniques), None, findings)
    findings.sort(key=lambda f: (-f.severity.rank, f.code))
    return Triage(submission, tuple(findings), techniques, summary, facts, news)


def _guarded(what: str, work: Callable[[], T], otherwise: T, findings: list[Finding]) -> T:
    """What `work` gives; where it fails, a finding says so and hides no other."""
    try:
        return work()
    except Exception as error:  # a fault of ours
        findings.append(internal_error(what, error))
        return otherwise


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
