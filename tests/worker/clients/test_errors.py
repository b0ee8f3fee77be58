"""Every failure is one of the gateway's four errors, asked once, and tells no secret."""

from __future__ import annotations

import logging
import time
import traceback
from collections.abc import Callable

import httpx
import pytest
from pydantic import HttpUrl, SecretStr

from demo.github.faults import dropped, primary_limit, secondary_limit, server_error, slow
from tests.standin import HandClock, StandIn, keys
from worker.clients.gateway import (
    AbsentError,
    GitHubError,
    LimitedError,
    RefusedError,
    Repo,
    UnavailableError,
)
from worker.clients.github import GitHubGateway
from worker.clients.pacer import LocalPacer
from worker.settings import Settings

REPO = Repo(7, "spindle/heat", 5)
NOW = 1_780_000_000.0
CANARY = "ghs_canary0123456789"
SECONDARY = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."

Handler = Callable[[httpx.Request], httpx.Response]


class Asked:
    """A gateway over an answer that is made here, and how often it was asked."""

    def __init__(self, answer: Handler, pacer: LocalPacer | None = None) -> None:
        self.requests: list[httpx.Request] = []
        self._answer = answer
        self.pacer = pacer or LocalPacer()
        settings = Settings(
            app_id=1,
            private_key=SecretStr(keys().private.decode()),
            github_api_url=HttpUrl("https://api.example.org/api/v3"),
            github_timeout_seconds=2.0,
        )
        transport = httpx.MockTransport(self._handle)
        self.gateway = GitHubGateway(settings, self.pacer, clock=lambda: NOW, transport=transport)

    def _handle(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/access_tokens"):
            told = {"token": CANARY, "expires_at": "2099-01-01T00:00:00Z"}
            return httpx.Response(201, json=told)
        self.requests.append(request)
        return self._answer(request)


def answered(status: int, message: str = "", **headers: str) -> Asked:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Asked(lambda _: httpx.Response(status, json={"message": message}, headers=named))


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, RefusedError),
        (403, RefusedError),
        (404, AbsentError),
        (409, RefusedError),
        (410, AbsentError),
        (422, RefusedError),
        (451, AbsentError),
        (408, UnavailableError),
        (500, UnavailableError),
        (502, UnavailableError),
        (503, UnavailableError),
    ],
)
def test_status_decides_the_error_and_nothing_is_asked_twice(status: int, error: type[GitHubError]) -> None:
    asked = answered(status, "because")
    with pytest.raises(error, match=f"GET /repos/spindle/heat: {status} because") as caught:
        asked.gateway.default_branch(REPO)
    assert caught.type is error
    assert len(asked.requests) == 1


@pytest.mark.parametrize("status", [403, 429])
@pytest.mark.parametrize(
    ("message", "headers", "seconds"),
    [
        (SECONDARY, {"retry_after": "17"}, 17),
        (SECONDARY, {}, 60),
        ("You have triggered an abuse detection mechanism.", {}, 60),
        ("API rate limit exceeded", {"x_ratelimit_remaining": "0", "x_ratelimit_reset": str(int(NOW) + 600)}, 601),
        ("API rate limit exceeded", {"x_ratelimit_remaining": "0"}, 60),
        ("API rate limit exceeded", {"x_ratelimit_remaining": "0", "x_ratelimit_reset": str(int(NOW) - 9)}, 60),
        (SECONDARY, {"x_ratelimit_remaining": "4000", "x_ratelimit_reset": str(int(NOW) + 600)}, 60),
        (SECONDARY, {"retry_after": "soon"}, 60),
        (SECONDARY, {"retry_after": "-5", "x_ratelimit_reset": "never"}, 60),
        (SECONDARY, {"retry_after": "99999999999"}, 3_900),
        (SECONDARY, {"retry_after": "0"}, 1),
        ("", {"x_ratelimit_remaining": "0", "x_ratelimit_reset": "9" * 300}, 60),
    ],
)
def test_limit_tells_how_long_to_wait(status: int, message: str, headers: dict[str, str], seconds: float) -> None:
    asked = answered(status, message, **headers)
    with pytest.raises(LimitedError) as caught:
        asked.gateway.default_branch(REPO)
    assert caught.value.seconds == pytest.approx(seconds, abs=0.01)


def test_reset_is_reckoned_by_githubs_clock_where_it_is_told() -> None:
    headers = {"x_ratelimit_remaining": "0", "x_ratelimit_reset": str(int(NOW) + 900)}
    ahead = answered(403, "API rate limit exceeded", date="Thu, 28 May 2026 20:36:40 GMT", **headers)
    with pytest.raises(LimitedError) as caught:
        ahead.gateway.default_branch(REPO)
    assert caught.value.seconds == pytest.approx(NOW + 900 - 1_780_000_600 + 1)


def test_missing_permission_is_no_limit() -> None:
    headers = {"x_ratelimit_remaining": "4999", "x_ratelimit_reset": str(int(NOW) + 600)}
    with pytest.raises(RefusedError, match="not accessible"):
        answered(403, "Resource not accessible by integration", **headers).gateway.default_branch(REPO)


def test_limit_forbids_every_request_of_the_installation_and_no_other() -> None:
    limited, other = answered(403, SECONDARY, retry_after="30"), Repo(8, "other/place", 6)
    for repo in (REPO, other):
        with pytest.raises(LimitedError):
            limited.gateway.default_branch(repo)
    with pytest.raises(LimitedError, match="paced") as caught:
        limited.gateway.labels(REPO, 1)
    assert 29 < caught.value.seconds <= 30
    assert len(limited.requests) == 2


@pytest.mark.parametrize(
    "error",
    [
        httpx.ConnectError("refused"),
        httpx.ConnectTimeout("slow"),
        httpx.ReadTimeout("slow"),
        httpx.ReadError("reset"),
        httpx.RemoteProtocolError("cut"),
        httpx.PoolTimeout("full"),
    ],
)
def test_fault_on_the_way_is_unavailable(error: Exception) -> None:
    def fail(_: httpx.Request) -> httpx.Response:
        raise error

    asked = Asked(fail)
    with pytest.raises(UnavailableError):
        asked.gateway.create_comment(REPO, 1, "hello")
    assert len(asked.requests) == 1


def test_clone_is_not_touched_in_the_forbidden_window() -> None:
    asked = Asked(lambda _: httpx.Response(200))
    asked.pacer.forbid(5, 60)
    with pytest.raises(LimitedError):
        asked.gateway.clone_url(REPO)


@pytest.mark.parametrize("body", [b"", b"<html>Unicorn!</html>", b"[" * 100_000, b"\xff\xfe"])
def test_answer_that_is_no_json_is_unavailable(body: bytes) -> None:
    with pytest.raises(UnavailableError, match="no JSON"):
        Asked(lambda _: httpx.Response(200, content=body)).gateway.default_branch(REPO)


@pytest.mark.parametrize("told", [{}, [], "text", {"default_branch": 3}, {"default_branch": None}])
def test_answer_without_what_was_asked_is_refused_by_name(told: object) -> None:
    with pytest.raises(RefusedError, match="default_branch"):
        Asked(lambda _: httpx.Response(200, json=told)).gateway.default_branch(REPO)


def test_words_of_an_answer_are_cut_and_printable() -> None:
    with pytest.raises(RefusedError) as caught:
        answered(422, "a\x1b[31m\u202e" + "b" * 5_000).gateway.default_branch(REPO)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 400


def test_reasons_of_a_validation_failure_are_told() -> None:
    told = {"message": "Validation Failed", "errors": [{"message": "body is too long"}, "and more", {"field": "x"}, 3]}
    with pytest.raises(RefusedError, match="Validation Failed; body is too long; and more"):
        Asked(lambda _: httpx.Response(422, json=told)).gateway.default_branch(REPO)


def test_redirect_to_another_host_is_not_followed() -> None:
    away = Asked(lambda _: httpx.Response(301, headers={"location": "https://elsewhere.example.org/"}))
    with pytest.raises(UnavailableError):
        away.gateway.default_branch(REPO)
    assert [request.url.host for request in away.requests] == ["api.example.org"]


def test_moved_repository_is_read_where_it_is_now() -> None:
    def move(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/repos/spindle/heat"):
            return httpx.Response(301, headers={"location": "https://api.example.org/api/v3/repositories/7"})
        return httpx.Response(200, json={"default_branch": "trunk"})

    assert Asked(move).gateway.default_branch(REPO) == "trunk"


def test_write_that_a_redirect_turned_into_a_read_is_refused() -> None:
    def move(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            return httpx.Response(301, headers={"location": "https://api.example.org/api/v3/repositories/7/issues"})
        return httpx.Response(200, json={"id": 5})

    with pytest.raises(RefusedError, match="moved elsewhere"):
        Asked(move).gateway.create_comment(REPO, 1, "hello")


@pytest.mark.parametrize("name", ["../app", "spindle", "spindle/..", "a/b/c", "spindle/heat?x=1", "", "spindle/he at"])
def test_name_that_is_no_repository_is_not_asked_for(name: str) -> None:
    asked = answered(200)
    with pytest.raises(RefusedError, match="no name of a repository"):
        asked.gateway.default_branch(Repo(7, name, 5))
    assert not asked.requests


@pytest.mark.parametrize("fault", [server_error(), server_error(503), dropped(), dropped(after=True)])
def test_faults_of_the_stand_in_reach_the_pipeline_once(
    github: StandIn, gateway: GitHubGateway, repo: Repo, fault: object
) -> None:
    number = github.pull_request().number
    gateway.find_comment(repo, number, "x")
    github.state.faults.plan(fault, method="POST", path="*/comments")  # type: ignore[arg-type]
    with pytest.raises(UnavailableError):
        gateway.create_comment(repo, number, "hello")
    assert github.state.log.count("POST", "*/comments") == 1


def test_slow_answer_is_given_up(github: StandIn, settings: Settings, repo: Repo) -> None:
    gateway = GitHubGateway(
        settings.model_copy(update={"github_timeout_seconds": 0.3}), LocalPacer(), clock=_hand(github)
    )
    github.state.faults.plan(slow(5.0), path="/repos/spindle/heat")
    started = time.monotonic()
    with pytest.raises(UnavailableError, match="no answer in time"):
        gateway.default_branch(repo)
    assert time.monotonic() - started < 3
    gateway.close()


@pytest.mark.parametrize(
    "fault", [primary_limit(600), secondary_limit(45), secondary_limit(None), primary_limit(status=429)]
)
def test_no_request_is_made_in_the_forbidden_window(
    github: StandIn, gateway: GitHubGateway, repo: Repo, clock: HandClock, fault: object
) -> None:
    gateway.default_branch(repo)
    github.state.faults.plan(fault, path="/repos/*")  # type: ignore[arg-type]
    waited = 0.0
    with pytest.raises(LimitedError) as caught:
        gateway.default_branch(repo)
    while waited < caught.value.seconds - 5:
        clock.forward(seconds=5)
        waited += 5
        with pytest.raises(LimitedError, match="paced"):
            gateway.default_branch(repo)
    clock.forward(seconds=caught.value.seconds - waited)
    assert gateway.default_branch(repo) == "main"
    window = github.state.faults.windows[-1]
    assert github.state.log.between(window.start, window.end) == []


def test_no_secret_in_any_message_or_log(
    github: StandIn, settings: Settings, repo: Repo, clock: HandClock, caplog: pytest.LogCaptureFixture
) -> None:
    told = list[str]()
    github.state.installations[github.installation.id].permissions.pop("checks")
    with caplog.at_level(logging.DEBUG):
        seconds = _hand(github)
        gateway = GitHubGateway(settings, LocalPacer(clock=seconds), clock=seconds)
        told += [repr(gateway), repr(vars(gateway)), repr(gateway._credentials._tokens), repr(settings)]
        for fault in (None, server_error(), dropped(), secondary_limit(0.01), primary_limit(1)):
            if fault is not None:
                github.state.faults.plan(fault, path="/repos/*")
            try:
                gateway.pull_request(repo, 99)
            except GitHubError as error:
                told += traceback.format_exception(error)
                told.append(repr(error.__context__) + repr(error.__cause__))
            clock.forward(minutes=2)
        try:
            gateway.find_check(repo, "0" * 40, "x")
        except GitHubError as error:
            told += traceback.format_exception(error)
        gateway.clone_url(repo)
        told.append(repr(gateway._credentials._tokens))
        gateway.close()
    told.append(caplog.text)
    tokens = list(github.state.tokens) + [one.token for one in github.state.log.kept if one.token]
    key = github.keys.private.decode().splitlines()[1]
    assert len(tokens) > 3
    for secret in (*tokens, key):
        assert secret not in "\n".join(told)


def _hand(github: StandIn) -> Callable[[], float]:
    return lambda: github.state.clock().timestamp()
