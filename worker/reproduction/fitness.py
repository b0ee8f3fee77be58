"""Whether this machine may make runs itself: its sandbox is tried before any run is taken, by the whole self-test."""

from __future__ import annotations

from evaluator.sandbox.doctor import Report
from worker.reproduction.runners import LOCAL
from worker.settings import Settings

UNFIT = "the sandbox of this machine does not hold, no submission is run here: {}"
SHOWN, DETAIL = 3, 60  # attacks, characters of each


def is_sandboxed_here(settings: Settings) -> bool:
    """Whether runs are made on this machine; where another makes them its own runner answers for the sandbox."""
    return settings.runner in (None, "", LOCAL)


def refusal(report: Report) -> str | None:
    """Why nothing may be run here, in a line for the queue; None where the sandbox holds."""
    if report.holds:
        return None
    failed = [f"{one.name} ({one.detail[:DETAIL]})" for one in report.attacks if not one.denied]
    more = [f"{len(failed) - SHOWN} more"] if len(failed) > SHOWN else []
    return UNFIT.format("; ".join([*report.missing[:SHOWN], *failed[:SHOWN], *more]) or "nothing was tried")
