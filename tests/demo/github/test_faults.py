"""Faults on demand, limits, and the log that tests look into."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from demo.github import GITHUBS, Limits
from demo.github.faults import dropped, primary_limit, secondary_limit, server_error, slow
from tests.standin import REPO, HandClock, StandIn, stand_in


@pytest.fixture
def comments(github: StandIn) -> str:
    return f"{REPO}/issues/{github.pull_request().number}/comments"


def test_server_error_comes_as_often_as_planned_where_it_was_planned(
    github: StandIn, client: httpx.Client, comments: str
) -> None:
    github.state.faults.plan(server_error(503), method="POST", path="/repos/*/issues/*/comments", times=2)
    statuses = [client.post(comments, json={"body": "hello"}).status_code for _ in range(3)]
    assert statuses == [503, 503, 201]
    assert client.get(comments).status_code == 200
    assert len(client.get(comments).json()) == 1
    assert [fault.status for _, _, fault in github.state.faults.happened] == [503, 503]


def test_error_after_the_effect_hides_it(github: StandIn, client: httpx.Client, comments: str) -> None:
    github.state.faults.plan(server_error(502, after=True), method="POST")
    assert client.post(comments, json={"body": "hello"}).status_code == 502
    assert [one["body"] for one in client.get(comments).json()] == ["hello"]
    assert github.state.log.created["comment"] == 1


@pytest.mark.parametrize(("after", "made"), [(False, 0), (True, 1)])
def test_connection_is_dropped_before_or_after_the_effect(
    github: StandIn, client: httpx.Client, comments: str, after: bool, made: int
) -> None:
    github.state.faults.plan(dropped(after=after), method="POST")
    with pytest.raises(httpx.RemoteProtocolError):
        client.post(comments, json={"body": "hello"})
    assert len(client.get(comments).json()) == made
    assert [one.status for one in github.state.log.find("POST", "*comments")] == [0]


def test_slow_answer_is_right(github: StandIn, client: httpx.Client) -> None:
    github.state.faults.plan(slow(0.3))
    start = time.monotonic()
    assert client.get(REPO).status_code == 200
    assert time.monotonic() - start >= 0.3


def test_slow_answer_does_not_hold_up_others(github: StandIn, client: httpx.Client) -> None:
    github.state.faults.plan(slow(5.0), path=f"{REPO}/git/*")
    with pytest.raises(httpx.ReadTimeout):
        client.get(f"{REPO}/git/trees/main", timeout=0.05)
    start = time.monotonic()
    assert client.get(REPO).status_code == 200
    assert time.monotonic() - start < 4.0


@pytest.mark.parametrize("status", [403, 429])
def test_primary_limit_says_when_it_is_reset(
    github: StandIn, client: httpx.Client, clock: HandClock, status: int
) -> None:
    github.state.faults.plan(primary_limit(90, status=status))
    answer = client.get(REPO)
    assert answer.status_code == status
    assert answer.json()["message"].startswith("API rate limit exceeded")
    assert answer.headers["x-ratelimit-remaining"] == "0"
    assert int(answer.headers["x-ratelimit-reset"]) - clock.now.timestamp() == 91
    assert "retry-after" not in answer.headers


@pytest.mark.parametrize(("wait", "header"), [(30, "30"), (None, None)])
def test_secondary_limit_may_say_how_long_to_wait(
    github: StandIn, client: httpx.Client, wait: float | None, header: str | None
) -> None:
    github.state.faults.plan(secondary_limit(wait))
    answer = client.get(REPO)
    assert answer.status_code == 403
    assert "secondary rate limit" in answer.json()["message"]
    assert answer.headers.get("retry-after") == header
    assert answer.headers["x-ratelimit-remaining"] != "0"


def test_requests_inside_a_forbidden_window_are_found(github: StandIn, client: httpx.Client, clock: HandClock) -> None:
    github.state.faults.plan(secondary_limit(30))
    client.get(REPO)
    clock.forward(seconds=10)
    client.get(f"{REPO}/labels")
    clock.forward(seconds=30)
    client.get(REPO)
    assert [one.path for one in github.state.too_early()] == [f"{REPO}/labels"]


def test_faults_may_come_by_chance(github: StandIn, client: httpx.Client) -> None:
    github.state.faults.plan(server_error(500), times=None, chance=0.5)
    statuses = [client.get(REPO).status_code for _ in range(60)]
    assert 15 < statuses.count(500) < 45
    github.state.faults.clear()
    assert client.get(REPO).status_code == 200


def test_log_keeps_who_asked_for_what(github: StandIn, client: httpx.Client, comments: str) -> None:
    client.post(comments, json={"body": "hello"})
    (kept,) = github.state.log.find("POST", "*/comments")
    assert (kept.method, kept.path, kept.body, kept.status) == ("POST", comments, {"body": "hello"}, 201)
    assert kept.installation_id == github.installation.id
    assert kept.token is not None
    assert kept.token.startswith("ghs_")
    assert github.state.log.count("POST", "*/access_tokens") == 1


def test_endpoint_that_the_stand_in_lacks_is_noted(permissive: StandIn) -> None:
    with permissive.client(permissive.token()) as client:
        assert client.get(f"{REPO}/stargazers").status_code == 404
    assert permissive.state.log.unrouted == [f"GET {REPO}/stargazers"]


@pytest.fixture
def limited(tmp_path: Path, clock: HandClock, request: pytest.FixtureRequest) -> Iterator[StandIn]:
    with stand_in(tmp_path, clock=clock, limits=request.param) as made:
        yield made


@pytest.mark.parametrize("limited", [Limits(hourly=10)], indirect=True)
def test_hourly_limit_ends_with_the_hour(limited: StandIn, clock: HandClock) -> None:
    with limited.client(limited.token()) as client:
        answers = [client.get(REPO) for _ in range(11)]
        assert [one.status_code for one in answers] == [200] * 10 + [403]
        assert [one.headers["x-ratelimit-remaining"] for one in answers] == [str(max(9 - n, 0)) for n in range(11)]
        clock.forward(minutes=59)
        assert client.get(REPO).status_code == 403
    clock.forward(minutes=2)
    with limited.client(limited.token()) as client:
        assert client.get(REPO).status_code == 200


@pytest.mark.parametrize("limited", [GITHUBS], indirect=True)
def test_content_is_limited_by_the_minute_and_the_hour(limited: StandIn, clock: HandClock) -> None:
    path = f"{REPO}/issues/{limited.pull_request().number}/comments"
    statuses = []
    with limited.client(limited.token()) as client:
        for _ in range(9):
            statuses += [client.post(path, json={"body": "x"}).status_code for _ in range(81)]
            clock.forward(seconds=61)
    assert statuses[:81] == [201] * 80 + [403]
    assert statuses.count(201) == 500
    assert limited.state.log.created["comment"] == 500
    assert limited.state.log.busiest(timedelta(minutes=1)) == 80
    assert limited.state.log.busiest(timedelta(hours=1)) == 500


@pytest.mark.parametrize("limited", [Limits(points_per_minute=20)], indirect=True)
def test_points_are_limited_by_the_minute(limited: StandIn, clock: HandClock) -> None:
    path = f"{REPO}/issues/{limited.pull_request().number}/comments"
    with limited.client(limited.token()) as client:
        assert [client.post(path, json={"body": "x"}).status_code for _ in range(4)] == [201] * 4
        assert client.get(REPO).status_code == 403
        clock.forward(seconds=61)
        assert client.get(REPO).status_code == 200


def test_limit_can_be_asked_for(client: httpx.Client) -> None:
    client.get(REPO)
    rate = client.get("/rate_limit").json()["rate"]
    assert rate["limit"] == 5_000
    assert rate["remaining"] < 5_000
