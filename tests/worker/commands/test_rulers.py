from __future__ import annotations

import pytest

from rules.competition import Competition, Rulers, builtin
from tests.worker.rows import REPOSITORY, add_repository, add_submission
from worker.clients.gateway import Gateway, Repo
from worker.commands.rulers import may_rule
from worker.store import rulings
from worker.store.models import Outcome
from worker.store.session import SessionScope

REPO = Repo(REPOSITORY, "thimble/sprint", 31)


class Roles:
    """GitHub, as far as it tells who may do what."""

    def __init__(self, **roles: tuple[int, str]) -> None:
        self.roles = roles

    def permission(self, _repo: Repo, login: str, *, user_id: int | None = None) -> str:
        account, role = self.roles.get(login.lower(), (0, "none"))
        return role if account == user_id else "none"


def competition(*users: str | int) -> Competition:
    return builtin().model_copy(update={"rulers": Rulers(permissions=("maintain", "admin"), users=users)})


def rules(scope: SessionScope, roles: Roles, named: Competition, login: str, user_id: int) -> bool:
    gateway: Gateway = roles  # type: ignore[assignment]
    return may_rule(gateway, scope, REPO, named, login, user_id)


@pytest.fixture
def known(scope: SessionScope) -> SessionScope:
    with scope() as session:
        add_repository(session)
    return scope


@pytest.mark.parametrize(
    ("role", "allowed"),
    [("admin", True), ("maintain", True), ("write", False), ("triage", False), ("read", False), ("none", False)],
)
def test_the_permission_decides(known: SessionScope, role: str, allowed: bool) -> None:
    assert rules(known, Roles(olga=(7, role)), competition(), "olga", 7) is allowed


def test_named_accounts_rule_without_that_permission(known: SessionScope) -> None:
    roles = Roles(petra=(8, "read"), quin=(9, "read"))
    assert rules(known, roles, competition("Petra"), "petra", 8)
    assert not rules(known, roles, competition("Petra"), "quin", 9)


def test_an_account_named_by_its_number_rules_under_any_login_and_no_other_does(known: SessionScope) -> None:
    roles = Roles(petra=(8, "read"), renamed=(8, "read"), quin=(9, "read"))
    assert rules(known, roles, competition(8), "petra", 8)
    assert rules(known, roles, competition(8), "renamed", 8)
    assert not rules(known, roles, competition(8), "quin", 9)
    assert not rules(known, roles, competition(8), "8", 9)
    assert not rules(known, Roles(), competition(8), "petra", 8)


def test_a_named_login_counts_only_for_the_account_that_has_it_now(known: SessionScope) -> None:
    assert not rules(known, Roles(petra=(12, "read")), competition("petra"), "petra", 8)
    assert not rules(known, Roles(), competition("petra"), "petra", 8)


def test_a_named_login_that_another_account_ruled_under_before_rules_no_more(known: SessionScope) -> None:
    with known() as session:
        submission_id = add_submission(session, 12)
        rulings.record(session, submission_id, Outcome.ACCEPTED, ruler="petra", ruler_id=8, origin="test")
    assert rules(known, Roles(petra=(8, "read")), competition("petra"), "petra", 8)
    assert not rules(known, Roles(petra=(12, "read")), competition("petra"), "petra", 12)
    assert rules(known, Roles(petra=(12, "admin")), competition("petra"), "petra", 12)
