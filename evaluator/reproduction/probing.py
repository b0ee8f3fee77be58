"""The second rung: proof by arithmetic, within the same cancellation and on the same clock as every other run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from evaluator import probes
from evaluator.evidence import Phase, ProbeOutcome, RunVerdict
from evaluator.execution import Ended, Executor, Job, Limits, Line, Reason
from evaluator.reproduction.following import Follower
from evaluator.reproduction.run import Outcome, Run

TRIAL_SECONDS = 300.0  # of one execution; a probe makes a few
NOTHING = "no probe could be run: {}"
CANCELLED = Outcome(RunVerdict.NOT_RUN, "cancelled")


def probe(run: Run) -> Outcome:
    """Run the probes that the run names. What they found is in the record; the verdict says whether they ran."""
    request, limits = run.request, run.request.limits
    try:
        given = run.data
        data = probes.find(given.folder, tokenizer=given.tokenizer, transforms_text=given.transforms_text)
    except probes.DataError as error:
        return Outcome(RunVerdict.NOT_RUN, str(error), infrastructure=True)
    bounds = Limits(min(TRIAL_SECONDS, run.left()), limits.memory_bytes, limits.processes, limits.work_bytes)
    settings = probes.Settings(
        seed=request.seed, limits=bounds, gpus=tuple(range(request.gpus)), environment=request.environment
    )
    watched = Watched(run.executor, run)
    trials = probes.Trials(run.workplace.fresh("work"), request.entry, data, watched, settings)
    names = run.probes or probes.USUAL
    try:
        found = tuple(probes.run(trials, names))
    except probes.InfrastructureError as error:
        return Outcome(RunVerdict.NOT_RUN, str(error), infrastructure=True)
    if watched.last is not None and watched.last.reason is Reason.CANCELLED:
        return CANCELLED
    ran = [result for result in found if result.result is not ProbeOutcome.NOT_RUN]
    shown = [result.probe for result in found if result.result is ProbeOutcome.VIOLATED]
    outcome = Outcome(RunVerdict.REPRODUCED, _said(shown, len(ran)), ended=watched.last, job=watched.job, probes=found)
    if not ran:
        why = found[0].reason if found else "none was named"
        outcome = replace(outcome, verdict=RunVerdict.FAILED, reason=NOTHING.format(why))
    return replace(outcome, phases=(Phase("probe", 0.0, run.seconds()),))


@dataclass(slots=True)
class Watched:
    """An executor that tells how far its jobs are, can be cancelled, and stops when the run's time is up."""

    executor: Executor
    run: Run
    last: Ended | None = None
    job: Job | None = None

    @property
    def name(self) -> str:
        return self.executor.name

    def execute(
        self,
        job: Job,
        *,
        on_line: Callable[[Line], None] | None = None,  # noqa: ARG002 - the run hears and cancels
        cancelled: Callable[[], bool] | None = None,  # noqa: ARG002
    ) -> Ended:
        """As the executor does. After a cancellation no further job begins."""
        if self.last is not None and self.last.reason is Reason.CANCELLED:
            return self.last
        seconds = max(0.0, min(job.limits.wall_seconds, self.run.left()))
        self.job = replace(job, limits=replace(job.limits, wall_seconds=seconds))
        self.last, _ = self.run.execute(self.job, Follower(replace(self.run.request.limits, total_seconds=seconds)))
        return self.last


def _said(shown: list[str], ran: int) -> str:
    return f"{ran} probes ran: " + (f"shown by {', '.join(shown)}" if shown else "nothing shown")
