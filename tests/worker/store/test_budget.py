from __future__ import annotations

import threading
from datetime import date
from uuid import uuid4

import pytest
from sqlalchemy import select

from tests.worker.rows import REPOSITORY, add_repository
from worker.store import budget
from worker.store.budget import Accounts, Amount, OverBudgetError
from worker.store.models import Budget
from worker.store.session import SessionScope

TODAY = date(2026, 5, 1)
LIMITS = {budget.DAY: Amount(1000, 5000), budget.AUTHOR: Amount(600), budget.SUBMISSION: Amount(10_000)}
WITHOUT_MONEY = {kind: Amount(one.seconds, budget.NO_LIMIT) for kind, one in LIMITS.items()}


@pytest.fixture
def known(scope: SessionScope) -> SessionScope:
    with scope() as session:
        add_repository(session)
    return scope


def accounts(author: int = 1) -> Accounts:
    return Accounts(REPOSITORY, author, uuid4(), TODAY)


def totals(scope: SessionScope, kind: str) -> list[tuple[int, int, int, int]]:
    with scope() as session:
        found = session.scalars(select(Budget).where(Budget.account.startswith(kind)).order_by(Budget.account))
        return [(one.reserved_seconds, one.spent_seconds, one.reserved_mills, one.spent_mills) for one in found]


def test_what_is_reserved_is_booked_as_it_was_used_or_given_back(known: SessionScope) -> None:
    ran, never = accounts(), accounts()
    with known() as session:
        budget.reserve(session, ran, Amount(200, 50), WITHOUT_MONEY)
        budget.reserve(session, never, Amount(300, 70), WITHOUT_MONEY)
    assert totals(known, "day") == totals(known, "author") == [(500, 0, 120, 0)]
    with known() as session:
        budget.settle(session, ran, Amount(200, 50), Amount(120, 30))
        budget.settle(session, never, Amount(300, 70), Amount(0))
    assert totals(known, "day") == totals(known, "author") == [(0, 120, 0, 30)]
    assert sorted(totals(known, "submission")) == [(0, 0, 0, 0), (0, 120, 0, 30)]


def test_an_account_without_a_limit_takes_anything(known: SessionScope) -> None:
    with known() as session:
        budget.reserve(session, accounts(), Amount(10**9, 10**9), {})
    assert totals(known, "day") == totals(known, "author") == [(10**9, 0, 10**9, 0)]


@pytest.mark.parametrize(
    ("amount", "kind", "left"),
    [
        (Amount(1001), "day", Amount(1000, 5000)),
        (Amount(601), "author", Amount(600, budget.NO_LIMIT)),
        (Amount(10, 5001), "day", Amount(1000, 5000)),
    ],
)
def test_what_one_account_has_not_left_is_reserved_on_none(
    known: SessionScope, amount: Amount, kind: str, left: Amount
) -> None:
    limits = {**LIMITS, "author": Amount(600, budget.NO_LIMIT), "submission": Amount(10_000, budget.NO_LIMIT)}
    with known() as session, pytest.raises(OverBudgetError) as told:
        budget.reserve(session, accounts(), amount, limits)
    assert (told.value.kind, told.value.left) == (kind, left)
    assert {row for kind in ("day", "author", "submission") for row in totals(known, kind)} <= {(0, 0, 0, 0)}


def test_many_at_once_never_reserve_more_than_there_is(known: SessionScope) -> None:
    started, faults, refused = threading.Barrier(8), list[BaseException](), list[str]()

    def spend(author: int) -> None:
        started.wait()
        for _ in range(12):
            try:
                with known() as session:
                    budget.reserve(session, accounts(author), Amount(30), WITHOUT_MONEY)
            except OverBudgetError as error:
                refused.append(error.kind)
            except BaseException as error:
                faults.append(error)

    threads = [threading.Thread(target=spend, args=(number % 4,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    [(reserved, *_)] = totals(known, "day")
    assert reserved == 990  # thirty-three times thirty of a thousand, and not one time more
    assert len(refused) == 8 * 12 - 33
    assert sum(row[0] for row in totals(known, "author")) == 990
    assert all(row[0] <= 600 for row in totals(known, "author"))
