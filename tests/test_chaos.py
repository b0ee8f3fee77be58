"""A short storm: processes are killed while deliveries come, and afterwards everything is as if nothing had happened.

The long one, with 10,000 deliveries, is `python -m benchmarks.chaos`.
"""

from __future__ import annotations

from pathlib import Path

from benchmarks.chaos import Plan, run

PLAN = Plan(deliveries=150, kills=10, pulls=8, pushes=6)


def test_nothing_is_lost_and_nothing_happens_twice_while_processes_are_killed(tmp_path: Path) -> None:
    summary = run(PLAN, tmp_path, workers=2, concurrency=2)
    assert summary["problems"] == []
    assert summary["deliveries"] >= PLAN.deliveries
    assert summary["kills"]["all"] == PLAN.kills
    assert summary["pull requests"] == PLAN.pulls
