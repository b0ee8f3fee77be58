"""`fairway canary`: a submission on validation tokens that nothing can predict."""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.command_line import options
from bot.command_line.codes import DONE, FOUND

if TYPE_CHECKING:
    from evaluator.evidence import ProbeResult


@click.command("canary")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--data",
    required=True,
    metavar="DIR",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder with the competition's shards and tokenizer, for the format and the vocabulary.",
)
@click.option(
    "--tokenizer",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The SentencePiece model.  [default: the only one in DIR or below]",
)
@click.option("--entry", metavar="NAME", help="Script to run.  [default: the competition's, `train_gpt.py`]")
@click.option("--tokens", default=32_768, show_default=True, type=click.IntRange(1_024, 1 << 22), help="Scored tokens.")
@click.option("--iterations", default=60, show_default=True, type=click.IntRange(1), help="Training steps.")
@click.option("--timeout", default=120.0, show_default=True, type=click.FloatRange(1), help="Seconds of the whole run.")
@click.option("--gpus", default=0, show_default=True, type=click.IntRange(0, 8), help="GPUs that it may use.")
@options.competition
@options.json_file
def command(
    folder: Path,
    data: Path,
    tokenizer: Path | None,
    entry: str | None,
    tokens: int,
    iterations: int,
    timeout: float,
    gpus: int,
    competition: str | None,
    json_file: str | None,
) -> int:
    """Run the incompressible canary on a submission folder.

    The submission is trained briefly and scored on tokens drawn uniformly at random, in a sandbox without network.
    Scoring below chance is a proof that something leaked or was miscounted; the printed bits per byte is held against
    the bytes that we count as well. Exits with 1 when that is shown, with 0
    when it is not shown or could not be run, and with 2 where there is no working sandbox.
    """
    from bot.command_line import inputs, output
    from evaluator import probes
    from evaluator.execution import Limits, UnavailableError
    from evaluator.sandbox import settings_of

    with inputs.readable():
        rules = inputs.competition(competition)
    script = entry or rules.files.script
    if not (folder / script).is_file():
        raise click.UsageError(f"{str(folder)!r} holds no {script!r}; name the script with --entry")
    settings = probes.Settings(
        seed=secrets.randbits(64),  # the submission must not know it
        tokens=tokens,
        iterations=iterations,
        train_seconds=timeout / 2,
        limits=Limits(wall_seconds=timeout, memory_bytes=8 << 30),
        gpus=tuple(range(gpus)),
    )
    try:
        transforms = rules.fingerprints.transforms_text(data.name, "" if tokenizer is None else tokenizer.name)
        found = probes.find(data, tokenizer=tokenizer, transforms_text=transforms)
        trials = probes.Trials(folder, script, found, settings_of(os.environ).executor(), settings, heard=_told)
        result = shown_of(list(probes.run(trials, ["canary", "bytes"])))
    except probes.DataError as error:
        raise click.UsageError(str(error)) from None
    except UnavailableError as error:
        raise click.ClickException(f"there is no working sandbox, and nothing is run without one: {error}") from None
    except probes.InfrastructureError as error:
        raise click.ClickException(f"the run failed by a fault of this machine: {error}") from None
    output.write_json(json_file, entry_of(result))
    if json_file != options.STDOUT:
        click.echo(f"{result.result}: {result.sentence or result.reason}")
    return FOUND if result.result == "violated" else DONE


def shown_of(results: Sequence[ProbeResult]) -> ProbeResult:
    """Of the loss and of the printed bits per byte on one run: what shows something, else the loss."""
    return next((one for one in results if one.result == "violated"), results[0])


def entry_of(result: ProbeResult) -> dict[str, object]:
    """The result as other tools read it."""
    return {
        "result": result.result.value,
        "ln_e": result.ln_e,
        "nats_per_token": result.nats_per_token,
        "tokens": result.tokens,
        "vocab_size": result.vocab_size,
        "alpha": result.alpha,
        "reason": result.reason or result.sentence,
    }


def _told(what: str) -> None:
    click.echo(f"fairway: {what}", err=True)
