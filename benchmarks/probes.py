"""The runnable variants under the probes, in the sandbox: what each probe shows, and whether a legal one is flagged.

Writes docs/probes.md's table. Seconds are wall time on this machine, the start of Python and torch included.

    python -m benchmarks.probes [--seeds 20] [--other-seeds 1] [--jobs 2] [--write docs/probes.md]
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import secrets
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Lock
from typing import Any

from pydantic import TypeAdapter

from demo import runnable
from demo.runnable import text
from evaluator import probes
from evaluator.evidence import ProbeOutcome, ProbeResult
from evaluator.sandbox import executor

TOKENS = 16_384
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
BY_CANARY = ("canary", "bytes")


@dataclass(frozen=True, slots=True)
class Row:
    """One variant, one seed: results by probe and seconds of all trials."""

    variant: runnable.Variant
    results: tuple[ProbeResult, ...]
    seconds: float

    def violated(self) -> list[str]:
        """Probes that showed something."""
        return [result.probe for result in self.results if result.result is ProbeOutcome.VIOLATED]


def probe(variant: runnable.Variant, names: Iterable[str], data: probes.ProbeData, root: Path) -> Row:
    """Run probes on a variant with streams that nobody has seen before."""
    folder = runnable.write(variant, root / variant.name)
    settings = probes.Settings(seed=secrets.randbits(64), tokens=TOKENS, model_seed=secrets.randbits(30), iterations=40)
    trials = probes.Trials(folder, runnable.SCRIPT, data, executor(), settings)
    started = time.monotonic()
    results = tuple(probes.run(trials, names))
    row = Row(variant, results, time.monotonic() - started)
    told = ", ".join(
        f"{r.probe} {r.result}" + (f" (ln E {r.ln_e:,.0f})" if r.ln_e is not None else "") for r in results
    )
    print(f"{variant.name}: {told} in {row.seconds:.0f} s", file=sys.stderr, flush=True)
    return row


class Kept:
    """Rows in a file, one JSON line each, so that a measurement that was stopped goes on where it was."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self.lock = Lock()

    def read(self) -> list[Row]:
        """What was measured before."""
        if self.path is None or not self.path.exists():
            return []
        return [_row(json.loads(line)) for line in self.path.read_text(encoding="utf-8").splitlines()]

    def add(self, row: Row) -> None:
        """Append a row."""
        if self.path is not None:
            data = {"variant": row.variant.name, "results": [asdict(r) for r in row.results], "seconds": row.seconds}
            with self.lock, self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(data) + "\n")


def _row(data: dict[str, Any]) -> Row:
    results = tuple(TypeAdapter(ProbeResult).validate_python(result) for result in data["results"])
    return Row(runnable.variant(data["variant"]), results, data["seconds"])


def table(rows: Sequence[Row], legal: Sequence[Row]) -> str:
    """Markdown: illegal variants with what proved them, legal ones with the range over seeds."""
    lines = ["| variant | proved by | ln E of the canary | nats per token | seconds |", "|---|---|---|---|---|"]
    for row in rows:
        canary = next(r for r in row.results if r.probe == "canary")
        loss = "" if canary.nats_per_token is None else f"{canary.nats_per_token:.4f}"
        shown = ", ".join(row.violated()) or "**nothing**"
        lines.append(f"| {row.variant.name} | {shown} | {_number(canary.ln_e)} | {loss} | {row.seconds:.0f} |")
    lines += [
        "",
        "| legal variant | seeds | flagged | ln E of the canary | other probes, seeds |",
        "|---|---|---|---|---|",
    ]
    for variant in dict.fromkeys(row.variant.name for row in legal):
        own = [row for row in legal if row.variant.name == variant]
        values = [r.ln_e for row in own for r in row.results if r.probe == "canary" and r.ln_e is not None]
        flagged = sum(1 for row in own if row.violated())
        others = sum(1 for row in own if len(row.results) > len(BY_CANARY))
        spread = f"{min(values):,.0f} to {max(values):,.0f}" if values else "not run"
        lines.append(f"| {variant} | {len(own)} | {flagged} | {spread} | {others} |")
    return "\n".join(lines)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:+,.0f}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and write the page where asked. Exit code 1 where a fault is not shown or a legal one flagged."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.probes", description=__doc__)
    parser.add_argument("--seeds", type=int, default=20, help="of each legal variant")
    parser.add_argument(
        "--other-seeds", type=int, default=1, help="of those, under all usual probes and not canary and bytes alone"
    )
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--kept", type=Path, help="file of results, to go on with after an interruption")
    parser.add_argument("--write", type=Path, help="page whose measured part is replaced")
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="fairway-bench-") as scratch:
        measured_rows = _measure(Path(scratch), Kept(chosen.kept), chosen.seeds, chosen.other_seeds, chosen.jobs)
    rows = [row for row in measured_rows if not row.variant.legal]
    legal = [row for row in measured_rows if row.variant.legal]
    measured = f"{_machine()}\n\n{table(rows, legal)}"
    print(measured)
    if chosen.write:
        page = chosen.write.read_text(encoding="utf-8")
        head, _, rest = page.partition(BEGIN)
        tail = rest.partition(END)[2]
        chosen.write.write_text(f"{head}{BEGIN}\n{measured}\n{END}{tail}", encoding="utf-8")
    missed = [row.variant.name for row in rows if row.variant.probe not in row.violated()]
    flagged = [row.variant.name for row in legal if row.violated()]
    if missed or flagged:
        print(f"not shown: {missed}; flagged though legal: {flagged}", file=sys.stderr)
    return 1 if missed or flagged else 0


def _measure(root: Path, kept: Kept, seeds: int, other_seeds: int, jobs: int) -> list[Row]:
    """Rows of all variants; what `kept` holds already is not measured again."""
    data = probes.find(text.write(root / "data"))
    done = kept.read()
    work = [(v, _names(v)) for v in runnable.variants() if v.probe not in ("", "run")]
    work += [(v, probes.USUAL) for _ in range(other_seeds) for v in runnable.variants() if v.legal]
    work += [(v, BY_CANARY) for _ in range(seeds - other_seeds) for v in runnable.variants() if v.legal]
    for row in done:
        same = [job for job in work if job[0] == row.variant and len(job[1]) == len(row.results)]
        if same:
            work.remove(same[0])

    def measured(job: tuple[runnable.Variant, tuple[str, ...]]) -> Row:
        row = probe(job[0], job[1], data, root / secrets.token_hex(4))
        kept.add(row)
        return row

    with ThreadPoolExecutor(jobs) as pool:
        return [*done, *pool.map(measured, work)]


def _names(variant: runnable.Variant) -> tuple[str, ...]:
    """The canary, which every row tells, and what is said to prove this fault."""
    return BY_CANARY if variant.probe in BY_CANARY else (*BY_CANARY, variant.probe)


def _machine() -> str:
    cores = len(os.sched_getaffinity(0))
    return (
        f"{executor().name}, {cores} cores ({platform.machine()}, shared with other work), one thread for each run; "
        f"{TOKENS:,} scored tokens of a vocabulary of {text.VOCAB_SIZE}, 40 steps of training, "
        "alpha = 1e-9 (bound 20.7)."
    )


if __name__ == "__main__":
    sys.exit(main())
