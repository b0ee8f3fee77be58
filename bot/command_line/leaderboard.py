"""`fairway leaderboard`: accepted submissions of a track, from the store or from a repository and its rulings."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.command_line import options

BESIDE = "../.."  # where a README at the top of a repository finds the repository's own pages

if TYPE_CHECKING:
    from rules.competition import Competition
    from worker.boards.values import Board, Candidate


@click.command("leaderboard")
@click.option("--track", metavar="NAME", help="Which track.  [default: the first]")
@click.option("--format", "form", type=click.Choice(["markdown", "csv", "json"]), default="markdown", show_default=True)
@click.option("--without-agents", is_flag=True, help="Leave out those whose authors disclose coding agents.")
@click.option(
    "--patch",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="README.md",
    help="Print a patch that adds what the table of this README lacks; nothing is pushed.",
)
@click.option("--repository", metavar="OWNER/NAME", help="Which repository; needed only where the App has several.")
@click.option("--git", "git", metavar="REPO", help="A local repository, in the place of the store.")
@options.table_file("--pull-requests", help="With --git: table number,created_at,author,title,head_sha.")
@options.table_file("--rulings", help="With --git: table number,outcome,reasons,ruled_on.")
@click.option("--workers", type=click.IntRange(0, 256), metavar="N", help="With --git: processes.")
@options.competition
def command(
    track: str | None,
    form: str,
    without_agents: bool,
    patch: Path | None,
    repository: str | None,
    git: str | None,
    pull_requests: Path | None,
    rulings: Path | None,
    workers: int | None,
    competition: str | None,
) -> int:
    """Print the leaderboard of a track. What a person accepted counts, and nothing else."""
    from worker.boards import values

    if git is None:
        found, parameters, address = _stored(repository)
    else:
        if pull_requests is None or rulings is None:
            raise click.UsageError("--git takes --pull-requests and --rulings beside it")
        found, parameters = _local(git, pull_requests, rulings, competition, workers)
        address = f"https://github.com/{repository}" if repository else BESIDE
    chosen = parameters.tracks[0] if track is None else parameters.track(track)
    if chosen is None:
        names = ", ".join(one.name for one in parameters.tracks)
        raise click.UsageError(f"--track: {parameters.title} has no track {track!r}; it has {names}")
    board = values.board(found, parameters, chosen, without_agents=without_agents)
    click.echo(_text(board, form, address) if patch is None else _patch(board, patch, address), nl=False)
    return 0


def _text(board: Board, form: str, address: str) -> str:
    from worker.boards import rendering

    if form == "json":
        return json.dumps(rendering.as_json(board, address), indent=1) + "\n"
    return rendering.as_csv(board, address) if form == "csv" else rendering.as_markdown(board, address)


def _patch(board: Board, path: Path, address: str) -> str:
    from worker.boards import readme

    try:
        return readme.patch(path.read_text(encoding="utf-8"), board, address, path.name)
    except (readme.ReadmeError, OSError, UnicodeDecodeError) as error:
        raise click.ClickException(str(error)) from None


def _stored(repository: str | None) -> tuple[list[Candidate], Competition, str]:
    from bot.command_line import queue_inputs
    from bot.command_line.deployment import settings_as_given
    from worker.boards import stored
    from worker.configuration import competition_of

    settings = settings_as_given()
    with queue_inputs.transaction() as session:
        row = queue_inputs.repository(session, repository)
        parameters = competition_of(row.configuration, settings.competition)
        address = f"{str(settings.github_web_url).rstrip('/')}/{row.full_name}"
        return stored.candidates(session, row.id), parameters, address


def _local(
    git: str, pull_requests: Path, rulings: Path, competition: str | None, workers: int | None
) -> tuple[list[Candidate], Competition]:
    from bot.command_line import inputs
    from bot.command_line.progress import progress
    from worker.boards import local
    from worker.tables import read_pull_requests, read_rulings

    with inputs.readable():
        parameters = inputs.competition(competition)
        ruled = read_rulings(rulings)
        processes = len(os.sched_getaffinity(0)) if workers is None else workers
        with progress("Triaging", total=len(ruled)) as advance:
            listed = read_pull_requests(pull_requests)
            found = local.candidates(git, listed, ruled, parameters, workers=processes, progress=advance)
    return found, parameters
