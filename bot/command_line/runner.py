"""`fairway runner`: the machine that makes runs, tested before it does."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from bot.command_line import options
from bot.command_line.codes import DONE, MISUSED

if TYPE_CHECKING:
    from evaluator.sandbox.doctor import Report, Tried

GPU_QUEUE = "gpu"
REFUSED = "fairway: the sandbox of this machine does not hold; no submission is run here"
FIRST = "no FAIRWAY_RUNNER is named: set it to local, kubernetes or skypilot"
LOCAL = ("", "local")


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
    from bot.command_line.worker import tell
    from worker.pulse import Pulse

    pulse = Pulse(f"worker-{GPU_QUEUE}")
    if check:
        return tell(pulse.fault())
    settings = deployment.deployed_settings("runner serve")
    deployment.require_app(settings)
    if os.environ.get("FAIRWAY_RUNNER", "") in LOCAL:  # elsewhere the machine that runs is another one
        report = examined(aside=True)
        if not report.holds:
            from worker.reproduction import presence

            presence.tell(settings, REFUSED.partition(": ")[2])
            click.echo(REFUSED, err=True)
            return MISUSED
    logs.set_up(settings, verbose=verbose)
    from worker.process import run_worker

    return run_worker(settings, queues=[GPU_QUEUE], concurrency=1, pulse=pulse)


def examined(*, aside: bool) -> Report:
    """The self-test with the operator's settings, told attack by attack."""
    from bot.command_line import output
    from evaluator.sandbox import settings_of
    from evaluator.sandbox.doctor import examine
    from rules.report.escape import cut

    page = output.page(aside=aside)

    def told(tried: Tried) -> None:
        held = "denied" if tried.denied else "FAILED"
        more = "" if tried.detail == "denied" else f"  ({cut(tried.detail, 200)})"
        page.print(f"{held:7} {tried.name:15} {tried.seconds:5.2f} s  {tried.what}{more}")

    report = examine(lambda: settings_of(os.environ).executor(), told=told)
    for missing in report.missing:
        page.print(f"missing: {missing}")
    failed = sum(not tried.denied for tried in report.attacks)
    outcome = (
        "holds"
        if report.holds
        else "does not work here"
        if not report.attacks
        else f"does not hold: {failed} got through"
    )
    page.print(f"The sandbox ({report.mechanism}) {outcome}.")
    sys.stdout.flush()
    return report
