"""What a report says, before it is Markdown or a page of the terminal.

Strings in these values may hold a participant's text as it is: each renderer makes them safe in its own way.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from rules.lineage.news import Change, News
from rules.rule import Finding, Location, Severity
from rules.screening import Triage
from rules.submission import Kin, Mention, Submission
from rules.verdict import Verdict

VERDICTS = {
    Verdict.LIKELY_INVALID: "At least one finding has a shape that the rules exclude.",
    Verdict.NEEDS_REVIEW: "Something here needs the eyes of a person before it can count.",
    Verdict.INCOMPLETE: "Nothing speaks against it, but something that every submission needs is missing.",
    Verdict.CLEAR: "Nothing was found that speaks against it.",
}
NEWS_SHOWN = 12
CREDIT_FROM, CREDITED = 0.8, 2
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


def kin_by_others(submission: Submission) -> list[Kin]:
    """The kin of other authors, the likest first, and all that are named as parents."""
    known = [kin for kin in submission.kin if kin.cited or not kin.same_author]
    numbers = {kin.number for kin in known}
    named = (number for number, _ in parents_of(submission) if number not in numbers)
    return [*known, *(Kin(number, "", None, cited=True, same_author=False) for number in named)]


def kin_of_author(submission: Submission) -> list[Kin]:
    """The author's own earlier ones, the likest first."""
    return [kin for kin in submission.kin if kin.same_author]


def alike_by_others(submission: Submission) -> list[Kin]:
    """The kin of other authors that the submission does not name as parents."""
    return [kin for kin in submission.kin if not kin.cited and not kin.same_author]


def uncredited_by(submission: Submission) -> list[Kin]:
    """Earlier ones of others that it is so near to that it may build on them, where it names none of them at all.

    Likeness is no proof, so this is a suggestion and no finding.
    """
    mentioned = {citation.number for citation in submission.citations}
    near = [kin for kin in alike_by_others(submission) if (kin.similarity or 0.0) >= CREDIT_FROM]
    return [] if any(kin.number in mentioned for kin in submission.kin) else near[:CREDITED]


def similarity_of(submission: Submission, number: int) -> str:
    """How alike a pull request is, in words; "" where that is not known."""
    return next((likeness_of(kin) for kin in submission.kin if kin.number == number), "")


def news_of(news: News) -> Iterator[tuple[str, str]]:
    """What is new, as a heading and a line for each kind; names and values are a participant's text."""
    if news.nothing:
        yield "difference", "none was found in functions, settings and techniques"
    if news.gained:
        yield "adds", ", ".join(news.gained)
    if news.lost:
        yield "drops", ", ".join(news.lost)
    changed = [f"{s.name} {s.before} → {s.after}" for s in news.settings if s.before is not None]
    yield from _news("settings changed", changed, 0)
    added = [f"{s.name} {s.after}" for s in news.settings if s.before is None]
    yield from _news("new settings", added, news.more_settings)
    for change in Change:
        names = [f"{f.name} ({f.lines})" for f in news.functions if f.change is change]
        yield from _news(f"functions {change.value} (lines)", names, 0)
    if news.more_functions:
        yield "further functions", str(news.more_functions)


def _news(heading: str, items: Sequence[str], further: int) -> Iterator[tuple[str, str]]:
    more = len(items) - NEWS_SHOWN + further if len(items) > NEWS_SHOWN else further
    if items:
        yield heading, ", ".join(items[:NEWS_SHOWN]) + (f" and {more} more" if more > 0 else "")


def likeness_of(kin: Kin) -> str:
    """How alike it is, in words; all but the same is told from the same."""
    if kin.similarity is None:
        return ""
    share = "over 99" if 0.995 <= kin.similarity < 1.0 else f"{100 * kin.similarity:.0f}"
    return f"{share} % alike"


def agents_of(submission: Submission) -> list[tuple[str, Location]]:
    """The coding agents that the author discloses, each with its first place."""
    found: dict[str, Location] = {}
    for disclosure in submission.disclosures:
        found.setdefault(disclosure.agent, disclosure.location)
    return list(found.items())
