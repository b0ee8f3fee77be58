"""`fairway triage`: one pull request of a local repository."""

from __future__ import annotations

import gc
from pathlib import Path

import click

from bot.command_line import options


@click.command("triage")
@options.git
@click.option("--pr", "number", type=click.IntRange(min=1), required=True, metavar="N", help="Number.")
@options.table_file(
    "--pull-requests",
    help="Table of pull requests: tells author, title, time, and which ones came earlier; parents that are named are "
    "compared with.",
)
@click.option(
    "--lineage", is_flag=True, help="Compare with all earlier scripts, and tell what is new; takes up to a minute."
)
@options.competition
@options.json_file
@options.markdown
@options.fail_on(None)
def command(
    repository: str,
    number: int,
    pull_requests: Path | None,
    lineage: bool,
    competition: str | None,
    json_file: str | None,
    markdown: bool,
    fail_on: str | None,
) -> int:
    """Triage one pull request of a local git repository and print the report.

    The repository is only read: nothing is checked out and nothing that was submitted is run.
    """
    from bot.command_line import inputs
    from bot.command_line.report import deliver
    from worker.relatives import Place, triage_among, triage_beside_cited
    from worker.tables import read_pull_requests

    gc.disable()  # one report, then the process ends: looking for cycles among syntax trees would double the time
    with inputs.readable():
        parameters = inputs.competition(competition)
        listed = read_pull_requests(pull_requests) if pull_requests else ()
        place = Place(repository, parameters, listed, inputs.processes(None))
        timed = triage_among(place, number) if lineage else triage_beside_cited(place, number)
    return deliver(timed, parameters, json_file=json_file, markdown=markdown, fail_on=fail_on)
