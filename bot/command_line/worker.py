"""`fairway worker`: work on jobs, beside the web."""

from __future__ import annotations

import click

from bot.command_line.codes import DONE, FOUND, MISUSED

GPU = "gpu"


@click.command("worker")
@click.option("--concurrency", type=click.IntRange(1, 64), metavar="N", help="Jobs at a time. [FAIRWAY_CONCURRENCY]")
@click.option(
    "--queue",
    type=click.Choice(["fairway", GPU]),
    default="fairway",
    show_default=True,
    help="What to work on; gpu is for reproduction.",
)
@click.option("--check", is_flag=True, help="Start nothing; tell whether the worker on this machine lives.")
@click.option("--verbose", is_flag=True, help="Log more.")
def command(concurrency: int | None, queue: str, check: bool, verbose: bool) -> int:
    """Work on jobs until a signal comes.

    TERM lets the jobs that run finish; what is killed is taken up by another worker. With --queue gpu the sandbox is
    tested first; where it does not hold, nothing is taken up and the exit code is 2.
    """
    from bot.command_line import deployment, fitness, logs
    from worker.pulse import Pulse

    pulse = Pulse(f"worker-{queue}")
    if check:
        return tell(pulse.fault())
    settings = deployment.deployed_settings("worker")
    deployment.require_app(settings)
    logs.set_up(settings, verbose=verbose)
    if queue == GPU and not fitness.may_run(settings, denied_too=False):
        return MISUSED
    from worker.process import run_worker

    return run_worker(settings, queues=[queue], concurrency=concurrency or settings.concurrency, pulse=pulse)


def tell(fault: str | None) -> int:
    """Print how a process is."""
    click.echo("alive" if fault is None else fault, err=fault is not None)
    return DONE if fault is None else FOUND
