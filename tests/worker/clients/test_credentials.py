"""Tokens: the least permissions, kept for as long as they are good, never shown."""

from __future__ import annotations

import base64
import os
import threading
import time
import traceback
from datetime import timedelta

import jwt
import pytest
from pydantic import SecretStr

from demo.github.values import utc_now
from tests.standin import ORGANIZER, HandClock, StandIn
from worker.clients.gateway import AbsentError, Check, Conclusion, Gateway, RefusedError, Repo, UnavailableError
from worker.clients.github import GitHubGateway, NotAnAppError
from worker.clients.pacer import LocalPacer
from worker.settings import Settings

TOKENS = "/app/installations/*/access_tokens"


def made(github: StandIn) -> int:
    return github.state.log.count("POST", TOKENS)


def bodies(github: StandIn) -> list[object]:
    return [exchange.body for exchange in github.state.log.find("POST", TOKENS)]


def test_reading_asks_for_a_token_that_can_only_read_this_repository(
    github: StandIn, gateway: GitHubGateway, repo: Repo
) -> None:
    gateway.pull_request(repo, github.pull_request().number)
    assert bodies(github) == [
        {"permissions": {"contents": "read", "pull_requests": "read"}, "repository_ids": [repo.id]}
    ]


def test_each_kind_of_work_has_its_own_permissions(github: StandIn, gateway: GitHubGateway, repo: Repo) -> None:
    pull = github.pull_request()
    gateway.create_check(repo, Check("Fairway", pull.head_sha, "1", "t", "s", conclusion=Conclusion.NEUTRAL))
    gateway.create_comment(repo, pull.number, "hello")
    gateway.clone_url(repo)
    gateway.permission(repo, ORGANIZER)
    assert [body["permissions"] for body in bodies(github) if isinstance(body, dict)] == [
        {"checks": "write"},
        {"issues": "write", "pull_requests": "write"},
        {"contents": "read"},
        {"metadata": "read"},
    ]


def test_token_is_used_until_five_minutes_before_its_end(
    github: StandIn, gateway: GitHubGateway, repo: Repo, clock: HandClock
) -> None:
    gateway.default_branch(repo)
    clock.forward(minutes=54)
    gateway.default_branch(repo)
    assert made(github) == 1
    clock.forward(minutes=2)
    gateway.default_branch(repo)
    assert made(github) == 2


def test_threads_that_need_the_same_token_ask_for_one(github: StandIn, gateway: GitHubGateway, repo: Repo) -> None:
    threads = [threading.Thread(target=gateway.default_branch, args=(repo,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made(github) == 1
    assert github.state.log.count("GET", "/repos/spindle/heat") == 8


def test_app_token_is_issued_a_minute_ago_and_lives_ten(
    github: StandIn, gateway: GitHubGateway, repo: Repo, clock: HandClock
) -> None:
    gateway.default_branch(repo)
    sent = next(github.state.log.find("POST", TOKENS)).token
    assert sent is not None
    claims = jwt.decode(sent, options={"verify_signature": False})
    now = int(clock().timestamp())
    assert claims == {"iss": str(github.state.app.id), "iat": now - 60, "exp": now + 540}


def test_app_token_is_renewed_before_its_end(github: StandIn, gateway: GitHubGateway, clock: HandClock) -> None:
    for _ in range(4):
        assert list(gateway.failed_deliveries(since=clock() - timedelta(days=1))) == []
        clock.forward(minutes=4)
    assert len({exchange.token for exchange in github.state.log.find("GET", "/app/hook/deliveries")}) == 2


def test_revoked_token_is_replaced_at_the_next_try(github: StandIn, gateway: GitHubGateway, repo: Repo) -> None:
    gateway.default_branch(repo)
    github.state.tokens.clear()
    with pytest.raises(UnavailableError, match="a new one is made"):
        gateway.default_branch(repo)
    assert gateway.default_branch(repo) == "main"
    assert made(github) == 2


def test_tokens_that_are_never_accepted_are_a_refusal_in_the_end(
    github: StandIn, gateway: GitHubGateway, repo: Repo
) -> None:
    outcomes = list[type[Exception]]()
    for _ in range(3):
        gateway._credentials.basic(repo, {"metadata": "read"})
        github.state.tokens.clear()
        with pytest.raises((UnavailableError, RefusedError)) as caught:
            gateway.default_branch(repo)
        outcomes.append(caught.type)
    assert outcomes[:2] == [UnavailableError, UnavailableError]
    assert issubclass(outcomes[2], RefusedError)


def test_uninstalled_app_finds_nothing(github: StandIn, gateway: GitHubGateway, repo: Repo) -> None:
    github.people.uninstall(ORGANIZER, github.installation)
    with pytest.raises(AbsentError):
        gateway.default_branch(repo)


def test_suspended_app_is_refused(github: StandIn, gateway: GitHubGateway, repo: Repo) -> None:
    github.people.suspend(ORGANIZER, github.installation)
    with pytest.raises(RefusedError, match="suspended"):
        gateway.default_branch(repo)


def test_permission_that_was_not_granted_is_refused(github: StandIn, gateway: GitHubGateway, repo: Repo) -> None:
    del github.installation.permissions["checks"]
    with pytest.raises(RefusedError, match="not granted"):
        gateway.find_check(repo, "0" * 40, "1")


@pytest.mark.parametrize("minutes", [-10, 10])
def test_clock_that_is_off_is_allowed_for_after_one_refusal(github: StandIn, settings: Settings, minutes: int) -> None:
    # The stand-in's answers carry the real time in their Date header; only our clock is off here.
    github.state.clock = github.state.jwt_clock = utc_now
    gateway = GitHubGateway(settings, LocalPacer(), clock=lambda: time.time() + minutes * 60)
    repo = Repo(github.repository.id, github.repository.full_name, github.installation.id)
    with pytest.raises(UnavailableError, match="our clock is"):
        gateway.default_branch(repo)
    assert gateway.default_branch(repo) == "main"
    gateway.close()


def test_header_for_git_is_a_token_that_may_only_read(github: StandIn, gateway: GitHubGateway, repo: Repo) -> None:
    url, header = gateway.clone_url(repo)
    assert url == f"{github.url}/spindle/heat.git"
    scheme, _, encoded = header.partition(" ")
    name, _, token = base64.b64decode(encoded).decode().partition(":")
    assert (scheme, name) == ("Basic", "x-access-token")
    assert dict(github.state.tokens[token].permissions) == {"contents": "read", "metadata": "read"}


def test_key_that_is_none_is_refused_without_being_shown(settings: Settings) -> None:
    broken = settings.model_copy(update={"private_key": SecretStr("canary-key")})
    gateway = GitHubGateway(broken, LocalPacer())
    with pytest.raises(RefusedError, match="no RSA key") as caught:
        gateway.redeliver(1)
    assert "canary" not in "".join(traceback.format_exception(caught.value))


def test_gateway_is_what_the_pipeline_works_with(gateway: GitHubGateway, repo: Repo) -> None:
    protocol: Gateway = gateway
    assert protocol.default_branch(repo) == "main"


def test_connections_are_not_shared_with_a_forked_process(
    github: StandIn, settings: Settings, repo: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway = GitHubGateway(settings, LocalPacer(), clock=lambda: github.state.clock().timestamp())
    gateway.warm_up()
    parent = gateway._line._made
    assert gateway.default_branch(repo) == "main"
    assert gateway._line._made is parent
    monkeypatch.setattr(os, "getpid", lambda: -1)
    assert gateway.default_branch(repo) == "main"
    assert gateway._line._made is not parent
    gateway.close()
    assert parent is not None
    parent[2].shut()


@pytest.mark.parametrize("missing", ["app_id", "private_key"])
def test_gateway_needs_an_app(settings: Settings, missing: str) -> None:
    with pytest.raises(NotAnAppError, match="FAIRWAY_APP_ID"):
        GitHubGateway(settings.model_copy(update={missing: None}))
