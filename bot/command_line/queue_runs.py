"""What `fairway queue` says of runs: those under way, and what they cost per run and per day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text
from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from rules.competition import Competition
from rules.report.escape import cut
from worker.configuration import competition_of
from worker.reproduction import telling
from worker.settings import Settings
from worker.store import budget, machines, runs
from worker.store.models import Budget, Machine, PullRequestRow, Repository, Run, SubmissionRow

LINE = 500  # characters
NO_COSTS = "Nothing was run yet."


@dataclass(frozen=True, slots=True)
class Costs:
    """What runs cost: each of the newest, and each day's sum beside what it may be."""

    competition: Competition
    spent: Sequence[tuple[int, Run]]
    days: Sequence[Budget]

    def as_json(self) -> dict[str, Any]:
        """For programs: seconds of GPUs, money in `currency`."""
        policy = self.competition.reproduction.budget
        return {
            "currency": policy.currency,
            "limits": {
                "gpu_minutes_per_day": policy.minutes_per_day,
                "gpu_minutes_per_author": policy.minutes_per_author,
                "gpu_minutes_per_submission": policy.minutes_per_submission,
                "cost_per_day": policy.cost_per_day,
            },
            "days": [
                {
                    "day": day.account.partition(" ")[2],
                    "gpu_seconds": day.spent_seconds,
                    "reserved_gpu_seconds": day.reserved_seconds,
                    "cost": day.spent_mills / 1000,
                    "reserved_cost": day.reserved_mills / 1000,
                }
                for day in self.days
            ],
            "runs": [
                {
                    "number": number,
                    "head_sha": run.head_sha,
                    "rung": run.rung,
                    "seed": run.seed,
                    "attempt": run.attempt,
                    "status": run.status.value,
                    "verdict": run.verdict,
                    "machine": run.machine,
                    "gpu_seconds": run.seconds,
                    "cost": run.mills / 1000,
                    "reserved_gpu_seconds": run.reserved_seconds,
                    "reserved_cost": run.reserved_mills / 1000,
                }
                for number, run in self.spent
            ],
        }

    def print(self, console: Console) -> None:
        """For people."""
        if not self.days:
            console.print(NO_COSTS)
            return
        policy = self.competition.reproduction.budget
        table = Table("Day", "GPU minutes", "reserved", "of at most", f"{policy.currency}", "of at most", box=None)
        for day in self.days:
            table.add_row(
                day.account.partition(" ")[2],
                f"{day.spent_seconds / 60:,.1f}",
                f"{day.reserved_seconds / 60:,.1f}",
                f"{policy.minutes_per_day:,.0f}",
                f"{day.spent_mills / 1000:,.2f}",
                f"{policy.cost_per_day:,.2f}" if policy.cost_per_day else "no cap",
            )
        console.print(table)
        for number, run in self.spent:
            verdict = run.verdict or run.status.value
            cost = telling.reserved(run, self.competition) or telling.cost(run, self.competition)
            console.print(Text(f"#{number} {run.rung}, attempt {run.attempt}: {verdict}, {cost}"))


def costs(session: Session, settings: Settings, of: Repository, limit: int) -> Costs:
    """Read the newest `limit` runs, those under way too, and thirty days; what was given back again is none."""
    statement = (
        select(PullRequestRow.number, Run)
        .join(SubmissionRow, SubmissionRow.id == Run.submission_id)
        .join(PullRequestRow, PullRequestRow.id == SubmissionRow.pull_request_id)
        .where(PullRequestRow.repository_id == of.id, Run.seconds + Run.reserved_seconds > 0)
        .order_by(func.coalesce(Run.ended_at, Run.started_at).desc())
        .limit(limit)
    )
    spent = [(number, run) for number, run in session.execute(statement)]
    days = [day for day in budget.days(session, of.id) if day.spent_seconds or day.reserved_seconds]
    return Costs(competition_of(of.configuration, settings.competition), spent, days)


def standing(session: Session, settings: Settings, submission: SubmissionRow) -> list[str]:
    """A line for each run of a submission: where it stands, and why it waits."""
    competition = competition_of(submission.pull_request.repository.configuration, settings.competition)
    return [cut(said, LINE) for said in telling.of_submission(session, submission.id, competition)]


def under_way(session: Session, settings: Settings, repository_id: int | None) -> list[str]:
    """A line for each run that goes on, waits or is wished for, with the number of its pull request."""
    going = runs.under_way(session, repository_id)
    known, heard = machines.all_of(session), machines.heard_of(session)
    return [_line(session, settings, run, known, heard) for run in going]


def _line(session: Session, settings: Settings, run: Run, known: Sequence[Machine], heard: Sequence[Machine]) -> str:
    submission = session.scalars(
        select(SubmissionRow)
        .where(SubmissionRow.id == run.submission_id)
        .options(joinedload(SubmissionRow.pull_request).joinedload(PullRequestRow.repository))
    ).one()
    row = submission.pull_request
    competition = competition_of(row.repository.configuration, settings.competition)
    others = runs.of_submission(session, submission.id)
    said = telling.told(run, others, competition, known, heard)
    return cut(f"{row.repository.full_name}#{row.number} {said}", LINE)
