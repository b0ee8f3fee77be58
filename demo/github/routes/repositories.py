"""Repositories and who may do what in them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.responses import Response

from demo.github.access import Within, reads
from demo.github.answers import ApiError, answer
from demo.github.shapes import accounts, repositories
from demo.github.values import ROLES

router = APIRouter()
Reading = Annotated[Within, Depends(reads("metadata"))]


@router.get("/repos/{owner}/{repo}")
async def show(on: Reading) -> Response:
    """A repository."""
    return answer(repositories.full(on.state, on.repository))


@router.get("/repos/{owner}/{repo}/collaborators/{username}/permission")
async def permission(on: Reading, username: str) -> Response:
    """What somebody may do now. Anybody may read a public repository."""
    account = on.state.accounts.get(username.lower())
    if account is None:
        raise ApiError(404, f"{username} is not a user")
    role = on.repository.collaborators.get(account.id, "none" if on.repository.private else "read")
    role = "admin" if account is on.repository.owner else role
    rights = {
        "admin": role == "admin",
        "maintain": role in ("admin", "maintain"),
        "push": ROLES[role] in ("admin", "write"),
        "triage": role not in ("read", "none"),
        "pull": role != "none",
    }
    shape = {**accounts.user(on.state, account), "permissions": rights, "role_name": role}
    return answer({"permission": ROLES[role], "role_name": role, "user": shape})
