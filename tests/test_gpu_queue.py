"""A few runs while their workers are killed; the long one, with 200, is `python -m benchmarks.gpu_queue`."""

from __future__ import annotations

from pathlib import Path

from benchmarks.gpu_queue import STEPS, Plan, run

PLAN = Plan(submissions=2, kills=6, machines=2)


def test_each_run_ends_once_and_nothing_is_left_behind_while_workers_are_killed(tmp_path: Path) -> None:
    summary = run(PLAN, tmp_path)
    assert summary["problems"] == []
    assert summary["runs"] >= PLAN.submissions * STEPS
    assert summary["kills"]["all"] > 0
