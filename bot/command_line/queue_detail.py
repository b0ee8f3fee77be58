"""The page of `fairway queue show N`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.text import Text
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.command_line.queue_list import brief, moment
from rules.report.console import (
    COLOURS,
    EVIDENCE_AT_MOST,
    FINDINGS_AT_MOST,
    MESSAGE,
    NAME,
    NARROWEST,
    PATH,
    QUOTE,
    SEVERITY_COLOURS,
)
from rules.report.escape import cut, cut_middle
from rules.report.sections import TITLES
from rules.rule import Location, Severity
from worker.configuration import competition_of
from worker.reproduction import telling
from worker.settings import Settings
from worker.store import rulings, runs
from worker.store.models import FindingRow, Publication, Ruling, Run, SubmissionRow

TITLE, REASON = 120, 2_000  # characters
Line = tuple[int, Text]


@dataclass(frozen=True, slots=True)
class Detail:
    """A submission with what people ruled and what was published."""

    submission: SubmissionRow
    ruled: Sequence[Ruling]
    runs: Sequence[Run]
    published: Sequence[Publication]
    told: Sequence[str] = ()

    def as_json(self) -> dict[str, Any]:
        """The page for programs."""
        return {
            **brief(self.submission),
            "findings": [_finding_as_json(finding) for finding in self.submission.findings],
            "entry": self.submission.entry,
            "rulings": [
                {
                    "outcome": ruling.outcome.value,
                    "codes": ruling.codes,
                    "reason": ruling.reason,
                    "ruler": ruling.ruler,
                    "at": ruling.created_at.isoformat(),
                }
                for ruling in self.ruled
            ],
            "runs": [_run_as_json(run, told) for run, told in zip(self.runs, self.told, strict=True)],
            "published": [
                {"kind": one.kind, "subject": one.subject, "github_id": one.github_id, "at": one.updated_at.isoformat()}
                for one in self.published
            ],
        }

    def print(self, console: Console) -> None:
        """The page for people: lines are wrapped behind their indent."""
        for indent, text in self._lines():
            for line in text.wrap(console, max(console.width - indent, NARROWEST)):
                line.rstrip()
                console.print(Text(" " * indent) + line)

    def _lines(self) -> Iterator[Line]:
        yield from self._head()
        yield from self._findings()
        for title, lines in (("Rulings", self._rulings()), ("Runs", self._runs()), ("Published", self._published())):
            body = list(lines)
            if body:
                yield 0, Text()
                yield 0, Text(title, "bold")
                yield from ((2, line) for line in body)

    def _head(self) -> Iterator[Line]:
        submission, row = self.submission, self.submission.pull_request
        verdict = submission.verdict
        told = Text("not judged") if verdict is None else Text(verdict.value.replace("-", " "), COLOURS[verdict])
        yield 0, Text.assemble((f"{row.repository.full_name}#{row.number}", "bold"), ": ", told)
        yield 0, Text(cut(row.title, TITLE))
        state = ", ".join([row.state, *(["draft"] if row.draft else []), *(["on hold"] if row.held else [])])
        author = cut(row.author, NAME)
        yield 0, Text(f"by {author}, opened {moment(row.created_at)}, {state}; head {submission.head_sha}")
        if submission.human_requested_at is not None:
            yield 0, Text(f"a person was asked for at {moment(submission.human_requested_at)}")

    def _findings(self) -> Iterator[Line]:
        waived = rulings.waived(self.ruled)
        found = sorted(self.submission.findings, key=lambda finding: -finding.severity.rank)  # stable: else in order
        severity = None
        for finding in found[:FINDINGS_AT_MOST]:
            if finding.severity is not severity:
                severity = finding.severity
                yield 0, Text()
                yield 0, Text(TITLES[severity], f"bold {SEVERITY_COLOURS[severity]}")
            yield from _finding(finding, waived.get(finding.code))
        if len(found) > FINDINGS_AT_MOST:
            yield 2, Text(f"… and {len(found) - FINDINGS_AT_MOST} more; --json writes all of them", "dim")

    def _rulings(self) -> Iterator[Text]:
        for ruling in self.ruled:
            codes = f" {', '.join(ruling.codes)}" if ruling.codes else ""
            reason = f": {cut(ruling.reason, REASON)}" if ruling.reason else ""
            outcome = ruling.outcome.value.replace("-", " ")
            yield Text(f"{moment(ruling.created_at)} {outcome}{codes} by {cut(ruling.ruler, NAME)}{reason}")

    def _runs(self) -> Iterator[Text]:
        for run, told in zip(self.runs, self.told, strict=True):
            yield Text(f"{moment(run.requested_at)} {cut(told, REASON)}")

    def _published(self) -> Iterator[Text]:
        for one in self.published:
            subject = f" {cut(one.subject, NAME)}" if one.subject else ""
            number = "" if one.github_id is None else f", number {one.github_id}"
            yield Text(f"{moment(one.updated_at)} {one.kind}{subject}{number}")


def detail(session: Session, submission: SubmissionRow, settings: Settings) -> Detail:
    """Read the page of a submission that was loaded with its findings."""
    competition = competition_of(submission.pull_request.repository.configuration, settings.competition)
    published = select(Publication).where(Publication.pull_request_id == submission.pull_request_id)
    return Detail(
        submission,
        rulings.of_submission(session, submission.id),
        runs.of_submission(session, submission.id),
        session.scalars(published.order_by(Publication.kind, Publication.subject)).all(),
        telling.of_submission(session, submission.id, competition),
    )


def _finding(finding: FindingRow, waived: Ruling | None) -> Iterator[Line]:
    where = "" if finding.path is None else f" at {_place(finding.path, finding.line, finding.unpacked_line)}"
    by = "" if waived is None else f" (waived by {cut(waived.ruler, NAME)})"
    code = (cut(finding.code, NAME), SEVERITY_COLOURS[finding.severity])
    yield 2, Text.assemble(code, " ", (cut(finding.name, NAME), "bold"), where, (by, "green"))
    yield 6, Text(cut(" ".join(finding.message.split()), MESSAGE))
    for item in finding.evidence[:EVIDENCE_AT_MOST]:
        place = "" if item["path"] is None else f"{_place(item['path'], item['line'], item.get('unpacked_line'))} "
        quote = f"│ {cut(item['quote'], QUOTE)}" if item["quote"] else ""
        yield 6, Text(f"{cut(item['role'], NAME) or 'shown by'}: {place}{quote}", "dim")
    if finding.fix:
        yield 6, Text.assemble(("to mend: ", "green"), cut(" ".join(finding.fix.split()), MESSAGE))


def _place(path: str, line: int | None, unpacked_line: int | None) -> str:
    location = str(Location("", line, unpacked_line))
    return cut_middle(path, PATH) + location


def _run_as_json(run: Run, told: str) -> dict[str, Any]:
    return {
        "rung": run.rung,
        "seed": run.seed,
        "attempt": run.attempt,
        "status": run.status.value,
        "verdict": run.verdict,
        "asked_by": run.requested_by,
        "machine": run.machine,
        "progress": run.progress,
        "evidence": run.evidence_digest,
        "gpu_seconds": run.seconds,
        "cost": run.mills / 1000,
        "told": told,
    }


def _finding_as_json(finding: FindingRow) -> dict[str, Any]:
    return {
        "code": finding.code,
        "name": finding.name,
        "category": finding.category,
        "severity": Severity(finding.severity).value,
        "path": finding.path,
        "line": finding.line,
        "message": finding.message,
        "source": finding.source.value,
        "unpacked_line": finding.unpacked_line,
        "fix": finding.fix,
        "evidence": finding.evidence,
    }
