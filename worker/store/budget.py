"""What runs may cost: reserved before they start, spent when they end, given back when they never ran.

Each run is charged to three accounts of its repository: the day (UTC), the author and the submission. Seconds are GPU
seconds (seconds of the machine for a run without one), mills thousandths of the competition's currency; both whole, so
that sums are exact.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, literal, select, update
from sqlalchemy.orm import Session

from worker.store.models import Budget, Run
from worker.store.repositories import insert_new
from worker.store.types import now_plus

DAY, AUTHOR, SUBMISSION = "day", "author", "submission"
NO_LIMIT = 2**53


@dataclass(frozen=True, slots=True)
class Amount:
    """GPU seconds and mills."""

    seconds: int
    mills: int = 0


@dataclass(frozen=True, slots=True)
class Accounts:
    """Who is charged for a run."""

    repository_id: int
    author_id: int
    submission_id: UUID
    day: date

    @property
    def names(self) -> dict[str, str]:
        """Kind → name in the table."""
        return {
            DAY: f"{DAY} {self.day.isoformat()}",
            AUTHOR: f"{AUTHOR} {self.author_id}",
            SUBMISSION: f"{SUBMISSION} {self.submission_id}",
        }


class OverBudgetError(Exception):
    """It would cost more than an account has left. `kind` names the account."""

    def __init__(self, kind: str, left: Amount) -> None:
        super().__init__(kind)
        self.kind, self.left = kind, left


def today(session: Session) -> date:
    """The database's day, in UTC."""
    return session.scalars(select(now_plus())).one().date()


def reserve(session: Session, accounts: Accounts, amount: Amount, limits: Mapping[str, Amount]) -> None:
    """Reserve on all three accounts or on none, by one statement that looks at each row's limit as it writes it.

    Whoever else reserves meanwhile waits for the rows, which are locked in one order. Raises OverBudgetError, and then
    nothing is reserved. An account that `limits` does not name has none.
    """
    names = accounts.names
    for name in names.values():
        new = {"repository_id": accounts.repository_id, "account": name}
        insert_new(session, Budget, ["repository_id", "account"], new | dict.fromkeys(_COLUMNS, 0))
    mine = _mine(accounts)
    before = session.scalars(select(Budget).where(mine).order_by(Budget.account).with_for_update()).all()
    seconds = _limit(names, {kind: limit.seconds for kind, limit in limits.items()})
    mills = _limit(names, {kind: limit.mills for kind, limit in limits.items()})
    with session.begin_nested() as savepoint:
        statement = (
            update(Budget)
            .where(mine)
            .where(Budget.reserved_seconds + Budget.spent_seconds + amount.seconds <= seconds)
            .where(Budget.reserved_mills + Budget.spent_mills + amount.mills <= mills)
            .values(
                reserved_seconds=Budget.reserved_seconds + amount.seconds,
                reserved_mills=Budget.reserved_mills + amount.mills,
            )
            .returning(Budget.account)
        )
        reserved = set(session.scalars(statement.execution_options(synchronize_session=False)))
        if len(reserved) == len(names):
            return
        savepoint.rollback()
    kind = next(kind for kind, name in names.items() if name not in reserved)
    row = next(one for one in before if one.account == names[kind])
    limit = limits[kind]
    spent = Amount(row.reserved_seconds + row.spent_seconds, row.reserved_mills + row.spent_mills)
    raise OverBudgetError(kind, Amount(max(0, limit.seconds - spent.seconds), max(0, limit.mills - spent.mills)))


def settle(session: Session, accounts: Accounts, reserved: Amount, spent: Amount) -> None:
    """Take a reservation away and book what was used instead; nothing for a run that never ran.

    The caller sees to it that this happens once for each reservation, in the transaction that ends the run.
    """
    session.scalars(select(Budget.id).where(_mine(accounts)).order_by(Budget.account).with_for_update()).all()
    statement = (
        update(Budget)
        .where(_mine(accounts))
        .values(
            reserved_seconds=Budget.reserved_seconds - reserved.seconds,
            reserved_mills=Budget.reserved_mills - reserved.mills,
            spent_seconds=Budget.spent_seconds + spent.seconds,
            spent_mills=Budget.spent_mills + spent.mills,
        )
    )
    session.execute(statement.execution_options(synchronize_session=False))


def days(session: Session, repository_id: int, *, limit: int = 30) -> Sequence[Budget]:
    """What was reserved and spent on each day, newest first."""
    of_days = Budget.account.startswith(f"{DAY} ")
    statement = select(Budget).where(Budget.repository_id == repository_id, of_days)
    return session.scalars(statement.order_by(Budget.account.desc()).limit(limit)).all()


def reserved_by(run: Run) -> Amount:
    """What is reserved for a run."""
    return Amount(run.reserved_seconds, run.reserved_mills)


_COLUMNS = ("reserved_seconds", "spent_seconds", "reserved_mills", "spent_mills")


def _mine(accounts: Accounts) -> ColumnElement[bool]:
    names = list(accounts.names.values())
    return and_(Budget.repository_id == accounts.repository_id, Budget.account.in_(names))


def _limit(names: Mapping[str, str], limits: Mapping[str, int]) -> ColumnElement[int]:
    cases = [(Budget.account == names[kind], most) for kind, most in limits.items()]
    return case(*cases, else_=NO_LIMIT) if cases else literal(NO_LIMIT)
