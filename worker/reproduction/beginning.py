"""A run that was asked for takes a machine and its budget, and starts; or it is said why it waits."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from evaluator.request import RunRequest
from evaluator.runners import Runner, RunnerError
from worker.pipeline import Superseded
from worker.reproduction import ending, policy, waiting
from worker.reproduction.inputs import Gathered, NothingToRunError, as_row, request_for, seconds_since
from worker.reproduction.runners import LOCAL
from worker.reproduction.seeing import LONG_SECONDS, Look, backoff, gathered_for, place_of, say, wake
from worker.store import attempts, budget, jobs, machines, runs
from worker.store.budget import OverBudgetError
from worker.store.models import RunStatus, Stage
from worker.store.types import now_plus

BUSY_SECONDS = 15.0


def begin(seen: Look) -> None:
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
        gathered = gathered_for(seen)
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
        start(seen, seen.runner, request, gathered)


def _paused(seen: Look) -> bool:
    """Whether this attempt waits until the fault of ours that ended the one before may have passed."""
    with seen.context.scope() as session:
        run = seen.again(session)
        when = attempts.begins_at(session, run, seen.context.settings.run_pause_seconds)
        now = session.scalars(select(now_plus())).one()
        if when is None or when <= now:
            return False
        reason = waiting.PAUSED.format(run.attempt, attempts.MAX_ATTEMPTS, when)
        say(session, seen, run, reason)
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


def start(seen: Look, runner: Runner, request: RunRequest, gathered: Gathered) -> None:
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
        jobs.come_again(session, seen.lease, seconds=seen.context.settings.poll_seconds, place=place_of(seen, runner))


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
        jobs.park(session, seen.lease, seconds=backoff(seen.lease), reason=fault[:400], place="")
    wake(seen)


def _wait(seen: Look, reason: str) -> None:
    """Say why it does not run, and come again."""
    with seen.context.scope() as session:
        say(session, seen, seen.again(session), reason)
        if seen.fault is not None:
            machines.note(session, seen.machine, (seen.context.settings.runner or "")[:40], seen.fault)
        seconds = min(backoff(seen.lease), BUSY_SECONDS if reason == waiting.BUSY else LONG_SECONDS)
        jobs.park(session, seen.lease, seconds=seconds, reason=reason[:400], place="")


def _cancelled(seen: Look) -> None:
    with seen.context.scope() as session:
        ending.cancel(session, seen.again(session), seen.submission, runs.SUPERSEDED)
        jobs.finish(session, seen.lease)
