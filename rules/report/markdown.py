"""The report as Markdown: one screen that says what matters, the rest folded, safe to post as a comment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence

from rules.competition import Competition
from rules.report import escape
from rules.report.blocks import claims_table, established, facts, finding_lines, runs_table
from rules.report.figures import rows_of, runs_of
from rules.report.links import Links, Places
from rules.report.sections import GUIDE, PRINCIPLE, TITLES, VERDICTS, counts_of
from rules.rule import Finding, Severity
from rules.screening import Triage

LIMIT = 60_000  # characters; GitHub takes 65,536
SCREEN_LINES = 44
SCREEN_CHARACTERS = 20_000  # of findings on the first screen
EVIDENCE_ON_SCREEN = 2
EVIDENCE_FOLDED = 6
SHORT_SHA = 10

TITLE = "## Fairway: {}"
NO_FOLDER, NO_TRACK = "no submission folder was found", "of no track"
MORE_BELOW = "- … and {} more, folded below"
MORE_ELSEWHERE = "- … and {} more: the JSON of this triage holds all of them"
FURTHER, RUNS, READING = "Further findings: {}", "What each log shows: {}", "How to read this report"
ESTABLISHED = "What was established"


def render(triage: Triage, competition: Competition, links: Links | None = None) -> str:
    """The report, at most LIMIT characters whatever the submission holds."""
    return _Report(triage, competition, links).render()


class _Report:
    """One report in the making."""

    def __init__(self, triage: Triage, competition: Competition, links: Links | None) -> None:
        self._triage = triage
        self._submission = triage.submission
        self._competition = competition
        self._links = links
        self._place = Places(triage.submission, links)

    def render(self) -> str:
        """Put the screen together first, then as much of the folded rest as fits."""
        head, tail = list(self._head()), list(self._tail())
        findings = self._triage.findings
        chosen = self._choose(SCREEN_LINES - len(head) - len(tail))
        screen = "\n".join([*head, *self._screen([findings[index] for index in chosen]), *tail])
        guide = _folded(READING, GUIDE)
        room = LIMIT - len(screen) - len(guide) - 3
        further = self._further([f for index, f in enumerate(findings) if index not in chosen], room)
        known = self._established(room - len(further) - 1)
        runs = self._runs(room - len(further) - len(known) - 2)
        return "\n".join(part for part in (screen, known, further, runs, guide) if part) + "\n"

    def _head(self) -> Iterator[str]:
        verdict = self._triage.verdict
        counts = counts_of(self._triage)
        yield TITLE.format(verdict.value.replace("-", " "))
        yield ""
        yield f"**{VERDICTS[verdict]}** {f'{counts}. ' if counts else ''}{PRINCIPLE}"
        yield ""
        yield self._subject()
        yield ""

    def _subject(self) -> str:
        submission = self._submission
        folder = escape.path(submission.folder) if submission.folder else NO_FOLDER
        track = f"track {escape.prose(submission.scope.track)}" if submission.scope.track else NO_TRACK
        request = submission.pull_request
        if not request.head_sha:
            return f"Folder {folder}, {track}."
        name = f"Pull request {escape.code(f'#{request.number}')} at {escape.code(request.head_sha[:SHORT_SHA])}"
        return f"{name}, {track}, {folder}."

    def _tail(self) -> Iterator[str]:
        if self._submission.folder:
            yield from claims_table(rows_of(self._submission, self._triage.summary, self._competition), self._place)
            yield ""
        yield from facts(self._triage, self._place)
        yield ""

    def _choose(self, room: int) -> list[int]:
        """Which findings the screen shows: the first of each rule, then the second of each, while there is room."""
        findings = self._triage.findings
        room -= 1 + 3 * len({f.severity for f in findings} - {Severity.NOTE})  # headings, and how many are left
        chosen: list[int] = []
        characters = 0
        for index in _in_turn(findings):
            lines = self._lines(findings[index], EVIDENCE_ON_SCREEN)
            room -= len(lines)
            characters += sum(map(len, lines))
            if (room < 0 or characters > SCREEN_CHARACTERS) and chosen:
                break
            chosen.append(index)
        return sorted(chosen)

    def _lines(self, finding: Finding, evidence: int) -> list[str]:
        return finding_lines(finding, self._place, self._links, evidence=evidence)

    def _screen(self, shown: Collection[Finding]) -> Iterator[str]:
        """The chosen findings under a heading for each severity, and how many more there are."""
        for severity, findings in _by_severity(shown):
            yield f"### {TITLES[severity]}"
            for finding in findings:
                yield from self._lines(finding, EVIDENCE_ON_SCREEN)
            yield ""
        weighty = sum(f.severity is not Severity.NOTE for f in self._triage.findings)
        if weighty > len(shown):
            yield MORE_BELOW.format(weighty - len(shown))
            yield ""

    def _further(self, rest: Sequence[Finding], room: int) -> str:
        """The findings that are not on the screen, whole ones only, as many as fit."""
        if not rest:
            return ""
        room -= len(_folded(FURTHER.format(len(rest)), [MORE_ELSEWHERE])) + 8
        body: list[str] = []
        left = len(rest)
        for severity, findings in _by_severity(rest):
            block = [f"### {TITLES[severity]}"]
            for finding in findings:
                block += self._lines(finding, EVIDENCE_FOLDED)
                room -= sum(len(line) + 1 for line in block)
                if room < 0:
                    return _folded(FURTHER.format(len(rest)), [*body, MORE_ELSEWHERE.format(left)])
                body += block
                block = []
                left -= 1
            body.append("")
        return _folded(FURTHER.format(len(rest)), body)

    def _established(self, room: int) -> str:
        """What was understood of the evaluation, or nothing where it does not fit."""
        known = _folded(ESTABLISHED, established(self._triage, self._place)) if self._triage.established else ""
        return known if len(known) <= room else ""

    def _runs(self, room: int) -> str:
        """The table of the logs, or nothing where it does not fit."""
        rows = runs_of(self._submission)
        table = _folded(RUNS.format(len(rows)), list(runs_table(rows))) if rows else ""
        return table if len(table) <= room else ""


def _in_turn(findings: Sequence[Finding]) -> list[int]:
    """Positions of the findings that weigh something: by severity, in it the first of each rule before any second."""
    met: Counter[tuple[Severity, str]] = Counter()
    keys = []
    for index, finding in enumerate(findings):
        if finding.severity is not Severity.NOTE:
            keys.append((-finding.severity.rank, met[finding.severity, finding.code], index))
            met[finding.severity, finding.code] += 1
    return [index for *_, index in sorted(keys)]


def _by_severity(findings: Collection[Finding]) -> Iterator[tuple[Severity, list[Finding]]]:
    for severity in TITLES:
        of_it = [f for f in findings if f.severity is severity]
        if of_it:
            yield severity, of_it


def _folded(title: str, lines: Iterable[str]) -> str:
    body = "\n".join(lines).strip("\n")
    return f"<details><summary>{title}</summary>\n\n{body}\n\n</details>"
