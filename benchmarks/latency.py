"""From a webhook to the comment: single submissions of median size, and twenty at once.

    python -m benchmarks.latency [--single 20] [--burst 20]

Real processes (web, beat, one worker) on PostgreSQL and Redis, and GitHub's stand-in; the time counts from when the
pull request is opened there until the comment stands there.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from pathlib import Path

from benchmarks.deployment import AUTHOR, MEDIAN_SCRIPT_BYTES, Deployment, deployed, sample_files, wait_until
from demo.github.values import PullRequest

SAMPLE = "window-ttt"
AIM_SINGLE, AIM_BURST = 3.0, 20.0


def main() -> None:
    """Measure and print; ends with 1 where an aim is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--single", type=int, default=20)
    parser.add_argument("--burst", type=int, default=20)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, deployed(Path(name)) as running:
        size = sum(map(len, sample_files(SAMPLE, "x", script_bytes=MEDIAN_SCRIPT_BYTES).values()))
        print(f"submissions of {size:,} bytes, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the start")
        first = offered(running, 0)
        wait_until(lambda: judged(running, first), "the first one is judged", 120)
        singles = [single(running, number + 1) for number in range(options.single)]
        burst = many(running, options.burst, options.single + 1)
    median = statistics.median(singles)
    print(f"one at a time    median {median:.2f} s   worst {max(singles):.2f} s   aim: median < {AIM_SINGLE:.0f} s")
    print(f"{options.burst} at once       last   {burst:.2f} s   aim: < {AIM_BURST:.0f} s")
    print(f"load {os.getloadavg()[0]:.1f} at the end")
    raise SystemExit(0 if median < AIM_SINGLE and burst < AIM_BURST else 1)


def single(running: Deployment, number: int) -> float:
    """Seconds from opening one to its comment."""
    time.sleep(0.3)
    pull = offered(running, number)
    return wait_until(lambda: bool(running.hub.comments(pull)), f"#{pull.number} has its comment", 60)


def many(running: Deployment, count: int, first: int) -> float:
    """Seconds until all of many that are opened at once have check and comment."""
    time.sleep(0.5)
    heads = [head_of(running, first + number) for number in range(count)]
    started = time.monotonic()
    pulls = [opened(running, head, first + number) for number, head in enumerate(heads)]
    wait_until(lambda: all(judged(running, pull) for pull in pulls), "all are judged", 300)
    return time.monotonic() - started


def offered(running: Deployment, number: int) -> PullRequest:
    """A new pull request with a submission of its own."""
    return opened(running, head_of(running, number), number)


def opened(running: Deployment, head_sha: str, number: int) -> PullRequest:
    """A pull request for a commit that is there."""
    return running.hub.people.open_pull_request(running.hub.repository, AUTHOR, head_sha, f"Submission {number}")


def head_of(running: Deployment, number: int) -> str:
    """A commit with a submission in a folder of its own."""
    files = sample_files(SAMPLE, f"2026-06-{number:04d}", script_bytes=MEDIAN_SCRIPT_BYTES)
    script = next(path for path in files if path.endswith(".py"))
    files[script] += f"\n# number {number}\n".encode()
    return running.hub.people.commit(running.hub.repository, AUTHOR, files)


def judged(running: Deployment, pull: PullRequest) -> bool:
    """Whether its check is completed and its comment there."""
    check = running.hub.check(pull)
    return check is not None and check.conclusion is not None and bool(running.hub.comments(pull))


if __name__ == "__main__":
    main()
