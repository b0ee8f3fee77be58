"""The steps of `fairway reproduce`, how they are watched, and the table of what they came to."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from rich.live import Live
from rich.table import Table
from rich.text import Text

from bot.command_line import output
from evaluator.evidence import Evidence, ProbeOutcome, RunVerdict
from evaluator.reproduce import Machine, reproduce
from evaluator.reproduction.folder import Asked, FolderInputs, request_of_folder
from evaluator.request import Rung, RunRequest
from evaluator.runners import Progress
from rules.competition import Competition
from rules.report.escape import cut
from rules.submission import Submission

WIDTH = 100
FIGURES = ("val_bpb", "train_seconds", "eval_seconds", "artifact_bytes")


def steps(
    files: FolderInputs, submission: Submission, competition: Competition, asked: Asked, *, only: bool
) -> list[RunRequest]:
    """The requests of a climb up to `asked.rung`; the last rung once for each seed of the track."""
    rungs = [asked.rung] if only else _up_to(asked.rung)
    track = competition.track(submission.scope.track)
    seeds = max(1, track.seeds if track is not None else 1)
    found: list[RunRequest] = []
    for rung in rungs:
        for number in range(seeds if rung is Rung.FULL else 1):
            seed = None if asked.seed is None else asked.seed + number
            found.append(request_of_folder(files, submission, competition, replace(asked, rung=rung, seed=seed)))
    return found


def climbed(
    requests: Iterable[RunRequest], files: FolderInputs, machine: Machine, probes: tuple[str, ...]
) -> Iterator[Evidence]:
    """Make one run after the other; the first that does not succeed is the last."""
    for request in requests:
        with watched(request.rung) as told:
            record = reproduce(request, files, machine, told=told, probes=probes)
        yield record
        shown = any(probe.result is ProbeOutcome.VIOLATED for probe in record.probes)
        early = request.rung in (Rung.SMOKE, Rung.PROBE)
        if early and (shown or record.verdict is not RunVerdict.REPRODUCED):
            return


@contextmanager
def watched(rung: Rung) -> Iterator[Callable[[Progress], None]]:
    """One line on standard error that says how far a run is; nothing where nobody watches."""
    if not sys.stderr.isatty():
        yield _unwatched
        return
    with Live(Text(f"{rung} …"), console=output.page(aside=True), transient=True, refresh_per_second=4) as live:
        yield lambda progress: live.update(Text(line_of(rung, progress)))


def _unwatched(progress: Progress) -> None:
    """Nobody watches."""


def line_of(rung: Rung, progress: Progress) -> str:
    """How far a run is, in one line."""
    parts = [f"{rung}: {progress.phase}"]
    if progress.step is not None:
        parts.append(f"step {progress.step}" + (f"/{progress.steps}" if progress.steps else ""))
    if progress.loss is not None:
        parts.append(f"loss {progress.loss:.4f}")
    expected = f" of {progress.expected_seconds:.0f}" if progress.expected_seconds else ""
    parts.append(f"{progress.seconds:.0f}{expected} s")
    if progress.last_line:
        parts.append(cut(progress.last_line, WIDTH))
    return " · ".join(parts)[: shutil.get_terminal_size().columns - 1]


def table(records: Sequence[Evidence], *, aside: bool) -> None:
    """What the runs came to, for people."""
    page = output.page(aside=aside)
    rows = Table(box=None, pad_edge=False)
    for name in ("step", "seed", "verdict", "seconds", *FIGURES):
        rows.add_column(name, justify="left" if name in ("step", "verdict") else "right")
    for record in records:
        figures = {m.name: m.value for m in record.measured}
        rows.add_row(
            str(record.request["rung"]),
            str(record.request["seed"]),
            record.verdict.value,
            f"{record.seconds:.1f}",
            *(_figure(name, figures.get(name)) for name in FIGURES),
        )
    page.print(rows)
    for record in records:
        page.print(f"{record.request['rung']}: {cut(record.reason, 600)}")
        for probe in record.probes:
            page.print(f"  {probe.probe}: {probe.result}. {cut(probe.sentence or probe.reason, 600)}")
    if records:
        page.print(f"Executed by {records[0].versions.get('executor', 'nothing')}.")


def _figure(name: str, value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,.0f}" if name.endswith("_bytes") else f"{value:.4f}" if name == "val_bpb" else f"{value:.1f}"


def _up_to(rung: Rung) -> list[Rung]:
    found = [rung]
    while (before := found[0].before) is not None:
        found.insert(0, before)
    return found
