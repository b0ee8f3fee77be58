"""Who asks, and whether they may: the App by its own token, or an installation by its token's permissions."""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import jwt
from fastapi import Request
from jwt.types import Options

from demo.github.answers import NOT_OURS, ApiError, not_found
from demo.github.log import Exchange
from demo.github.state import GitHubState
from demo.github.values import Issue, Json, PullRequest, Repository, Token

BAD = "Bad credentials"
LONGEST_JWT_SECONDS = 600
LEVELS = {"read": 1, "write": 2, "admin": 3}
_TIMES_UNCHECKED: Options = {"verify_exp": False, "verify_iat": False, "verify_nbf": False}
_JWT = re.compile(r"[\w-]+\.[\w-]+\.[\w-]+")


@dataclass(frozen=True, slots=True)
class Asking:
    """A request with what it is allowed to see."""

    state: GitHubState
    exchange: Exchange
    token: Token | None = None

    @property
    def query(self) -> Mapping[str, str]:
        """The query's parameters."""
        return self.exchange.query

    @property
    def body(self) -> Json:
        """The body, which must be an object."""
        if self.exchange.body is None:
            return {}
        if not isinstance(self.exchange.body, dict):
            raise ApiError(400, "Body should be a JSON object")
        return self.exchange.body

    @property
    def url(self) -> str:
        """The address that was asked for, without its query."""
        return f"{self.state.url}{self.exchange.path}"

    def accepts(self, kind: str) -> bool:
        """Whether the `Accept` header asks for a media type such as `raw`."""
        accepted = self.exchange.headers.get("accept", "")
        return any(f"application/vnd.github{version}.{kind}" in accepted for version in ("", ".v3")) or (
            f"application/vnd.github.{kind}+json" in accepted
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Within(Asking):
    """A request about a repository that the token covers, with a permission that it has."""

    repository: Repository

    def pull(self, number: int) -> PullRequest:
        """The pull request, or 404."""
        found = self.repository.pulls.get(number)
        if found is None:
            raise not_found()
        return found

    def issue(self, number: int) -> Issue:
        """The issue, or 404."""
        found = self.repository.issues.get(number)
        if found is None:
            raise not_found()
        return found


def token_of(state: GitHubState, value: str) -> Token:
    """The token with this value, if it is in force."""
    token = state.tokens.get(value)
    if token is None or token.expires_at <= state.clock():
        raise ApiError(401, BAD)
    made = state.installations.get(token.installation_id)
    if made is None:
        raise ApiError(401, BAD)
    if made.suspended_at is not None:
        raise ApiError(403, "This installation has been suspended")
    return token


def basic_token(header: str) -> str | None:
    """The token of a `Basic` header, as git sends it: the password of the user `x-access-token`."""
    scheme, _, encoded = header.partition(" ")
    try:
        name, _, password = b64decode(encoded).decode().partition(":")
    except (Base64Error, UnicodeDecodeError):
        return None
    return password if scheme.lower() == "basic" and name == "x-access-token" else None


def bearer(exchange: Exchange) -> str:
    """The credentials of a request to the API. Raises ApiError where there are none."""
    scheme, _, value = exchange.headers.get("authorization", "").partition(" ")
    if scheme.lower() not in ("bearer", "token") or not value:
        raise ApiError(401, "Requires authentication")
    return value


async def as_app(request: Request) -> Asking:
    """The App itself, by a token that it signed."""
    asking = _asking(request)
    _verify(asking.state, bearer(asking.exchange))
    return asking


async def as_installation(request: Request) -> Asking:
    """An installation, whatever it may do."""
    asking = _asking(request)
    value = bearer(asking.exchange)
    if _JWT.fullmatch(value):
        raise ApiError(403, NOT_OURS)
    return Asking(asking.state, asking.exchange, token_of(asking.state, value))


def may(level: str, *permissions: str) -> Callable[..., Awaitable[Within]]:
    """A dependency: the token covers the repository and has one of the permissions at this level or above."""

    async def within(request: Request, owner: str, repo: str) -> Within:
        asking = await as_installation(request)
        token = asking.token
        assert token is not None  # as_installation answers with one
        repository = asking.state.repository(f"{owner}/{repo}")
        if repository is None or repository.id not in token.repository_ids:
            raise not_found()
        if not any(has(token, permission, level) for permission in permissions):
            wanted = "; ".join(f"{permission}={level}" for permission in permissions)
            raise ApiError(403, NOT_OURS, headers={"x-accepted-github-permissions": wanted})
        return Within(asking.state, asking.exchange, token, repository=repository)

    return within


def has(token: Token, permission: str, level: str) -> bool:
    """Whether a token has a permission; every token may read metadata."""
    held = "read" if permission == "metadata" else token.permissions.get(permission, "")
    return LEVELS.get(held, 0) >= LEVELS[level]


def reads(*permissions: str) -> Callable[..., Awaitable[Within]]:
    """A dependency: one of the permissions, at least to read."""
    return may("read", *permissions)


def writes(*permissions: str) -> Callable[..., Awaitable[Within]]:
    """A dependency: one of the permissions, to write."""
    return may("write", *permissions)


def _asking(request: Request) -> Asking:
    return Asking(request.app.state.github, request.state.exchange)


def _verify(state: GitHubState, value: str) -> None:
    """Check signature, issuer and times of the App's token, with GitHub's answers."""
    if not _JWT.fullmatch(value):
        raise ApiError(401, "A JSON web token could not be decoded")
    try:
        claims: dict[str, Any] = jwt.decode(value, state.app.public_key, algorithms=["RS256"], options=_TIMES_UNCHECKED)
    except jwt.InvalidTokenError:
        raise ApiError(401, "A JSON web token could not be decoded") from None
    now, issued, expires = state.jwt_clock().timestamp(), claims.get("iat"), claims.get("exp")
    if str(claims.get("iss")) not in (str(state.app.id), f"Iv1.{state.app.id:016x}"):
        raise ApiError(401, "'Issuer' claim ('iss') must be an Integer or a client ID")
    if not isinstance(issued, int) or issued > now + 1:
        raise ApiError(401, "'Issued at' claim ('iat') must be an Integer representing a time in the past")
    if not isinstance(expires, int) or expires <= now:
        raise ApiError(401, "'Expiration time' claim ('exp') must be a numeric value representing a future time")
    if expires > now + LONGEST_JWT_SECONDS:
        raise ApiError(401, "'Expiration time' claim ('exp') is too far in the future")
