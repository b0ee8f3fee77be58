"""Hand out one triage, as `triage` and `check` do."""

from __future__ import annotations

import sys

from bot.command_line import output
from bot.command_line.codes import DONE, FOUND
from bot.command_line.options import STDOUT
from rules.competition import Competition
from rules.report.console import print_report
from rules.report.contract import entry
from rules.report.markdown import render
from rules.rule import Severity
from worker.triage import Timed


def deliver(
    timed: Timed, competition: Competition, *, json_file: str | None, markdown: bool, fail_on: str | None
) -> int:
    """Write the JSON where one is asked for, print the report unless it would disturb that, return the exit code."""
    triage = timed.triage
    output.write_json(json_file, entry(triage, timed.seconds))
    if json_file != STDOUT:
        if markdown:
            sys.stdout.write(render(triage, competition))
        else:
            print_report(triage, competition, output.page())
    level = None if fail_on is None else Severity(fail_on).rank
    return FOUND if level is not None and any(f.severity.rank >= level for f in triage.findings) else DONE
