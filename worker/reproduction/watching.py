"""A run that goes on: how far it is, and what it left when it ends, whichever way that is."""

from __future__ import annotations

from sqlalchemy import select

from evaluator.evidence import Evidence, RunVerdict
from evaluator.request import request_of
from evaluator.runners import Progress, RunnerError, State
from worker.reproduction import ending, policy, waiting
from worker.reproduction.beginning import start
from worker.reproduction.inputs import seconds_since
from worker.reproduction.runners import LOCAL
from worker.reproduction.seeing import SOON_SECONDS, Look, gathered_for, later, wake
from worker.store import jobs, runs
from worker.store.models import Run
from worker.store.types import now_plus

LINE = 200  # characters


def watch(seen: Look) -> None:
    """See how it goes."""
    runner = seen.runner
    if runner is None:
        later(seen, seen.fault or waiting.NO_RUNNER)
        return
    if seen.run.handle is None:
        request = request_of(seen.run.request or {})
        start(seen, runner, request, gathered_for(seen))
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
        later(seen, str(error))
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
    wake(seen)


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
    wake(seen)


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
