"""The report on a terminal: the same pieces as in Markdown, nothing folded.

Text of a participant passes `visible`, so that no escape sequence reaches the terminal, and is never read as markup.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table
from rich.text import Text

from rules.competition import Competition
from rules.report.escape import cut, cut_middle
from rules.report.figures import Figure, Row, rows_of
from rules.report.sections import (
    PRINCIPLE,
    TITLES,
    VERDICTS,
    agents_of,
    alike_by_others,
    counts_of,
    groups_of,
    kin_of_author,
    likeness_of,
    news_of,
    parents_of,
    shortened,
    similarity_of,
)
from rules.rule import Evidence, Finding, Location, Severity
from rules.screening import Triage
from rules.submission import Submission
from rules.verdict import Verdict

COLOURS = {
    Verdict.LIKELY_INVALID: "bold red",
    Verdict.NEEDS_REVIEW: "bold yellow",
    Verdict.INCOMPLETE: "bold blue",
    Verdict.CLEAR: "bold green",
}
SEVERITY_COLOURS = {
    Severity.BLOCK: "red",
    Severity.REVIEW: "yellow",
    Severity.INCOMPLETE: "blue",
    Severity.NOTE: "default",
}
MESSAGE, QUOTE, PATH, NAME = 800, 300, 160, 60  # characters
NARROWEST, WIDE = 20, 110  # columns
FINDINGS_AT_MOST = 60
EVIDENCE_AT_MOST = 4
NOT_CLAIMED, NOT_MEASURED = "not stated", "no log shows it"


@dataclass(frozen=True, slots=True)
class _Paragraph:
    """Text that is wrapped behind an indent, in columns."""

    text: Text
    indent: int = 0


_Part = _Paragraph | Table
_BLANK = _Paragraph(Text())


def print_report(triage: Triage, competition: Competition, console: Console) -> None:
    """Print the report of one submission."""
    for part in _parts(triage, competition, " " * 2 if console.width >= WIDE else "\n"):
        if isinstance(part, _Paragraph):
            for line in part.text.wrap(console, max(console.width - part.indent, NARROWEST)):
                line.rstrip()
                console.print(Text(" " * part.indent) + line)
        else:
            console.print(part)


def _parts(triage: Triage, competition: Competition, gap: str) -> Iterator[_Part]:
    submission = triage.submission
    verdict = triage.verdict
    counts = counts_of(triage)
    yield _Paragraph(Text.assemble("Fairway: ", (verdict.value.replace("-", " "), COLOURS[verdict])))
    yield _Paragraph(_subject(submission))
    yield _BLANK
    yield _Paragraph(Text(f"{VERDICTS[verdict]} {f'{counts}. ' if counts else ''}{PRINCIPLE}"))
    yield from _findings(triage)
    if submission.folder:
        yield _BLANK
        yield _claims(rows_of(submission, triage.summary, competition), submission, gap)
    yield from _established(triage)
    yield _BLANK
    yield from map(_Paragraph, _facts(triage))


def _subject(submission: Submission) -> Text:
    request, scope = submission.pull_request, submission.scope
    name = f"Pull request {request.number} at {request.head_sha[:10]}" if request.head_sha else "Folder"
    folder = cut_middle(submission.folder, PATH) or "without a submission folder"
    return Text(f"{name}, {f'track {scope.track}' if scope.track else 'of no track'}, {folder}")


def _findings(triage: Triage) -> Iterator[_Part]:
    left = FINDINGS_AT_MOST
    severity = None
    for group in groups_of(triage):
        if group.severity is not severity:
            severity = group.severity
            yield _BLANK
            yield _Paragraph(Text(TITLES[severity], f"bold {SEVERITY_COLOURS[severity]}"))
        for finding in group.findings[: max(left, 0)]:
            yield from _finding(finding, triage.submission)
        left -= len(group.findings)
    if left < 0:
        yield _Paragraph(Text(f"… and {-left} more; --json writes all of them", "dim"), 2)


def _finding(finding: Finding, submission: Submission) -> Iterator[_Part]:
    where = f" at {_place(finding.location, submission)}" if finding.location else ""
    head = Text.assemble(
        (cut(finding.code, NAME), SEVERITY_COLOURS[finding.severity]), " ", (cut(finding.name, NAME), "bold"), where
    )
    yield _Paragraph(head, 2)
    yield _Paragraph(Text(_line(finding.message, submission)), 6)
    for item in finding.evidence[:EVIDENCE_AT_MOST]:
        yield _Paragraph(Text(_quoted(item, finding.location, submission), "dim"), 6)
    if finding.fix:
        yield _Paragraph(
            Text.assemble(("to mend: ", "green"), _line(finding.fix, submission)),
            6,
        )


def _line(text: str, submission: Submission) -> str:
    return cut(" ".join(shortened(text, submission).split()), MESSAGE)


def _quoted(item: Evidence, shown: Location | None, submission: Submission) -> str:
    where = f"{_place(item.location, submission)} " if item.location != shown or not item.quote else ""
    return f"{cut(item.role, NAME) or 'shown by'}: {where}{f'│ {cut(item.quote, QUOTE)}' if item.quote else ''}"


def _place(location: Location, submission: Submission) -> str:
    line = f":{location.line}" if location.line is not None else ""
    inner = f" (unpacked line {location.unpacked_line})" if location.unpacked_line is not None else ""
    return cut_middle(submission.inside(location.path), PATH) + line + inner


def _claims(rows: Iterable[Row], submission: Submission, gap: str) -> Table:
    """The table; `gap` stands between a figure and its place."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for heading in ("", "claimed", "measured", ""):
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(
            row.name,
            _figure(row.claimed, NOT_CLAIMED, submission, gap),
            _figure(row.measured, NOT_MEASURED, submission, gap),
            Text(row.remark, "bold red"),
        )
    return table


def _figure(figure: Figure | None, otherwise: str, submission: Submission, gap: str) -> Text:
    if figure is None:
        return Text(otherwise, "dim")
    where = f"{gap}{_place(figure.where, submission)}" if figure.where else ""
    return Text.assemble(figure.text, (where, "dim"))


def _established(triage: Triage) -> Iterator[_Part]:
    """What was understood of the evaluation."""
    if triage.established:
        yield _BLANK
        yield _Paragraph(Text("What was established", "bold"))
    for fact in triage.established:
        told = fact.text.format(*(_place(where, triage.submission) for where in fact.places))
        yield _Paragraph(Text(cut(told, MESSAGE)), 2)


def _facts(triage: Triage) -> Iterator[Text]:
    submission = triage.submission
    yield _fact("uses", (technique.name for technique in triage.techniques), "nothing that Fairway knows by name")
    yield _fact("built on", _parents(submission), "no pull request is named")
    for name, kin in (("resembles", alike_by_others(submission)), ("resembles own", kin_of_author(submission))):
        if kin:
            yield _fact(name, (f"#{k.number} ({likeness_of(k)})" for k in kin), "")
    if triage.news is not None:
        for heading, text in news_of(triage.news):
            yield _fact(f"against #{triage.news.against}, {heading}", (text,), "")
    yield _fact("coding agents disclosed", (agent for agent, _ in agents_of(submission)), "none")


def _parents(submission: Submission) -> Iterator[str]:
    for number, _ in parents_of(submission):
        alike = similarity_of(submission, number)
        yield f"#{number}{f' ({alike})' if alike else ''}"


def _fact(name: str, values: Iterable[str], otherwise: str) -> Text:
    return Text.assemble((f"{name}: ", "bold"), cut(", ".join(values), MESSAGE) or otherwise)
