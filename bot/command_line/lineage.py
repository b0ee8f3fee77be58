"""`fairway lineage`: who a pull request builds on."""

from __future__ import annotations

from pathlib import Path

import click

from bot.command_line import options
from bot.command_line.codes import DONE


@click.command("lineage")
@options.git
@click.option("--pr", "number", type=click.IntRange(min=1), required=True, metavar="N", help="Number.")
@options.table_file("--pull-requests", help="Table of pull requests: tells author and time; else their heads do.")
@options.workers
@options.competition
@options.json_file
def command(
    repository: str,
    number: int,
    pull_requests: Path | None,
    workers: int | None,
    competition: str | None,
    json_file: str | None,
) -> int:
    """Show the nearest earlier pull requests of others and of the same author, those named, and what is new.

    All earlier scripts are read first, which takes a minute for some thousands. Likeness of scripts is a lead, not a
    proof. Nothing that was submitted is run.
    """
    from bot.command_line import inputs, output
    from rules.report.lineage import lineage_entry, print_lineage
    from worker.relatives import Place, news_of, pull_request_among
    from worker.tables import read_pull_requests

    with inputs.readable():
        listed = read_pull_requests(pull_requests) if pull_requests else ()
        place = Place(repository, inputs.competition(competition), listed, inputs.processes(workers))
        submission = pull_request_among(place, number)
    news = news_of(submission)
    output.write_json(json_file, lineage_entry(submission, news))
    if json_file != options.STDOUT:
        print_lineage(submission, news, output.page())
    return DONE
