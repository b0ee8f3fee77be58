"""Who may rule, asked of GitHub when it matters."""

from __future__ import annotations

from rules.competition import Competition
from worker.clients.gateway import Gateway, Repo
from worker.store import rulings
from worker.store.session import SessionScope

NOBODY = "none"


def may_rule(
    gateway: Gateway, scope: SessionScope, repo: Repo, competition: Competition, login: str, user_id: int
) -> bool:
    """Whether this account rules in a repository now: by its permission there, or as one that the organizers name.

    GitHub answers by login; that the login still belongs to the account is part of the question. Accounts are named in
    a file by number, or by login: a login under which another account ruled before has changed hands and rules no more.
    """
    role = gateway.permission(repo, login, user_id=user_id)
    if role in competition.rulers.permissions:
        return True
    named = {name.lower() if isinstance(name, str) else name for name in competition.rulers.users}
    if role != NOBODY and user_id in named:
        return True
    if role == NOBODY or login.lower() not in named:
        return False
    with scope() as session:
        return not rulings.ruled_as_somebody_else(session, repo.id, login, user_id)
