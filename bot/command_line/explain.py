"""`fairway explain`: what was understood of a submission's program."""

from __future__ import annotations

import gc
from pathlib import Path

import click

from bot.command_line import options
from bot.command_line.codes import DONE


@click.command("explain")
@click.option(
    "--git",
    "repository",
    metavar="REPO",
    type=click.Path(exists=True, file_okay=False),
    help="Local git repository that holds refs/pull/N/head.",
)
@click.option("--pr", "number", type=click.IntRange(min=1), metavar="N", help="Number.")
@click.option(
    "--folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A submission folder on disk, instead of --git and --pr.",
)
@options.competition
@options.json_file
def command(
    repository: str | None, number: int | None, folder: Path | None, competition: str | None, json_file: str | None
) -> int:
    """Show the protocol that was found: what runs, with which settings, what is scored and learnt, in which order.

    Nothing that was submitted is run. Nothing is judged here: `fairway triage` and `fairway check` do.
    """
    from bot.command_line import inputs, output
    from rules.analysis.flow.explanation import explain
    from rules.reading.git import GitRepository
    from rules.report.explanation import explanation_entry, print_explanation
    from worker.triage import read_folder, read_pull_request

    gc.disable()  # one answer, then the process ends
    with inputs.readable():
        parameters = inputs.competition(competition)
        if folder is not None and repository is None and number is None:
            submission = read_folder(folder, parameters)
        elif repository is not None and number is not None and folder is None:
            submission = read_pull_request(GitRepository(repository), number, parameters)
        else:
            raise click.UsageError("give --git REPO and --pr N, or --folder FOLDER")
    found = explain(submission)
    output.write_json(json_file, explanation_entry(found))
    if json_file != options.STDOUT:
        print_explanation(found, output.page())
    return DONE
