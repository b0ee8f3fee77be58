"""`fairway beat`: ring for what is due, and for what comes by itself."""

from __future__ import annotations

import click

from bot.command_line.codes import DONE


@click.command("beat")
@click.option("--check", is_flag=True, help="Start nothing; tell whether the beat on this machine lives.")
@click.option("--verbose", is_flag=True, help="Log more.")
def command(check: bool, verbose: bool) -> int:
    """Announce due jobs to the workers, and the periodic tasks: sweep, recover, purge.

    One is enough. A second one does no harm: whatever is announced twice is done once.
    """
    from bot.command_line import deployment, logs
    from bot.command_line.worker import tell
    from worker.pulse import Pulse

    pulse = Pulse("beat")
    if check:
        return tell(pulse.fault())
    settings = deployment.deployed_settings("beat")
    logs.set_up(settings, verbose=verbose)
    from bot.command_line.signals import until_told
    from worker.ringing import run_beat

    run_beat(settings, until_told(), pulse)
    return DONE
