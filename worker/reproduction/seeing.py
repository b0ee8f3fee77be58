"""A run and all that it takes to look at it, and what every look may end in."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import Session

from evaluator.runners import Runner, RunnerError
from rules.competition import Competition
from worker.pipeline import Context, Superseded
from worker.reproduction import beside, ending
from worker.reproduction.inputs import Gathered, NothingToRunError, gather
from worker.reproduction.runners import LOCAL
from worker.store import jobs, machines, runs
from worker.store.jobs import Lease
from worker.store.models import Run, RunStatus, Stage, SubmissionRow

SOON_SECONDS, LONG_SECONDS = 1.0, 60.0


@dataclass(frozen=True, slots=True)
class Look:
    """A run and all that it takes to look at it.

    `code` is the submission whose files it takes, another one where the record is run beside; `place` the machine that
    it has to be made on, "" for any.
    """

    context: Context
    lease: Lease
    run: Run
    submission: SubmissionRow
    code: SubmissionRow | None
    competition: Competition
    runner: Runner | None
    fault: str | None
    place: str

    @property
    def machine(self) -> str:
        """Where we are."""
        return self.context.here.machine

    @property
    def superseded(self) -> bool:
        """Whether the head counts no more."""
        return self.submission.superseded_at is not None

    def again(self, session: Session) -> Run:
        """The run as it is in a transaction that writes; its job is ours. Raises LeaseLostError, Superseded."""
        jobs.hold(session, self.lease)
        run = runs.load(session, self.run.id)
        if run is None or run.status is not self.run.status:
            raise Superseded
        return run


def load(context: Context, lease: Lease) -> Look:
    """The run that the lease's subject names, with this machine's runner. Raises LeaseLostError, Superseded."""
    runner, fault = None, None
    try:
        runner = context.here.runner()
    except RunnerError as error:
        fault = str(error)
    with context.scope() as session:
        jobs.hold(session, lease)
        found = ending.loaded(session, UUID(lease.subject))
        if found is None:
            raise Superseded
        if runner is not None:
            machines.see(session, context.here.machine, runner.name)
        run, submission = found
        competition = context.competition(submission.pull_request.repository)
        code = beside.code_of(session, run, submission)
        place = beside.place_of(session, run) if run.status is RunStatus.REQUESTED else ""
        return Look(context, lease, run, submission, code, competition, runner, fault, place)


def gathered_for(seen: Look) -> Gathered:
    """The files that the run takes. Raises the gateway's errors and NothingToRunError."""
    if seen.code is None:
        raise NothingToRunError(f"the record at {seen.run.head_sha[:10]} is not known here any more")
    return gather(seen.context, seen.code, seen.competition)


def say(session: Session, seen: Look, run: Run, reason: str) -> None:
    """Keep why a run waits, and tell it where it is news."""
    if run.waits_for != reason:
        runs.change(session, run.id, waits_for=reason)
        jobs.request(session, Stage.PUBLISH, str(seen.submission.pull_request_id))


def later(seen: Look, fault: str) -> None:
    """The runner does not answer now; if that goes on, the reaper gives the run up."""
    with seen.context.scope() as session:
        jobs.park(session, seen.lease, seconds=backoff(seen.lease), reason=fault[:400])


def wake(seen: Look) -> None:
    """A machine is free: whoever waits first looks at once. A transaction of its own, which locks these jobs only."""
    with seen.context.scope() as session:
        for run_id in runs.next_waiting(session, seen.context.settings.run_pause_seconds):
            jobs.hurry(session, Stage.REPRODUCE, str(run_id))


def place_of(seen: Look, runner: Runner) -> str:
    """Who has to look from now on: this machine where the run is on it, any for runs elsewhere."""
    return seen.machine if runner.name == LOCAL else ""


def backoff(lease: Lease) -> float:
    """Seconds: longer with each wait in a row, spread by the job's identity."""
    spread = 1 + (lease.job_id.int % 100) / 100
    return float(min(LONG_SECONDS, 2.0 * 2.0 ** min(lease.waits, 6)) * spread)
