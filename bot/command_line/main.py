"""The command `fairway`: finds the subcommand, and turns whatever ends it into an exit code and a line that helps.

Nothing heavy is imported here, so that `--help` and a mistyped option answer at once.
"""

from __future__ import annotations

import io
import os
import sys
import traceback
from collections.abc import Sequence
from importlib import import_module
from types import MappingProxyType

import click

from bot.command_line.codes import CLOSED_PIPE, DONE, FAULT, INTERRUPTED, MISUSED

DEBUG = "FAIRWAY_DEBUG"
COMMANDS = MappingProxyType(
    {
        "triage": "Triage one pull request of a local git repository.",
        "check": "Triage a folder before it becomes a pull request.",
        "explain": "Show what was understood of a submission's program.",
        "reproduce": "Run a submission in a sandbox and compare what it claims.",
        "runner": "Test this machine's sandbox, or work on the queue of runs.",
        "canary": "Run a submission on tokens that nothing can predict.",
        "backtest": "Triage many pull requests, and compare with rulings.",
        "rules": "List the rules, or show the page of one.",
        "queue": "List what waits for a person, and rule on it.",
        "backfill": "Judge the pull requests of a repository that are open already.",
        "serve": "Receive GitHub's webhooks; without a broker do everything in one process.",
        "worker": "Work on jobs, beside the web.",
        "beat": "Ring for what is due, and for what comes by itself.",
        "migrate": "Bring the database to the revision of this version.",
    }
)
INTERNAL = "fairway: internal error: {}; a fault of Fairway, please report it (" + DEBUG + "=1 shows where it happened)"


class Commands(click.Group):
    """Subcommands, each in a module of its name."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """The names, in the order in which a newcomer needs them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import the command; None for a name that is none."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"bot.command_line.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="fairway", message="%(prog)s %(version)s")
def cli() -> None:
    """Triage for model competitions: what is missing, what the logs really say, what needs a person.

    Exit codes: 0 done (for `check`: clear), 1 findings at or above the asked level, 2 wrong usage or
    unreadable input, 3 internal error.
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and leave the process with its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal that lacks a character is no error
    try:
        code = run(sys.argv[1:] if arguments is None else arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read our output has seen enough. Python would complain when it flushes the rest at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = CLOSED_PIPE
    sys.exit(code)


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code; what went wrong stands on standard error."""
    try:
        with cli.make_context("fairway", list(arguments)) as context:
            result = cli.invoke(context)
    except click.exceptions.Exit as leaving:
        return leaving.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return MISUSED
    except click.ClickException as error:
        click.echo(_complaint(error), err=True)
        return MISUSED
    except (click.Abort, KeyboardInterrupt):
        click.echo("fairway: interrupted", err=True)
        return INTERRUPTED
    except BrokenPipeError:
        raise
    except Exception as error:  # the last line of defence: a traceback helps no user
        return _fault(error)
    return result if isinstance(result, int) else DONE


def _complaint(error: click.ClickException) -> str:
    """What is wrong, and where help is; the text may quote a participant's file."""
    from rules.report.escape import visible

    lines = [visible(line.strip()) for line in error.format_message().splitlines() if line.strip()]
    if not isinstance(error, click.UsageError) or error.ctx is None:
        return "\n".join(f"fairway: {line}" for line in lines)
    path = error.ctx.command_path
    return f"{path}: {' '.join(lines)} (see `{path} --help`)"


def _fault(error: Exception) -> int:
    from rules.report.escape import cut

    if os.environ.get(DEBUG):
        traceback.print_exc()
    click.echo(INTERNAL.format(cut(f"{type(error).__name__}: {error}", 300)), err=True)
    return FAULT


if __name__ == "__main__":
    main()
