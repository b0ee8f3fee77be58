"""`fairway similar`: which pull requests a folder resembles."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from bot.command_line import options
from bot.command_line.codes import DONE


@click.command("similar")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@options.git
@options.table_file("--pull-requests", help="Table of pull requests: tells author and time; else their heads do.")
@options.workers
@options.competition
@options.json_file
def command(
    folder: Path,
    repository: str,
    pull_requests: Path | None,
    workers: int | None,
    competition: str | None,
    json_file: str | None,
) -> int:
    """Show the pull requests that a submission folder resembles, and what is new against the likest.

    Credit whom you build on. Nothing in the folder is run.
    """
    from bot.command_line import inputs, output
    from rules.report.lineage import lineage_entry, print_lineage
    from worker.relatives import Place, folder_among, news_of
    from worker.tables import read_pull_requests

    with inputs.readable():
        listed = read_pull_requests(pull_requests) if pull_requests else ()
        place = Place(repository, inputs.competition(competition), listed, inputs.processes(workers))
        submission = folder_among(place, folder, datetime.now(UTC))
    news = news_of(submission)
    output.write_json(json_file, lineage_entry(submission, news))
    if json_file != options.STDOUT:
        print_lineage(submission, news, output.page())
    return DONE
