"""The self-test of this machine's sandbox, told attack by attack, and what follows where it does not hold."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from evaluator.sandbox.doctor import Report, Tried
    from worker.settings import Settings

DETAIL = 200  # characters


def examined(*, aside: bool, denied_too: bool = True) -> Report:
    """Try to break out with the operator's settings, and print what was tried; failures alone unless `denied_too`."""
    from bot.command_line import output
    from evaluator.sandbox.doctor import examine_here
    from rules.report.escape import cut

    page = output.page(aside=aside)

    def told(tried: Tried) -> None:
        if tried.denied and not denied_too:
            return
        held = "denied" if tried.denied else "FAILED"
        more = "" if tried.detail == "denied" else f"  ({cut(tried.detail, DETAIL)})"
        page.print(f"{held:7} {tried.name:15} {tried.seconds:5.2f} s  {tried.what}{more}")

    report = examine_here(told)
    for missing in report.missing:
        page.print(f"missing: {missing}")
    page.print(f"The sandbox ({report.mechanism}) {_outcome(report)}.")
    sys.stdout.flush()
    return report


def may_run(settings: Settings, *, denied_too: bool) -> bool:
    """Whether this machine may take runs. Where not, the queue is told why, and so is the operator."""
    from worker.reproduction import fitness, presence

    if not fitness.is_sandboxed_here(settings):
        return True
    refusal = fitness.refusal(examined(aside=True, denied_too=denied_too))
    if refusal is None:
        return True
    presence.tell(settings, refusal)
    click.echo(f"fairway: {refusal}", err=True)
    return False


def _outcome(report: Report) -> str:
    if report.holds:
        return "holds"
    if not report.attacks:
        return "does not work here"
    return f"does not hold: {sum(not tried.denied for tried in report.attacks)} got through"
