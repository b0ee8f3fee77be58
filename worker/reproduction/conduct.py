"""One look at one run: start it, see how it goes, take what it left, clear up. No look takes longer than seconds.

Between two looks nobody holds anything but the row: whoever comes next goes on from there, after whatever happened to
the one before. Everything that is done twice is harmless: a runner starts the same request once, and every write is
under the fence of the job.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from evaluator.evidence import Evidence, RunVerdict
from evaluator.request import RunRequest, request_of
from evaluator.runners import Progress, Runner, RunnerError, State
from rules.competition import Competition
from worker.pipeline import Context, Superseded
from worker.reproduction import beside, ending, policy, waiting
from worker.reproduction.inputs import Gathered, NothingToRunError, as_row, gather, request_for, seconds_since
from worker.reproduction.runners import LOCAL
from worker.store import attempts, budget, jobs, machines, runs
from worker.store.budget import OverBudgetError
from worker.store.jobs import Lease
from worker.store.models import Run, RunStatus, Stage, SubmissionRow
from worker.store.types import now_plus

SOON_SECONDS, BUSY_SECONDS, LONG_SECONDS = 1.0, 15.0, 60.0
LINE = 200  # characters


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


def look(context: Context, lease: Lease) -> None:
    """Do what is next for the run that the lease's subject names."""
    seen = _load(context, lease)
    if seen.run.machine and seen.run.runner == LOCAL and seen.run.machine != seen.machine and _is_there(seen.run):
        with context.scope() as session:
            jobs.come_again(session, lease, seconds=0, place=seen.run.machine)
    elif seen.run.status is RunStatus.REQUESTED:
        _begin(seen)
    elif seen.run.status is RunStatus.RUNNING:
        _watch(seen)
    else:
        _clear_up(seen)


def _load(context: Context, lease: Lease) -> Look:
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
        code, place = beside.code_of(session, run, submission), beside.place_of(session, run)
        return Look(context, lease, run, submission, code, competition, runner, fault, place)


def _is_there(run: Run) -> bool:
    """Whether its machine may still hold something of it."""
    return run.status is RunStatus.RUNNING or (run.released_at is None and run.request is not None)


def _begin(seen: Look) -> None:
    """Take a machine and the budget, then start."""
    if seen.superseded:
        _cancelled(seen)
        return
    if seen.place not in ("", seen.machine):
        with seen.context.scope() as session:
            jobs.come_again(session, seen.lease, seconds=0, place=seen.place)
        return
    if _paused(seen):
        return
    reason = waiting.unusable(seen.competition, seen.runner, seen.fault, seen.machine)
    if reason is None and seen.runner is not None and _is_taken(seen):
        reason = waiting.BUSY
    if reason is not None or seen.runner is None:
        _wait(seen, reason or waiting.NO_RUNNER)
        return
    try:
        gathered = _gathered(seen)
    except NothingToRunError as error:
        with seen.context.scope() as session:
            ending.skip(session, seen.again(session), seen.submission, str(error))
            jobs.finish(session, seen.lease)
        return
    request = request_for(seen.run, seen.code or seen.submission, seen.competition, gathered)
    reason = _take(seen, seen.runner, request)
    if reason is not None:
        _wait(seen, reason)
    else:
        _start(seen, seen.runner, request, gathered)


def _gathered(seen: Look) -> Gathered:
    """The files that the run takes. Raises the gateway's errors and NothingToRunError."""
    if seen.code is None:
        raise NothingToRunError(f"the record at {seen.run.head_sha[:10]} is not known here any more")
    return gather(seen.context, seen.code, seen.competition)


def _paused(seen: Look) -> bool:
    """Whether this attempt waits until the fault of ours that ended the one before may have passed."""
    with seen.context.scope() as session:
        run = seen.again(session)
        when = attempts.begins_at(session, run, seen.context.settings.run_pause_seconds)
        now = session.scalars(select(now_plus())).one()
        if when is None or when <= now:
            return False
        reason = waiting.PAUSED.format(run.attempt, attempts.MAX_ATTEMPTS, when)
        _say(session, seen, run, reason)
        jobs.park(session, seen.lease, seconds=seconds_since(now, when), reason=reason, place="")
    return True


def _is_taken(seen: Look) -> bool:
    with seen.context.scope() as session:
        return seen.runner is not None and seen.runner.name == LOCAL and runs.is_occupied(session, seen.machine)


def _take(seen: Look, runner: Runner, request: RunRequest) -> str | None:
    """Reserve machine and budget in one transaction; why not, where that cannot be."""
    chosen = seen.competition.reproduction
    amount = policy.most(request.limits.total_seconds, request.gpus, request.cost_per_hour)
    try:
        with seen.context.scope() as session:
            run = seen.again(session)
            now = session.scalars(select(now_plus())).one()
            runs.change(
                session,
                run.id,
                status=RunStatus.RUNNING,
                runner=runner.name,
                machine=seen.machine,
                occupies=seen.machine if runner.name == LOCAL else None,
                request=as_row(request),
                started_at=now_plus(),
                watched_at=now_plus(),
                waits_for=None,
                budget_day=now.date().isoformat(),
                reserved_seconds=amount.seconds,
                reserved_mills=amount.mills,
            )
            accounts = ending.accounts_of(run, seen.submission, now)
            budget.reserve(session, accounts, amount, policy.limits_of(chosen.budget))
            policy.complete(session, run, seen.submission, seen.competition)
            jobs.assign(session, seen.lease, seen.machine if runner.name == LOCAL else "")
            jobs.request(session, Stage.PUBLISH, str(seen.submission.pull_request_id))
    except IntegrityError:
        return waiting.BUSY
    except OverBudgetError as error:
        return waiting.over_budget(error, amount)
    return None


def _start(seen: Look, runner: Runner, request: RunRequest, gathered: Gathered) -> None:
    """Start what was taken; another one who starts it again gets the same handle."""
    try:
        handle = runner.start(request, gathered)
    except RunnerError as error:
        _put_back(seen, runner, str(error))
        return
    with seen.context.scope() as session:
        jobs.hold(session, seen.lease)
        machines.note(session, seen.machine, runner.name, None)
        runs.change(session, seen.run.id, handle=handle, watched_at=now_plus())
        jobs.come_again(session, seen.lease, seconds=seen.context.settings.poll_seconds, place=_place(seen, runner))


def _put_back(seen: Look, runner: Runner, fault: str) -> None:
    """The runner did not take it: nothing ran, so machine and budget are given back and the run waits."""
    with seen.context.scope() as session:
        jobs.hold(session, seen.lease)
        run = runs.load(session, seen.run.id)
        if run is None or run.status is not RunStatus.RUNNING:
            raise Superseded
        machines.note(session, seen.machine, runner.name, fault)
        reserved, accounts = budget.reserved_by(run), ending.accounts_of(run, seen.submission)
        runs.change(
            session,
            run.id,
            status=RunStatus.REQUESTED,
            machine="",
            occupies=None,
            request=None,
            started_at=None,
            watched_at=None,
            budget_day=None,
            reserved_seconds=0,
            reserved_mills=0,
            waits_for=waiting.refused(runner.name, seen.machine, fault),
        )
        budget.settle(session, accounts, reserved, budget.Amount(0))
        jobs.request(session, Stage.PUBLISH, str(seen.submission.pull_request_id))
        jobs.park(session, seen.lease, seconds=_backoff(seen.lease), reason=fault[:400], place="")
    _wake(seen)


def _watch(seen: Look) -> None:
    """See how it goes."""
    runner = seen.runner
    if runner is None:
        _later(seen, seen.fault or waiting.NO_RUNNER)
        return
    if seen.run.handle is None:
        request = request_of(seen.run.request or {})
        _start(seen, runner, request, _gathered(seen))
        return
    try:
        progress = runner.progress(seen.run.handle)
        if progress.state is State.ENDED:
            _ended(seen, _checked(seen.run, runner.evidence(seen.run.handle)))
            return
        if progress.state is not State.LOST and (seen.superseded or _is_over(seen)):
            runner.cancel(seen.run.handle)
            progress = runner.progress(seen.run.handle)
    except RunnerError as error:
        _later(seen, str(error))
        return
    if progress.state is State.LOST:
        _lost(seen, waiting.FORGOTTEN)
    else:
        _goes_on(seen, progress)


def _goes_on(seen: Look, progress: Progress) -> None:
    with seen.context.scope() as session:
        run = seen.again(session)
        told = {
            "state": progress.state.value,
            "phase": waiting.plain(progress.phase, LINE),
            "step": progress.step,
            "steps": progress.steps,
            "loss": waiting.finite(progress.loss),
            "seconds": waiting.finite(progress.seconds),
            "expected_seconds": waiting.finite(progress.expected_seconds),
            "last_line": waiting.plain(progress.last_line, LINE),
        }
        runs.change(session, run.id, progress=told, watched_at=now_plus())
        seconds = SOON_SECONDS if seen.superseded else seen.context.settings.poll_seconds
        jobs.come_again(session, seen.lease, seconds=seconds, place=run.occupies or "")


def _ended(seen: Look, evidence: Evidence) -> None:
    """Keep what it left, whichever way it ended."""
    with seen.context.scope() as session:
        run = seen.again(session)
        if seen.superseded:
            ending.cancel(session, run, seen.submission, runs.SUPERSEDED)
        elif evidence.infrastructure or evidence.verdict is RunVerdict.NOT_RUN:
            runs.change(session, run.id, occupies=None)
            ending.lose(session, run, seen.submission, evidence.reason, evidence=evidence)
        else:
            ending.finish(session, run, seen.submission, seen.competition, evidence)
        jobs.come_again(session, seen.lease, seconds=0, place=run.occupies or "")
    _wake(seen)


def _lost(seen: Look, reason: str) -> None:
    """The runner knows nothing of it: no process of it is there."""
    with seen.context.scope() as session:
        run = seen.again(session)
        runs.change(session, run.id, occupies=None)
        if seen.superseded:
            ending.cancel(session, run, seen.submission, runs.SUPERSEDED)
        else:
            ending.lose(session, run, seen.submission, reason)
        jobs.come_again(session, seen.lease, seconds=0, place=run.machine if run.runner == LOCAL else "")
    _wake(seen)


def _cancelled(seen: Look) -> None:
    with seen.context.scope() as session:
        ending.cancel(session, seen.again(session), seen.submission, runs.SUPERSEDED)
        jobs.finish(session, seen.lease)


def _clear_up(seen: Look) -> None:
    """Make sure that nothing of a run that is over is left on its machine; only then the machine is free."""
    run, runner = seen.run, seen.runner
    if run.released_at is not None or run.request is None or runner is None:
        with seen.context.scope() as session:
            jobs.finish(session, seen.lease)
        return
    try:
        gone = _is_gone(seen, runner)
    except RunnerError as error:
        _later(seen, str(error))
        return
    with seen.context.scope() as session:
        jobs.hold(session, seen.lease)
        if gone:
            runs.change(session, run.id, released_at=now_plus(), occupies=None)
            jobs.finish(session, seen.lease)
        else:
            jobs.come_again(session, seen.lease, seconds=SOON_SECONDS, place=run.occupies or "")
    if gone:
        _wake(seen)


def _is_gone(seen: Look, runner: Runner) -> bool:
    """End and forget it. What was lost between being taken and started is started to be found, and ended at once."""
    handle = seen.run.handle
    if handle is None:
        handle = runner.start(request_of(seen.run.request or {}), _gathered(seen))
        with seen.context.scope() as session:
            jobs.hold(session, seen.lease)
            runs.change(session, seen.run.id, handle=handle)
    if seen.run.status is not RunStatus.FINISHED:
        runner.cancel(handle)
        if runner.progress(handle).state not in (State.ENDED, State.LOST):
            return False
    runner.forget(handle)
    return True


def _later(seen: Look, fault: str) -> None:
    """The runner does not answer now; if that goes on, the reaper gives the run up."""
    with seen.context.scope() as session:
        jobs.park(session, seen.lease, seconds=_backoff(seen.lease), reason=fault[:400])


def _wait(seen: Look, reason: str) -> None:
    """Say why it does not run, and come again."""
    with seen.context.scope() as session:
        _say(session, seen, seen.again(session), reason)
        if seen.fault is not None:
            machines.note(session, seen.machine, (seen.context.settings.runner or "")[:40], seen.fault)
        seconds = min(_backoff(seen.lease), BUSY_SECONDS if reason == waiting.BUSY else LONG_SECONDS)
        jobs.park(session, seen.lease, seconds=seconds, reason=reason[:400], place="")


def _say(session: Session, seen: Look, run: Run, reason: str) -> None:
    """Keep why a run waits, and tell it where it is news."""
    if run.waits_for != reason:
        runs.change(session, run.id, waits_for=reason)
        jobs.request(session, Stage.PUBLISH, str(seen.submission.pull_request_id))


def _wake(seen: Look) -> None:
    """A machine is free: whoever waits first looks at once. A transaction of its own, which locks these jobs only."""
    with seen.context.scope() as session:
        for run_id in runs.next_waiting(session, seen.context.settings.run_pause_seconds):
            jobs.hurry(session, Stage.REPRODUCE, str(run_id))


def _is_over(seen: Look) -> bool:
    """Whether it should long have been ended by its runner."""
    limits = (seen.run.request or {}).get("limits", {})
    with seen.context.scope() as session:
        now = session.scalars(select(now_plus())).one()
    return seconds_since(seen.run.started_at, now) > float(limits.get("total_seconds", 0)) + policy.GRACE_SECONDS


def _checked(run: Run, evidence: Evidence) -> Evidence:
    """Evidence of this very request. Raises RunnerError for another's."""
    if evidence.request.get("id") != str(run.id) or evidence.request.get("seed") != run.seed:
        raise RunnerError("the runner handed out the record of another run")
    return evidence


def _place(seen: Look, runner: Runner) -> str:
    return seen.machine if runner.name == LOCAL else ""


def _backoff(lease: Lease) -> float:
    """Seconds: longer with each wait in a row, spread by the job's identity."""
    spread = 1 + (lease.job_id.int % 100) / 100
    return float(min(LONG_SECONDS, 2.0 * 2.0 ** min(lease.waits, 6)) * spread)
