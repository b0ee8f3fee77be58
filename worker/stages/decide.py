"""From all findings on a submission, whoever noticed them, to its verdict."""

from __future__ import annotations

from rules.verdict import verdict_of
from worker import occasions, subjects
from worker.pipeline import Context, Superseded
from worker.reproduction import policy
from worker.rulings import FINAL
from worker.stages import following
from worker.store import jobs, rulings, submissions
from worker.store.jobs import Lease
from worker.store.models import Stage
from worker.store.types import now_plus


def run(context: Context, lease: Lease) -> None:
    """Decide on the submission that the lease's subject names. What a person waived does not count."""
    with context.scope() as session:
        jobs.hold(session, lease)
        row = submissions.load(session, subjects.row_id(lease.subject))
        if row is None or row.superseded_at is not None:
            raise Superseded
        ruled = rulings.of_submission(session, row.id)
        waived = rulings.waived(ruled)
        row.verdict = verdict_of([finding for finding in row.findings if finding.code not in waived])
        row.decided_at = now_plus()
        competition = context.competition(row.pull_request.repository)
        occasions.look(session, row, competition, ruled=any(ruling.outcome in FINAL for ruling in ruled))
        policy.ask_automatically(session, row, context.competition(row.pull_request.repository))
        jobs.request(session, following(Stage.DECIDE), str(row.pull_request_id))
        jobs.finish(session, lease)
