"""Write the demo's repository, triage all its pull requests, and show what Fairway says.

python -m demo [OUT]
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import click

from demo.folder import write_folder
from demo.repository import DemoRepository, build
from demo.table import next_steps, table
from rules.reading.cache import Memory
from rules.reading.git import GitRepository
from rules.report.markdown import render
from rules.screening import Triage
from worker.earlier import place_all
from worker.tables import read_pull_requests
from worker.triage import triage_placed

OUT = Path(__file__).parent / "out"
SHOWN = 25  # the pull request whose report is printed


def triage_all(demo: DemoRepository) -> Iterator[Triage]:
    """Triage every pull request of the demo in order of creation."""
    repository, memory = GitRepository(str(demo.git)), Memory()
    for placed in place_all(repository, read_pull_requests(demo.pull_requests_csv), demo.competition):
        yield triage_placed(repository, placed, demo.competition, memory)


@click.command(help=__doc__)
@click.argument("out", type=click.Path(path_type=Path), default=OUT)
def main(out: Path) -> None:
    """Write, triage, show."""
    demo = build(out)
    started = time.perf_counter()
    triages = list(triage_all(demo))
    seconds = time.perf_counter() - started
    click.echo(f"{demo.competition.title}: {len(triages)} pull requests in {demo.git}, triaged in {seconds:.1f} s\n")
    for line in table(triages):
        click.echo(line)
    shown = next(t for t in triages if t.submission.pull_request.number == SHOWN)
    click.echo(f"\nThe report on pull request {SHOWN}, as it would be posted:\n")
    click.echo(render(shown, demo.competition))
    click.echo("Try next:\n")
    sample = next(s for s in demo.samples if s.number == SHOWN)
    folder = write_folder(sample, demo.competition, out / "folder")
    for command in next_steps(demo, SHOWN, folder):
        click.echo(f"    {command}")


if __name__ == "__main__":
    main(prog_name="python -m demo")
