"""`fairway check`: a folder, before it becomes a pull request."""

from __future__ import annotations

import gc
from pathlib import Path

import click

from bot.command_line import options
from rules.rule import Severity


@click.command("check")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--track", metavar="NAME", help="Track of the competition.  [default: told by the path, else the first]")
@options.competition
@options.json_file
@options.markdown
@options.fail_on(Severity.INCOMPLETE)
def command(
    folder: Path, track: str | None, competition: str | None, json_file: str | None, markdown: bool, fail_on: str
) -> int:
    """Triage a submission folder before it becomes a pull request and print the report.

    Exits with 0 when the folder is clear and with 1 when something is missing, needs a person or blocks it. Nothing
    in the folder is run.
    """
    from bot.command_line import inputs
    from bot.command_line.report import deliver
    from worker.triage import triage_folder

    gc.disable()  # one report, then the process ends: looking for cycles among syntax trees would double the time
    with inputs.readable():
        parameters = inputs.competition(competition)
        timed = triage_folder(folder, parameters, track)
    return deliver(timed, parameters, json_file=json_file, markdown=markdown, fail_on=fail_on)
