"""What a run may use, by the competition's limits and what the operator gives."""

from __future__ import annotations

from evaluator.request import RunLimits
from rules.competition import Competition

PROCESSES = 4096


def limits_of(
    competition: Competition,
    total_seconds: float,
    *,
    memory_bytes: int,
    work_bytes: int,
    processes: int = PROCESSES,
    timed: bool = True,
) -> RunLimits:
    """Limits of a run of at most `total_seconds`. Without `timed` training and evaluation may take all of it each."""
    limits = competition.limits
    return RunLimits(
        train_seconds=min(limits.train_seconds, total_seconds) if timed else total_seconds,
        eval_seconds=min(limits.eval_seconds, total_seconds) if timed else total_seconds,
        total_seconds=total_seconds,
        memory_bytes=memory_bytes,
        work_bytes=work_bytes,
        artifact_bytes=competition.artifact.max_bytes,
        processes=processes,
        train_tolerance_seconds=limits.train_tolerance_seconds,
        eval_tolerance_seconds=limits.eval_tolerance_seconds,
    )
