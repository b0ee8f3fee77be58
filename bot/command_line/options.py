"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from rules.rule import Severity

F = TypeVar("F", bound=Callable[..., Any])
STDOUT = "-"


def writable(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    """Refuse a file that cannot be written before any work is done, not after."""
    if value is None or value == STDOUT:
        return value
    target = Path(value)
    if target.is_dir():
        raise click.BadParameter(f"{value!r} is a folder; name a file in it")
    if not target.absolute().parent.is_dir():
        raise click.BadParameter(f"there is no folder {str(target.absolute().parent)!r}; create it first")
    return value


git = click.option(
    "--git",
    "repository",
    required=True,
    metavar="REPO",
    type=click.Path(exists=True, file_okay=False),
    help="Local git repository that holds refs/pull/N/head.",
)
competition = click.option(
    "--competition",
    metavar="NAME|FILE",
    help="A competition that is shipped, or the path of its TOML file.  [default: parameter-golf]",
)
json_file = click.option(
    "--json", "json_file", metavar="FILE|-", callback=writable, help="Write JSON to a file, or - for standard output."
)
workers = click.option(
    "--workers",
    type=click.IntRange(0, 256),
    metavar="N",
    help="Processes; 0 works in this one.  [default: one for each processor]",
)
markdown = click.option("--markdown", is_flag=True, help="Print the report as Markdown, as it would be posted.")


def fail_on(default: Severity | None) -> Callable[[F], F]:
    """`--fail-on`: exit with 1 when a finding weighs that much."""
    return click.option(
        "--fail-on",
        type=click.Choice([severity.value for severity in Severity]),
        default=None if default is None else default.value,
        help="Exit with 1 when a finding weighs at least this much."
        + ("  [default: never]" if default is None else f"  [default: {default}]"),
    )


def table_file(name: str, *, required: bool = False, help: str) -> Callable[[F], F]:  # noqa: A002 - as click calls it
    """An option that takes a CSV file."""
    return click.option(
        name, type=click.Path(exists=True, dir_okay=False, path_type=Path), required=required, metavar="CSV", help=help
    )
