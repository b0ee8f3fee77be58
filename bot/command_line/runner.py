"""`fairway runner`: the machine that makes runs, tested before it does."""

from __future__ import annotations

import click

from bot.command_line import options
from bot.command_line.codes import DONE, MISUSED

GPU_QUEUE = "gpu"


@click.group("runner")
def command() -> None:
    """Test this machine's sandbox, or work on the queue of runs."""


@command.command("doctor")
@options.json_file
def doctor(json_file: str | None) -> int:
    """Try to break out of the sandbox, and print what was denied.

    Every attack is run as a submission would be. Exits with 0 when all are denied, and with 2 when something gets
    through or no sandbox works here; then it says what is missing.
    """
    from bot.command_line import output
    from bot.command_line.fitness import examined

    report = examined(aside=json_file == options.STDOUT)
    output.write_json(json_file, report.as_json())
    return DONE if report.holds else MISUSED


@command.command("serve")
@click.option("--check", is_flag=True, help="Start nothing; tell whether the runner on this machine lives.")
@click.option("--verbose", is_flag=True, help="Log more.")
def serve(check: bool, verbose: bool) -> int:
    """Test the sandbox, then work on the queue of runs until a signal comes.

    One run at a time. Refuses with exit code 2 where the sandbox does not hold.
    """
    from bot.command_line import deployment, logs
    from bot.command_line.fitness import may_run
    from bot.command_line.worker import tell
    from worker.pulse import Pulse

    pulse = Pulse(f"worker-{GPU_QUEUE}")
    if check:
        return tell(pulse.fault())
    settings = deployment.deployed_settings("runner serve")
    deployment.require_app(settings)
    if not may_run(settings, denied_too=True):
        return MISUSED
    logs.set_up(settings, verbose=verbose)
    from worker.process import run_worker

    return run_worker(settings, queues=[GPU_QUEUE], concurrency=1, pulse=pulse)
