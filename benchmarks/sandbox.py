"""What the sandbox costs: milliseconds for each job, and percent of run time.

    python -m benchmarks.sandbox [--jobs N] [--seconds S]

Each figure is a ratio within one run: the same program is started bare and in the sandbox by turns, so that what else
the machine does weighs on both alike.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from evaluator.execution import Executor, Job, Limits
from evaluator.sandbox import executor

START_LIMIT, RUN_LIMIT = 60.0, 2.0  # milliseconds, percent
WORK = """
import hashlib, time
began, count = time.process_time(), 0
data = bytes(1 << 16)
for _ in range({rounds}):
    data = hashlib.sha256(data).digest() * 2048
    sorted(data)
print(time.process_time() - began)
"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sandbox", description=__doc__)
    parser.add_argument("--jobs", type=int, default=30, help="of the shortest program, each way")
    parser.add_argument("--seconds", type=float, default=4.0, help="of work in the longer program")
    parser.add_argument("--rounds", type=int, default=5, help="of the longer program, each way")
    chosen = parser.parse_args()
    made = executor()
    with tempfile.TemporaryDirectory(prefix="fairway-bench-") as folder:
        start(made, Path(folder), chosen.jobs)
        work(made, Path(folder), chosen.seconds, chosen.rounds)


def start(made: Executor, folder: Path, jobs: int) -> None:
    """The shortest program, bare and in the sandbox."""
    bare, inside = by_turns(jobs, lambda: _bare(["true"]), lambda: _inside(made, folder, ("true",)))
    added = [1000 * (b - a) for a, b in zip(bare, inside, strict=True)]
    began = _processor()
    for _ in range(jobs):
        _inside(made, folder, ("true",))
    spent = 1000 * (_processor() - began) / jobs
    middle, least = statistics.median(added), min(added)
    print(f"{made.name}")
    print(f"start: {middle:.1f} ms added (median of {jobs}; least {least:.1f}); at most {START_LIMIT:g} are wanted")
    print(f"start: {spent:.1f} ms of processor time, ours and the kernel's, whatever else the machine does")


def work(made: Executor, folder: Path, seconds: float, rounds: int) -> None:
    """Processor seconds of the same work, which what else runs on the machine changes least."""
    one = _told(_bare_output([sys.executable, "-S", "-c", WORK.format(rounds=200)])) / 200
    source = WORK.format(rounds=max(1, int(seconds / one)))
    bare = [0.0] * rounds
    inside = [0.0] * rounds
    for place in range(rounds):
        bare[place] = _told(_bare_output([sys.executable, "-S", "-c", source]))
        inside[place] = _told(_inside(made, folder, ("python", "-S", "-c", source)))
    ratios = [b / a for a, b in zip(bare, inside, strict=True)]
    middle, least = statistics.median(ratios), min(inside) / min(bare)
    print(
        f"run: {100 * (middle - 1):+.2f} % processor time (median of {rounds} pairs of {min(bare):.1f} s; "
        f"best against best {100 * (least - 1):+.2f} %); at most {RUN_LIMIT:g} % are wanted"
    )


def by_turns(count: int, first: Callable[[], object], second: Callable[[], object]) -> tuple[list[float], list[float]]:
    """Seconds of both, one after the other, so many times."""
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(count):
        for kept, call in zip(times, (first, second), strict=True):
            began = time.perf_counter()
            call()
            kept.append(time.perf_counter() - began)
    return times


def _processor() -> float:
    """Processor seconds of this process and of all that it waited for."""
    found = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in found)


def _bare(command: list[str]) -> None:
    subprocess.run(command, check=True, capture_output=True)


def _bare_output(command: list[str]) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def _inside(made: Executor, folder: Path, argv: tuple[str, ...]) -> str:
    ended = made.execute(Job(argv, folder, Limits(wall_seconds=600, memory_bytes=1 << 30), folder="/job"))
    if not ended.ok:
        raise SystemExit(f"the job failed: {ended.detail or ended.text}")
    return ended.text


def _told(text: str) -> float:
    return float(text.strip())


if __name__ == "__main__":
    main()
