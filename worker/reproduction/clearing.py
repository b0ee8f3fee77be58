"""A run that is over: nothing of it may be left on its machine, and only then the machine is free."""

from __future__ import annotations

from evaluator.request import request_of
from evaluator.runners import Runner, RunnerError, State
from worker.reproduction.seeing import SOON_SECONDS, Look, gathered_for, later, wake
from worker.store import jobs, runs
from worker.store.models import RunStatus
from worker.store.types import now_plus


def clear_up(seen: Look) -> None:
    """Make sure that nothing of a run that is over is left on its machine; only then the machine is free."""
    run, runner = seen.run, seen.runner
    if run.released_at is not None or run.request is None or runner is None:
        with seen.context.scope() as session:
            jobs.finish(session, seen.lease)
        return
    try:
        gone = _is_gone(seen, runner)
    except RunnerError as error:
        later(seen, str(error))
        return
    with seen.context.scope() as session:
        jobs.hold(session, seen.lease)
        if gone:
            runs.change(session, run.id, released_at=now_plus(), occupies=None)
            jobs.finish(session, seen.lease)
        else:
            jobs.come_again(session, seen.lease, seconds=SOON_SECONDS, place=run.occupies or "")
    if gone:
        wake(seen)


def _is_gone(seen: Look, runner: Runner) -> bool:
    """End and forget it. What was lost between being taken and started is started to be found, and ended at once."""
    handle = seen.run.handle
    if handle is None:
        handle = runner.start(request_of(seen.run.request or {}), gathered_for(seen))
        with seen.context.scope() as session:
            jobs.hold(session, seen.lease)
            runs.change(session, seen.run.id, handle=handle)
    if seen.run.status is not RunStatus.FINISHED:
        runner.cancel(handle)
        if runner.progress(handle).state not in (State.ENDED, State.LOST):
            return False
    runner.forget(handle)
    return True
