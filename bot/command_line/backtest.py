"""`fairway backtest`: many pull requests, beside what people ruled."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from bot.command_line import options


class Numbers(click.ParamType[frozenset[int]]):
    """Numbers of pull requests with commas between: "1,2,3"."""

    name = "numbers"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> frozenset[int]:
        """Return the numbers; complain about anything else."""
        parts = [part.strip() for part in str(value).split(",")]
        for part in parts:
            if not (part.isascii() and part.isdecimal() and len(part) < 10):
                self.fail(f"{part!r} is no number; write 1,2,3", param, ctx)
        return frozenset(map(int, parts))


@click.command("backtest")
@options.git
@options.table_file("--pull-requests", required=True, help="Table number,created_at,author,title,head_sha.")
@options.table_file("--rulings", help="Table number,outcome,reasons,ruled_on: print recall and false alarms.")
@click.option("--numbers", type=Numbers(), default=None, metavar="1,2,3", help="Only these.  [default: all]")
@options.workers
@options.competition
@click.option(
    "--json", "json_file", required=True, metavar="FILE|-", callback=options.writable, help="Where the JSON goes."
)
@click.option("--summary", "summary_file", metavar="FILE.md", callback=options.writable, help="Write the summary too.")
def command(
    repository: str,
    pull_requests: Path,
    rulings: Path | None,
    numbers: frozenset[int] | None,
    workers: int | None,
    competition: str | None,
    json_file: str,
    summary_file: str | None,
) -> int:
    """Triage many pull requests in order of creation and print a summary.

    The repository is only read: nothing is checked out and nothing that was submitted is run.
    """
    from bot.command_line import inputs, output, summary
    from bot.command_line.progress import progress
    from worker.backtest import BacktestOptions, run
    from worker.tables import read_pull_requests, read_rulings

    with inputs.readable():
        parameters = inputs.competition(competition)
        listed = read_pull_requests(pull_requests)
        chosen = _chosen(numbers, [p.number for p in listed], pull_requests)
        asked = BacktestOptions(
            repository=repository,
            pull_requests=listed,
            competition=parameters,
            rulings=read_rulings(rulings) if rulings else (),
            numbers=chosen,
            workers=inputs.processes(workers),
        )
        with progress("Triaging", total=len(chosen) or len(listed)) as advance:
            result = run(asked, advance)
    output.write_json(json_file, result.as_json())
    if summary_file is not None:
        output.write_text(summary_file, summary.as_markdown(result))
    summary.show(result, output.page(aside=json_file == options.STDOUT))
    return 0


def _chosen(numbers: frozenset[int] | None, listed: Sequence[int], table: Path) -> frozenset[int]:
    """The numbers asked for. Raises ClickException for any that the table lacks."""
    unknown = sorted((numbers or frozenset()) - set(listed))
    if unknown:
        named = ", ".join(map(str, unknown[:10])) + (" …" if len(unknown) > 10 else "")
        raise click.ClickException(f"{table} has no pull request {named}; take numbers from that table")
    return numbers or frozenset()
