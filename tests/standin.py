"""A running stand-in for GitHub with a small repository, for tests that talk to it over HTTP."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import httpx
import jwt
import pygit2
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from demo.github import GitHubState, KeyPair, Limits, People, Validator, make_key_pair, serve
from demo.github.values import Clock, Installation, PullRequest, Repository, utc_now
from tests.openapi import Published

NAME = "spindle/heat"
REPO = f"/repos/{NAME}"
OWNER, ORGANIZER, AUTHOR = "spindle", "olga", "pat"
START = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
FILES = {
    "README.md": b"# Spindle heat\n",
    ".github/fairway.toml": b'name = "spindle"\n',
    "entries/base/train.py": b"".join(b"step(%d)\n" % step for step in range(40)),
}


class HandClock:
    """A clock that goes on when it is told to."""

    def __init__(self, now: datetime = START) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **span: float) -> None:
        """Go on by days, hours, minutes or seconds."""
        self.now += timedelta(**span)


@dataclass(frozen=True, slots=True)
class StandIn:
    """The stand-in, what it holds, and the App's key."""

    state: GitHubState
    people: People
    repository: Repository
    installation: Installation
    keys: KeyPair
    url: str

    def app_token(self, *, issued: float = -60, life: float = 600, app_id: int | str | None = None) -> str:
        """The App's own token; seconds from now."""
        now = int(self.state.jwt_clock().timestamp())
        claims = {"iat": now + int(issued), "exp": now + int(issued + life), "iss": str(app_id or self.state.app.id)}
        return jwt.encode(claims, signing_key(), "RS256")

    def client(self, token: str | None = None) -> httpx.Client:
        """A client with a token, the App's own if none is given."""
        credentials = {"Authorization": f"Bearer {token or self.app_token()}", "User-Agent": "fairway-tests"}
        return httpx.Client(base_url=self.url, headers=credentials, timeout=10, verify=False)  # nothing is encrypted

    def token(self, permissions: Mapping[str, str] | None = None) -> str:
        """A token of the installation, with all that was granted or less."""
        path = f"/app/installations/{self.installation.id}/access_tokens"
        with self.client() as client:
            answer = client.post(path, json={} if permissions is None else {"permissions": dict(permissions)})
        return str(answer.raise_for_status().json()["token"])

    def pull_request(self, files: Mapping[str, bytes | None] | None = None, *, title: str = "Try it") -> PullRequest:
        """A pull request from a fork that adds these files."""
        head = self.people.commit(self.repository, AUTHOR, files or {"entries/new/train.py": b"step(1)\n"})
        return self.people.open_pull_request(self.repository, AUTHOR, head, title)


@contextmanager
def stand_in(
    folder: Path,
    *,
    clock: Clock = utc_now,
    limits: Limits | None = None,
    validator: Validator | None = None,
    strict: bool = True,
) -> Iterator[StandIn]:
    """A stand-in that checks every request and answer; what GitHub's description does not allow fails the test."""
    state = GitHubState(keys().public, clock=clock, limits=limits)
    git = folder / "spindle.git"
    pygit2.init_repository(str(git), bare=True, initial_head="main")
    repository = state.add_repository(NAME, git, roles={ORGANIZER: "admin"})
    people = People(state)
    people.push_branch(repository, ORGANIZER, FILES)
    with serve(state, validator=validator or Published()) as server:
        installation = people.install(ORGANIZER, [repository])
        yield StandIn(state, people, repository, installation, keys(), server.url)
    if strict and state.log.violations:
        raise AssertionError("\n".join(state.log.violations))


@cache
def keys() -> KeyPair:
    """One key for all tests: making one takes a while."""
    return make_key_pair()


@cache
def signing_key() -> RSAPrivateKey:
    """Its private half, read."""
    key = load_pem_private_key(keys().private, None)
    assert isinstance(key, RSAPrivateKey)
    return key
