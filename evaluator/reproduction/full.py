"""Seed and full rungs: the submission on the real data, as it is, timed, measured and compared with its claim.

A submission that brings its evaluation as a script of its own (`eval_gpt.py` or `evaluate.py` beside the entry) runs in
two phases: trained where no validation shard is, then scored by a fresh process that sees the artifact and no training
shard. All others, and those that fail that way, run in one process; their phases are told from the log and labelled as
not verified.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from evaluator.evidence import Measured, Phase, RunVerdict
from evaluator.execution import Ended, Job
from evaluator.reproduction import results, scores
from evaluator.reproduction.data import TRAIN, VAL
from evaluator.reproduction.following import EVALUATE, Follower
from evaluator.reproduction.results import Artifact
from evaluator.reproduction.run import Outcome, Run, at, fault

EVALUATIONS = ("eval_gpt.py", "evaluate.py")
ONE_SLICE = 0.01  # relative: what other text of the same kind may score worse
UNVERIFIED = "unverified"
NO_ARTIFACT = "no artifact was found in its folder: a model file must be written there"
NO_SCORE = "it ended with exit code 0 and printed no final score `val_bpb:…`"


def full(run: Run) -> Outcome:
    """Run it once with the request's seed."""
    evaluation = next((file.path for file in run.request.files if file.path in EVALUATIONS), None)
    if evaluation is None:
        return _one_process(run)
    apart = _two_phases(run, evaluation)
    if apart.verdict is not RunVerdict.FAILED:
        return apart
    whole = _one_process(run)  # a file of that name need not be what we take it for
    return replace(whole, reason=f"{whole.reason}; not in two phases: {apart.reason}")


def _one_process(run: Run) -> Outcome:
    work = run.workplace.fresh("work")
    job = run.workplace.job(work, run.data.shown(), run.data, seconds=run.left())
    follower = Follower(run.request.limits)
    ended, passed = run.execute(job, follower)
    bad = fault(ended, passed)
    if bad is not None:
        return replace(at(bad, job), phases=_told_phases(follower, ended), measured=_clocked(follower))
    made = Made(run, job, ended, follower, _artifact(run, work, ended))
    outcome = made.judged(_told_phases(follower, ended))
    if run.data.second is None or outcome.verdict in (RunVerdict.FAILED, RunVerdict.OVER_CAP):
        return outcome
    return with_second(run, outcome, _second_run(run))


def _second_run(run: Run) -> Ended | str:
    """The same again with other text to score; why not where there is no time for it."""
    if run.left() < run.seconds():
        return "the time that was left does not suffice for a second run"
    work = run.workplace.fresh("second")
    job = run.workplace.job(work, run.data.shown(second=True), run.data, seconds=run.left())
    ended, _ = run.execute(job, Follower(run.request.limits))
    return ended


def _two_phases(run: Run, evaluation: str) -> Outcome:
    """Train without the text that is scored, keep the artifact, score it in a folder that holds nothing else."""
    work = run.workplace.fresh("work")
    job = run.workplace.job(work, run.data.shown((TRAIN,)), run.data, seconds=run.left())
    trained = Follower(run.request.limits)
    ended, passed = run.execute(job, trained)
    bad = fault(ended, passed)
    phases: tuple[Phase, ...] = (Phase("train", trained.offset, trained.offset + ended.seconds, verified=True),)
    if bad is not None:
        return replace(at(bad, job), phases=phases, measured=_clocked(trained))
    artifact = _artifact(run, work, ended)
    if artifact is None:
        return Outcome(RunVerdict.FAILED, NO_ARTIFACT, ended=ended, job=job, phases=phases)
    scored, follower, evaluated = _evaluated(run, evaluation, work, artifact)
    phases += (Phase("evaluate", follower.offset, follower.offset + scored.seconds, verified=True),)
    bad = fault(scored)
    if bad is not None:
        return replace(at(bad, evaluated), phases=phases, measured=_clocked(trained))
    outcome = Made(run, evaluated, scored, trained, artifact, eval_seconds=scored.seconds).judged(phases)
    if run.data.second is None:
        return outcome
    return with_second(run, outcome, _evaluated(run, evaluation, work, artifact, second=True)[0])


def _evaluated(
    run: Run, evaluation: str, trained: Path, artifact: Artifact, *, second: bool = False
) -> tuple[Ended, Follower, Job]:
    """The artifact scored by a fresh process without training shards."""
    work = run.workplace.fresh("second" if second else "evaluate")
    target = work / artifact.path
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(trained / artifact.path, target, follow_symlinks=False)
    limits = run.request.limits
    seconds = min(run.left(), limits.eval_seconds + limits.eval_tolerance_seconds)
    command = [evaluation if word == run.request.entry else word for word in run.request.command]
    shown = run.data.shown((VAL,), second=second)
    job = run.workplace.job(work, shown, run.data, seconds=max(seconds, 0.0), command=command)
    follower = Follower(limits, phase=EVALUATE)
    ended, _ = run.execute(job, follower)
    return ended, follower, job


def _artifact(run: Run, work: Path, ended: Ended) -> Artifact | None:
    stated = scores.stated_sizes(scores.read(ended.lines))
    return results.find_artifact(work, run.request.files, run.request.entry, stated)


@dataclass(frozen=True, slots=True)
class Made:
    """A run that came to its end, to be judged. `job` and `ended` are those that printed the score."""

    run: Run
    job: Job
    ended: Ended
    follower: Follower
    artifact: Artifact | None
    eval_seconds: float | None = None

    def judged(self, phases: tuple[Phase, ...]) -> Outcome:
        """Cap before time before score: the first fault decides."""
        log = scores.read(self.ended.lines)
        found = scores.measured(log)
        verdict, reason = self._verdict(found)
        sizes = () if self.artifact is None else _sized(self.artifact)
        return Outcome(
            verdict,
            reason,
            ended=self.ended,
            job=self.job,
            measured=(*found, *_clocked(self.follower, self.eval_seconds), *sizes),
            phases=phases,
            artifact_bytes=None if self.artifact is None else self.artifact.total,
            artifact_sha256="" if self.artifact is None else self.artifact.sha256,
        )

    def _verdict(self, found: Sequence[Measured]) -> tuple[RunVerdict, str]:
        limits = self.run.request.limits
        artifact = self.artifact
        if artifact is None:
            return RunVerdict.FAILED, NO_ARTIFACT
        if artifact.total > limits.artifact_bytes:
            return RunVerdict.OVER_CAP, (
                f"{artifact.path!r} has {artifact.model_bytes:,} bytes and the code {artifact.code_bytes:,}: together "
                f"{artifact.total:,}, the cap is {limits.artifact_bytes:,}"
            )
        late = self._late()
        if late is not None:
            return RunVerdict.OVER_TIME, late
        score = scores.figure(found, "val_bpb")
        if score is None:
            return RunVerdict.FAILED, NO_SCORE
        data = self.run.data
        false = scores.forged(found, scores.counted(data, data.folder))
        return (RunVerdict.DIFFERS, false) if false is not None else self._compared(score.value)

    def _late(self) -> str | None:
        """What took longer than allowed, by our clock."""
        limits = self.run.request.limits
        evaluation = self.eval_seconds if self.eval_seconds is not None else self.follower.eval_seconds
        for name, taken, most in (
            ("training", self.follower.train_seconds, limits.train_seconds + limits.train_tolerance_seconds),
            ("evaluation", evaluation, limits.eval_seconds + limits.eval_tolerance_seconds),
        ):
            if taken is not None and taken > most:
                return f"{name} took {taken:.1f} s by our clock, the limit is {most:g} s"
        return None

    def _compared(self, score: float) -> tuple[RunVerdict, str]:
        request = self.run.request
        claimed = request.claimed.val_bpb
        if claimed is None:
            return RunVerdict.REPRODUCED, f"{score:.4f} bits per byte; nothing was claimed to compare it with"
        away = score - claimed
        said = f"{score:.4f} bits per byte where {claimed:.4f} are claimed ({away:+.4f} ± {request.tolerance:g})"
        # A score is reproduced by a better one too: seeds differ.
        return (RunVerdict.REPRODUCED if away <= request.tolerance else RunVerdict.DIFFERS), said


def with_second(run: Run, outcome: Outcome, second: Ended | str) -> Outcome:
    """The outcome with the score on the further text, and whether the gain shows there too."""
    if isinstance(second, str):
        return replace(outcome, reason=f"{outcome.reason}; second slice not scored: {second}")
    found = scores.measured(scores.read(second.lines)) if second.ok else ()
    score, first = scores.figure(found, "val_bpb"), scores.figure(outcome.measured, "val_bpb")
    if score is None or first is None:
        why = second.detail or "its run printed no score"
        return replace(outcome, reason=f"{outcome.reason}; second slice not scored: {why}")
    said = f"{first.value:.4f} on the official slice, {score.value:.4f} on the second"
    if score.value - first.value > run.request.tolerance + ONE_SLICE * first.value:
        said += ": the gain shows on one slice only"
    elif score.value == first.value:
        said += ": the same figure on other text, so it does not come from the text"
    return replace(outcome, second_slice=found, reason=f"{outcome.reason}; {said}")


def _told_phases(follower: Follower, ended: Ended) -> tuple[Phase, ...]:
    """Training and evaluation where the log shows them, not verified."""
    start, end = follower.offset, follower.offset + ended.seconds
    trained = follower.exported_at if follower.exported_at is not None else follower.trained_at
    if trained is None:
        return (Phase("train", start, end),)
    return (Phase("train", start, start + trained), Phase("evaluate", start + trained, end))


def _clocked(follower: Follower, evaluation: float | None = None) -> tuple[Measured, ...]:
    """Seconds by the host's clock."""
    found = []
    line = None if follower.last_tick is None else follower.last_tick.number
    if follower.train_seconds is not None:
        found.append(Measured("train_seconds", round(follower.train_seconds, 3), line, "host clock"))
    if evaluation is not None:
        found.append(Measured("eval_seconds", round(evaluation, 3), None, "host clock"))
    elif follower.eval_seconds is not None:
        found.append(Measured("eval_seconds", round(follower.eval_seconds, 3), None, f"host clock, {UNVERIFIED}"))
    return tuple(found)


def _sized(artifact: Artifact) -> tuple[Measured, ...]:
    return (
        Measured("artifact_bytes", artifact.total, None, artifact.path),
        Measured("model_bytes", artifact.model_bytes, None, artifact.path),
        Measured("code_bytes", artifact.code_bytes, None),
    )
