"""The record of the day run beside a candidate: with the same seeds, in turn, on the same machine.

Two machines differ by more than two seeds, so a gain over a number that another machine printed shows little. The
record's runs are rows of the candidate's submission, on a step of their own, which names the record by its head.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from rules import records
from rules.competition import Competition
from worker.boards import stored
from worker.reproduction.runners import LOCAL
from worker.store import machines, runs, submissions
from worker.store.models import PullRequestRow, Run, RunStatus, SubmissionRow
from worker.store.runs import INCUMBENT, RUNGS, Asker

FULL = RUNGS[-1]
UNDER_WAY = frozenset({RunStatus.REQUESTED, RunStatus.RUNNING})
WITH_SCORE = frozenset({"reproduced", "differs"})


def ask(session: Session, submission: SubmissionRow, competition: Competition, asker: Asker) -> int:
    """Ask for a run of the record for each full run of the candidate; how many there are, 0 without a record."""
    record = incumbent_of(session, submission, competition)
    if record is None:
        return 0
    full = [run for run in runs.of_submission(session, submission.id) if run.rung == FULL]
    for run in full:
        runs.ask_beside(session, run, asker, record.head_sha)
    return len(full)


def incumbent_of(session: Session, submission: SubmissionRow, competition: Competition) -> SubmissionRow | None:
    """The accepted submission of the same track that was the best when the candidate was opened, if we hold one."""
    row, track = submission.pull_request, (submission.entry or {}).get("track")
    accepted = {
        one.number: one
        for one in stored.candidates(session, row.repository_id, accepted=True)
        if one.entry.get("track") == track and one.number != row.number
    }
    entries = [entry for one in accepted.values() if (entry := one.standing) is not None]
    best = records.incumbent_at(entries, row.created_at, competition)
    return None if best is None else _at(session, row.repository_id, accepted[best.number].head_sha)


def code_of(session: Session, run: Run, submission: SubmissionRow) -> SubmissionRow | None:
    """Whose files a run takes: the record's where it is one of the record; None where that is not known any more."""
    if run.rung != INCUMBENT:
        return submission
    return _at(session, submission.pull_request.repository_id, run.head_sha)


def in_turn(of_submission: Sequence[Run]) -> list[Run]:
    """The newest attempts of candidate and record in the order in which they take turns."""
    chosen = [run for run in of_submission if run.rung in (FULL, INCUMBENT)]
    return sorted(chosen, key=lambda run: (run.ordinal, run.rung == INCUMBENT))


def released(of_submission: Sequence[Run]) -> list[Run]:
    """Those whose turn has come: up to the first that is not over. All of them where no record is run beside."""
    order = in_turn(of_submission)
    if not is_compared(order):
        return order
    waiting = next((place for place, run in enumerate(order) if run.status in UNDER_WAY), len(order))
    return order[: waiting + 1]


def is_compared(of_submission: Sequence[Run]) -> bool:
    """Whether the record is run beside."""
    return any(run.rung == INCUMBENT for run in of_submission)


def in_vain(of_submission: Sequence[Run]) -> bool:
    """Whether no comparison can come of it any more: a run that is over has no score."""
    over = [run for run in in_turn(of_submission) if run.status not in UNDER_WAY]
    return any(run.status is not RunStatus.FINISHED or run.verdict not in WITH_SCORE for run in over)


def place_of(session: Session, run: Run) -> str:
    """The machine that the others of a comparison ran on, as long as it is heard of; "" for any."""
    others = in_turn(runs.of_submission(session, run.submission_id)) if run.rung in (FULL, INCUMBENT) else []
    if not is_compared(others):
        return ""
    taken = [one.machine for one in others if one.runner == LOCAL and one.machine and one.id != run.id]
    heard = {one.name for one in machines.heard_of(session)}
    return next((name for name in taken if name in heard), "")


def _at(session: Session, repository_id: int, head_sha: str) -> SubmissionRow | None:
    statement = (
        select(SubmissionRow.id)
        .join(PullRequestRow, PullRequestRow.id == SubmissionRow.pull_request_id)
        .where(PullRequestRow.repository_id == repository_id, SubmissionRow.head_sha == head_sha)
        .order_by(PullRequestRow.number)
        .limit(1)
    )
    found: UUID | None = session.scalars(statement).first()
    return None if found is None else submissions.load(session, found)
