"""The first rung: does the script import and train three steps on generated random shards, within small limits."""

from __future__ import annotations

from dataclasses import replace

from evaluator.evidence import Phase, RunVerdict
from evaluator.reproduction import data as shown
from evaluator.reproduction.following import Follower
from evaluator.reproduction.run import Outcome, Run, at, fault

STEPS = 3
SECONDS = 300.0
FEW = {
    "ITERATIONS": str(STEPS),
    "VAL_LOSS_EVERY": "0",
    "TRAIN_LOG_EVERY": "1",
    "WARMUP_STEPS": "1",
    "MAX_WALLCLOCK_SECONDS": "60",
}
RAN = "it imports and ran {} on generated data to its end"
IDLE = "it ended with exit code 0 and told of no training step: the log must show `step:N/M train_loss:…`"


def smoke(run: Run) -> Outcome:
    """Run it. A script that prints no step is said to have trained none."""
    vocabulary = shown.vocabulary(run.data, run.request.environment)
    folder = run.scratch / "generated"
    made = shown.generated(run.data, folder, vocab_size=vocabulary, seed=run.request.seed)
    work = run.workplace.fresh("work")
    seconds = min(run.left(), SECONDS)
    job = run.workplace.job(work, made.shown(), made, seconds=seconds, more=FEW)
    follower = Follower(replace(run.request.limits, total_seconds=seconds))
    ended, passed = run.execute(job, follower)
    bad = fault(ended, passed)
    if bad is not None:
        return at(bad, job)
    phases = (Phase("smoke", follower.offset, follower.offset + ended.seconds),)
    if follower.step is None and follower.first_tick is None:
        return Outcome(RunVerdict.FAILED, IDLE, ended=ended, job=job, phases=phases)
    reason = RAN.format(f"{follower.step} steps" if follower.step is not None else "its steps")
    return Outcome(RunVerdict.REPRODUCED, reason, ended=ended, job=job, phases=phases)
