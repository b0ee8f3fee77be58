"""The list of `fairway queue`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text
from sqlalchemy.orm import Session

from bot.command_line import queue_runs
from rules.report.console import COLOURS
from rules.report.escape import cut
from rules.rule import Severity
from worker.settings import Settings
from worker.store import queue
from worker.store.models import Repository, SubmissionRow
from worker.store.queue import SetAside

TITLE, AUTHOR, ERROR, FAULT = 60, 30, 200, 400  # characters
NOTHING = "Nothing waits for a person."
FOOT = "`fairway queue show N` shows one; accept, reject, needs-changes, waive and hold rule on it."


@dataclass(frozen=True, slots=True)
class Listing:
    """What waits, how much there is of it, what was set aside, whose configuration cannot be used, and what runs."""

    waiting: Sequence[SubmissionRow]
    total: int
    aside: Sequence[SetAside]
    faulty: Sequence[Repository]
    runs: Sequence[str] = ()

    def as_json(self) -> dict[str, Any]:
        """The list for programs."""
        return {
            "total": self.total,
            "waiting": [brief(submission) for submission in self.waiting],
            "runs": list(self.runs),
            "set_aside": [_aside(one) for one in self.aside],
            "configuration_faults": [
                {"repository": one.full_name, "fault": one.configuration_fault} for one in self.faulty
            ],
        }

    def print(self, console: Console) -> None:
        """The list for people."""
        if self.waiting:
            console.print(self._table())
            shown = f"{len(self.waiting)} of {self.total}" if self.total > len(self.waiting) else f"{self.total}"
            console.print(Text(f"{shown} waiting. {FOOT}", "dim"))
        else:
            console.print(NOTHING)
        if self.runs:
            console.print(Text("Runs:", "bold"))
        for told in self.runs:
            console.print(Text(f"  {told}"))
        for line in self._set_aside():
            console.print(line)
        for one in self.faulty:
            told = cut(one.configuration_fault or "", FAULT)
            console.print(Text.assemble((f"configuration of {one.full_name}: ", "bold red"), told))

    def _table(self) -> Table:
        several = len({submission.pull_request.repository_id for submission in self.waiting}) > 1
        table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
        for head in (
            *(("repository",) if several else ()),
            "number",
            "verdict",
            "findings",
            "since",
            "author",
            "title",
        ):
            table.add_column(head, justify="right" if head == "number" else "left", overflow="fold")
        for submission in self.waiting:
            row = submission.pull_request
            name = (row.repository.full_name,) if several else ()
            table.add_row(
                *map(Text, name),
                Text(f"#{row.number}"),
                _verdict(submission),
                Text(codes_of(submission)),
                Text(f"{row.created_at:%Y-%m-%d}"),
                Text(cut(row.author, AUTHOR)),
                Text(cut(row.title, TITLE)),
            )
        return table

    def _set_aside(self) -> Iterator[Text]:
        if self.aside:
            yield Text("Set aside after three attempts:", "bold red")
        for one in self.aside:
            number = "" if one.number is None else f" #{one.number}"
            again = "--all" if one.number is None else str(one.number)
            yield Text(
                f"  {one.job.stage}{number} ({cut(one.job.subject, 80)}) at {moment(one.job.quarantined_at)}: "
                f"{cut(one.job.last_error or 'no error was kept', ERROR)}; `fairway queue retry {again}` tries again"
            )


def listing(session: Session, repository_id: int | None, limit: int, settings: Settings) -> Listing:
    """Read the list."""
    return Listing(
        queue.waiting(session, repository_id=repository_id, limit=limit),
        queue.count_waiting(session, repository_id=repository_id),
        queue.set_aside(session, repository_id=repository_id),
        queue.faulty(session, repository_id=repository_id),
        queue_runs.under_way(session, settings, repository_id),
    )


def brief(submission: SubmissionRow) -> dict[str, Any]:
    """A submission in a few words."""
    row = submission.pull_request
    return {
        "repository": row.repository.full_name,
        "number": row.number,
        "head_sha": submission.head_sha,
        "author": row.author,
        "title": row.title,
        "created_at": row.created_at.isoformat(),
        "verdict": None if submission.verdict is None else submission.verdict.value,
        "held": row.held,
        "person_asked_for": submission.human_requested_at is not None,
        "codes": sorted({finding.code for finding in submission.findings if _weighs(finding.severity)}),
    }


def codes_of(submission: SubmissionRow) -> str:
    """The codes of the findings that weigh something, worst first, such as "A03 F04x3"."""
    counts = Counter((-f.severity.rank, f.code) for f in submission.findings if _weighs(f.severity))
    shown = [f"{code}x{n}" if n > 1 else code for (_, code), n in sorted(counts.items())]
    return " ".join(shown)


def moment(time: datetime | None) -> str:
    """A time to the minute."""
    return "an unknown time" if time is None else f"{time:%Y-%m-%d %H:%M} UTC"


def _verdict(submission: SubmissionRow) -> Text:
    verdict = submission.verdict
    text = Text("not judged") if verdict is None else Text(verdict.value.replace("-", " "), COLOURS[verdict])
    if submission.pull_request.held:
        text.append(" (on hold)", "bold")
    if submission.human_requested_at is not None:
        text.append(" (a person was asked for)")
    return text


def _weighs(severity: Severity) -> bool:
    return severity is not Severity.NOTE


def _aside(one: SetAside) -> dict[str, Any]:
    return {
        "stage": one.job.stage.value,
        "subject": one.job.subject,
        "number": one.number,
        "at": None if one.job.quarantined_at is None else one.job.quarantined_at.isoformat(),
        "error": one.job.last_error,
    }
