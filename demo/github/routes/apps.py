"""The App: its installations, their tokens, its webhook's deliveries."""

from __future__ import annotations

import string
from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.responses import Response

from demo.github.access import LEVELS, Asking, as_app, as_installation
from demo.github.answers import ApiError, answer, link_header, not_found, number_of, page
from demo.github.shapes import accounts, repositories
from demo.github.state import GitHubState
from demo.github.values import Installation, Json, Token

TOKEN_LIFE = timedelta(hours=1)
NOT_GRANTED = "The permissions requested are not granted to this installation."
NOT_COVERED = "There is at least one repository that does not exist or is not accessible to the parent installation."
_ALPHABET = string.ascii_letters + string.digits

router = APIRouter()
AsApp = Annotated[Asking, Depends(as_app)]
AsInstallation = Annotated[Asking, Depends(as_installation)]


@router.get("/app")
async def show_app(on: AsApp) -> Response:
    """The App."""
    return answer(accounts.authenticated_app(on.state))


@router.get("/app/installations")
async def list_installations(on: AsApp) -> Response:
    """Where the App is installed."""
    items, link = page(list(on.state.installations.values()), on.query, on.url)
    return answer([accounts.installation(on.state, made) for made in items], headers=link)


@router.get("/app/installations/{number:int}")
async def show_installation(on: AsApp, number: int) -> Response:
    """One installation."""
    return answer(accounts.installation(on.state, _installation(on.state, number)))


@router.get("/repos/{owner}/{repo}/installation")
async def installation_of(on: AsApp, owner: str, repo: str) -> Response:
    """The installation that covers a repository."""
    repository = on.state.repository(f"{owner}/{repo}")
    made = None if repository is None else on.state.installation_of(repository)
    if made is None:
        raise not_found()
    return answer(accounts.installation(on.state, made))


@router.post("/app/installations/{number:int}/access_tokens")
async def create_token(on: AsApp, number: int) -> Response:
    """A token for an installation, for an hour, with all that was granted or less."""
    made = _installation(on.state, number)
    if made.suspended_at is not None:
        raise ApiError(403, "This installation has been suspended")
    narrowed = "repository_ids" in on.body or "repositories" in on.body
    covered = _repositories(on.state, made, on.body) if narrowed else made.repository_ids
    permissions = _permissions(made, on.body.get("permissions"))
    value = "ghs_" + "".join(on.state.random.choices(_ALPHABET, k=36))
    token = Token(value, made.id, permissions, frozenset(covered), on.state.now() + TOKEN_LIFE)
    on.state.tokens[value] = token
    body: Json = {
        "token": value,
        "expires_at": accounts.stamp(token.expires_at),
        "permissions": dict(permissions),
        "repository_selection": "selected" if narrowed else made.selection,
    }
    if narrowed:
        known = on.state.repositories
        body["repositories"] = [repositories.simple(on.state, known[one]) for one in sorted(covered)]
    return answer(body, 201)


@router.get("/installation/repositories")
async def list_repositories(on: AsInstallation) -> Response:
    """What the token covers."""
    assert on.token is not None  # as_installation answers with one
    covered = [on.state.repositories[number] for number in sorted(on.token.repository_ids)]
    items, link = page(covered, on.query, on.url)
    shapes = [repositories.simple(on.state, repository) for repository in items]
    return answer({"total_count": len(covered), "repositories": shapes}, headers=link)


@router.get("/app/hook/deliveries")
async def list_deliveries(on: AsApp) -> Response:
    """Attempts to hand over webhooks, newest first; pages are linked by a cursor."""
    found = on.state.hooks.newest_first()
    wanted = on.query.get("status")
    if wanted is not None:
        found = [delivery for delivery in found if delivery.failed == (wanted == "failure")]
    before = on.query.get("cursor", "")
    if before:
        if not before.startswith("v1_") or not before[3:].isdecimal():
            raise ApiError(422, "Invalid cursor")
        found = [delivery for delivery in found if delivery.id < int(before[3:])]
    size = min(number_of(on.query, "per_page", 30), 100)
    links = {"next": f"{on.url}?per_page={size}&cursor=v1_{found[size - 1].id}"} if len(found) > size else {}
    return answer([accounts.delivery(delivery) for delivery in found[:size]], headers=link_header(links))


@router.post("/app/hook/deliveries/{number:int}/attempts")
async def redeliver(on: AsApp, number: int) -> Response:
    """Try a delivery again."""
    if not on.state.hooks.redeliver(number):
        raise not_found()
    return answer({}, 202)


@router.get("/rate_limit")
async def show_limit(on: AsInstallation) -> Response:
    """What is left of the hour; asking costs nothing."""
    headers = on.state.meter.headers(on.exchange)
    rate: dict[str, Any] = {key: int(headers[f"x-ratelimit-{key}"]) for key in ("limit", "remaining", "used", "reset")}
    return answer({"resources": {"core": rate, "search": rate}, "rate": rate})


def _installation(state: GitHubState, number: int) -> Installation:
    made = state.installations.get(number)
    if made is None:
        raise not_found()
    return made


def _repositories(state: GitHubState, made: Installation, body: dict[str, Any]) -> set[int]:
    """The asked-for repositories, all of which the installation must cover."""
    by_name = {repository.name.lower(): repository.id for repository in state.repositories_of(made)}
    named = {by_name.get(str(name).lower(), 0) for name in body.get("repositories", [])}
    wanted = named | set(body.get("repository_ids", []))
    if not wanted or not wanted <= made.repository_ids:
        raise ApiError(422, NOT_COVERED)
    return wanted


def _permissions(made: Installation, wanted: dict[str, str] | None) -> dict[str, str]:
    """The asked-for permissions, none above what was granted."""
    if wanted is None:
        return dict(made.permissions)
    for name, level in wanted.items():
        if LEVELS.get(level, 9) > LEVELS.get(made.permissions.get(name, ""), 0):
            raise ApiError(422, NOT_GRANTED)
    return {**wanted, "metadata": "read"}
