"""`fairway reproduce`: a submission folder, run in a sandbox and measured."""

from __future__ import annotations

import shlex
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.command_line import options
from bot.command_line.codes import DONE, FAULT, FOUND

if TYPE_CHECKING:
    from evaluator.evidence import Evidence

RUNGS = ("smoke", "probe", "seed", "full")
NO_SANDBOX = "there is no working sandbox, and nothing is run without one: {} (see `fairway runner doctor`)"
GIB = 1 << 30


@click.command("reproduce")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--data",
    required=True,
    metavar="DIR",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder with the competition's shards and tokenizer.",
)
@click.option("--rung", type=click.Choice(RUNGS), default="seed", show_default=True, help="How far to climb.")
@click.option("--only", is_flag=True, help="Only that step, without those before.")
@click.option("--probe", "names", multiple=True, metavar="NAME", help="A probe of the second step; may be repeated.")
@click.option("--second-slice", default="", metavar="NAME", help="Folder below DIR with other text to score.")
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), metavar="N", help="Of the run.  [default: drawn]")
@click.option("--gpus", type=click.IntRange(0, 64), default=0, show_default=True, metavar="N", help="GPUs to use.")
@click.option(
    "--command", "words", metavar="WORDS", help="What runs, {script} for the script.  [default: python, or torchrun]"
)
@click.option("--tolerance", type=click.FloatRange(min=0), default=0.0, metavar="X", help="On the score's claim.")
@click.option("--timeout", type=click.FloatRange(min=1), metavar="SECONDS", help="Of each run, in all.")
@click.option(
    "--memory", type=click.FloatRange(min=0.1), default=16.0, show_default=True, metavar="GIB", help="Of a run."
)
@options.competition
@options.json_file
def command(
    folder: Path,
    data: Path,
    rung: str,
    only: bool,
    names: tuple[str, ...],
    second_slice: str,
    seed: int | None,
    gpus: int,
    words: str | None,
    tolerance: float,
    timeout: float | None,
    memory: float,
    competition: str | None,
    json_file: str | None,
) -> int:
    """Run a submission in the sandbox, step by step, and compare its claim with what was measured.

    The steps are smoke (three training steps on generated data), probe (proof by arithmetic), seed (one full run) and
    full (as many as the track asks for); each needs the one before. Exits with 0 when all was reproduced, with 1 when
    something differs, failed or was shown, with 2 where nothing can be run, and with 3 when this machine failed.
    """
    from bot.command_line import inputs, output
    from bot.command_line.reproduction import climbed, steps, table
    from evaluator.execution import UnavailableError
    from evaluator.reproduce import Machine
    from evaluator.reproduction.folder import Asked, FolderError, FolderInputs
    from evaluator.request import Rung
    from evaluator.sandbox import settings_of
    from worker.triage import read_folder

    _check_probes(names)
    wanted = _words(words)
    with inputs.readable():
        chosen = inputs.competition(competition)
        submission = read_folder(folder, chosen)
    asked = Asked(
        Rung(rung),
        seed=seed,
        gpus=gpus,
        command=wanted,
        tolerance=tolerance,
        memory_bytes=int(memory * GIB),
        seconds=timeout,
        second_slice=second_slice,
        transforms_text=chosen.fingerprints.transforms_text(data.name),
    )
    try:
        import os

        settings = settings_of(os.environ)
        files = FolderInputs.of(folder)
        with tempfile.TemporaryDirectory(prefix="fairway-reproduce-") as scratch:
            machine = Machine(settings.executor(), data.absolute(), Path(scratch) / "run", python=settings.interpreter)
            requests = steps(files, submission, chosen, asked, only=only)
            records = list(climbed(requests, files, machine, names))
    except FolderError as error:
        raise click.UsageError(str(error)) from None
    except UnavailableError as error:
        raise click.ClickException(NO_SANDBOX.format(error)) from None
    output.write_json(json_file, {"folder": str(folder), "runs": [record.as_json() for record in records]})
    table(records, aside=json_file == options.STDOUT)
    return exit_code(records)


def exit_code(records: list[Evidence]) -> int:
    """The worst of all runs."""
    from evaluator.evidence import ProbeOutcome, RunVerdict

    if any(record.infrastructure for record in records):
        return FAULT
    shown = any(probe.result is ProbeOutcome.VIOLATED for record in records for probe in record.probes)
    return DONE if not shown and all(record.verdict is RunVerdict.REPRODUCED for record in records) else FOUND


def _words(given: str | None) -> tuple[str, ...]:
    try:
        return tuple(shlex.split(given or ""))
    except ValueError as error:
        raise click.BadParameter(f"{given!r} cannot be split into words: {error}", param_hint="--command") from None


def _check_probes(names: tuple[str, ...]) -> None:
    from evaluator.probes import PROBES

    unknown = [name for name in names if name not in PROBES]
    if unknown:
        raise click.BadParameter(f"no probe named {unknown[0]!r}; there are {', '.join(PROBES)}", param_hint="--probe")
