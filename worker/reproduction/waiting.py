"""Why a run does not run yet, in words; and what a log says, made fit for a row."""

from __future__ import annotations

import math
import re
from typing import Protocol

from rules.competition import Competition
from worker.store import budget
from worker.store.budget import Amount, OverBudgetError

NO_RUNNER = "no runner is set up: FAIRWAY_RUNNER of the worker is empty"
NOT_WANTED = "no runner is set up for this competition: its configuration names none under [reproduction]"
OTHER = "the competition asks for the runner {!r}; the machine {} offers {!r}"
REFUSED = "the runner {!r} on the machine {} did not take it: {}"
BUSY = "it waits for a machine: each does one run at a time"
OVER = "it waits for budget: it may take {} and the {} has {} left"
PAUSED = "attempt {} of {} begins at {:%H:%M:%S} UTC, after a fault of ours"
FORGOTTEN = "the runner knows nothing of it any more"
UNWATCHED = "nobody could look after it for {:.0f} s: its machine or its worker is away"
NOBODY = "no machine of a `fairway worker --queue gpu` was heard of{}"

ACCOUNTS = {budget.DAY: "day", budget.AUTHOR: "author", budget.SUBMISSION: "submission"}
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


class Named(Protocol):
    """A runner, as far as its name."""

    @property
    def name(self) -> str: ...


def unusable(competition: Competition, runner: Named | None, fault: str | None, machine: str) -> str | None:
    """Why this machine cannot take runs of a competition; None where it can."""
    wanted = competition.reproduction.runner
    if not competition.reproduction.runs:
        return NOT_WANTED
    if fault is not None:
        return REFUSED.format(wanted, machine, fault)
    if runner is None:
        return NO_RUNNER
    return None if runner.name == wanted else OTHER.format(wanted, machine, runner.name)


def refused(runner: str, machine: str, fault: str) -> str:
    """A runner that does not start anything."""
    return REFUSED.format(runner, machine, plain(fault, 600))


def over_budget(error: OverBudgetError, amount: Amount) -> str:
    """Which account has too little left."""
    short_of_money = error.left.seconds >= amount.seconds
    needs, left = (_money(amount), _money(error.left)) if short_of_money else (_minutes(amount), _minutes(error.left))
    return OVER.format(needs, ACCOUNTS[error.kind], left)


def plain(text: str, most: int) -> str:
    """One line without control characters, which a database may refuse; cut."""
    return _CONTROL.sub(" ", text)[:most]


def finite(value: float | None) -> float | None:
    """A number that JSON can carry."""
    return value if value is not None and math.isfinite(value) else None


def _minutes(amount: Amount) -> str:
    return f"{amount.seconds / 60:,.0f} GPU minutes"


def _money(amount: Amount) -> str:
    return f"{amount.mills / 1000:,.2f} of its money"
