"""The record of a run that never was: what a runner writes where it has nothing else to say."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from evaluator.evidence import Evidence, RunVerdict


def not_run(
    request: Mapping[str, Any], runner: str, reason: str, *, seconds: float = 0.0, infrastructure: bool
) -> Evidence:
    """Evidence that says why; `infrastructure` where the fault is ours, so that it is tried again."""
    now = datetime.now(UTC)
    return Evidence(
        request=request,
        runner=runner,
        verdict=RunVerdict.NOT_RUN,
        reason=reason,
        started_at=(now - timedelta(seconds=seconds)).isoformat(),
        ended_at=now.isoformat(),
        seconds=round(seconds, 3),
        infrastructure=infrastructure,
    )
