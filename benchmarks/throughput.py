"""Seconds per 1,000 pull requests, by kind of work, beside the bare floor in the same run.

The floor reads the blobs of each submission folder and parses its Python files with `ast`, the garbage collector off,
without looking at what was read: no decoding, no unpacking, no logs, no rules. Ours does all of it, but works once on
what is identical.

    python -m benchmarks.throughput --git REPO --data FOLDER [--sample 200]
"""

from __future__ import annotations

import argparse
import ast
import gc
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any
from unittest.mock import patch

import rules.reading.assemble
import rules.screening
from rules.competition import Competition, builtin
from rules.reading.cache import Memory
from rules.reading.git import GitRepository
from rules.screening import screen
from worker.earlier import Placed, place_all
from worker.tables import read_pull_requests
from worker.triage import read_placed, scope_of

READ_LIMIT = 256_000_000
PARSE_LIMIT = 4_000_000


class Stopwatch:
    """Processor seconds by name."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)

    def timed(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The same function, its time counted under `name`."""

        def wrapper(*args: Any, **kwargs: Any) -> Any:
            with self.measure(name):
                return function(*args, **kwargs)

        return wrapper

    @contextmanager
    def measure(self, name: str) -> Iterator[None]:
        """Count the time of a block under `name`."""
        started = time.process_time()
        try:
            yield
        finally:
            self.seconds[name] += time.process_time() - started


def floor(repository: GitRepository, placed: Sequence[Placed], competition: Competition) -> Stopwatch:
    """Reading and parsing alone, every file of every submission."""
    watch = Stopwatch()
    for item in placed:
        with watch.measure("reading"):
            scope = scope_of(repository, item, competition)[1]
            files = repository.files_under(item.pull_request.head_sha, scope.folder)
            scripts = []
            for file in files:
                with suppress(KeyError, ValueError):
                    data = file.read(READ_LIMIT)
                    if file.path.endswith(".py") and len(data) < PARSE_LIMIT:
                        scripts.append(data)
        with watch.measure("parsing"):
            for data in scripts:
                with suppress(SyntaxError, ValueError, RecursionError, MemoryError):
                    ast.parse(data)
    return watch


def ours(repository: GitRepository, placed: Sequence[Placed], competition: Competition) -> Stopwatch:
    """The whole triage, its parts counted apart."""
    watch = Stopwatch()
    memory = Memory()
    with ExitStack() as stack:
        for module, function, name in (
            (rules.reading.assemble, "read_source", "sources"),
            (rules.reading.assemble, "read_log", "logs"),
            (rules.screening, "techniques_of", "techniques"),
        ):
            stack.enter_context(patch.object(module, function, watch.timed(name, getattr(module, function))))
        for item in placed:
            with watch.measure("all reading"):
                submission = read_placed(repository, item, competition, memory)
            with watch.measure("all screening"):
                screen(submission, competition)
    watch.seconds["reading"] = watch.seconds.pop("all reading") - watch.seconds["sources"] - watch.seconds["logs"]
    watch.seconds["rules"] = watch.seconds.pop("all screening") - watch.seconds["techniques"]
    return watch


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--git", required=True)
    parser.add_argument("--data", type=Path, required=True, help="folder with pull-requests.csv")
    parser.add_argument("--sample", type=int, default=0, help="every so many pull requests that this many remain")
    options = parser.parse_args()
    gc.disable()
    competition, repository = builtin(), GitRepository(options.git)
    started = time.process_time()
    placed = list(place_all(repository, read_pull_requests(options.data / "pull-requests.csv"), competition))
    placing = time.process_time() - started
    if options.sample:
        placed = placed[:: max(1, len(placed) // options.sample)]
    placed.sort(key=lambda p: p.script_id)
    bare = floor(repository, placed, competition)
    gc.collect()
    full = ours(repository, placed, competition)
    _print("floor", bare, len(placed))
    _print("Fairway", full, len(placed))
    print(f"placing all pull requests among the earlier ones: {placing:.2f} s")
    print(f"Fairway / floor: {sum(full.seconds.values()) / sum(bare.seconds.values()):.2f}")


def _print(title: str, watch: Stopwatch, count: int) -> None:
    total = sum(watch.seconds.values())
    print(f"{title}: {total * 1000 / count:.1f} CPU s per 1,000 pull requests ({count} triaged)")
    for name, seconds in sorted(watch.seconds.items(), key=lambda item: -item[1]):
        print(f"  {name:12} {seconds * 1000 / count:7.1f} s  {seconds / total:4.0%}")


if __name__ == "__main__":
    main()
