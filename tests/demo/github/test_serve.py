"""The running stand-in: start, many askers at once, the demo's competition, and use without a server."""

from __future__ import annotations

import asyncio
import re
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from fastapi.routing import APIRoute

from demo.github import GitHubState, People, make_app, serve
from demo.github.faults import dropped
from demo.github.front import DroppedError
from demo.github.routes import ROUTERS
from demo.repository import build
from tests.openapi import Published, validate_request
from tests.standin import AUTHOR, REPO, StandIn, keys


def test_it_starts_and_stops_in_a_second() -> None:
    start = time.monotonic()
    with serve(GitHubState(keys().public)) as server:
        assert httpx.get(f"{server.url}/nowhere").status_code == 404
    assert time.monotonic() - start < 1.0
    with pytest.raises(httpx.ConnectError):
        httpx.get(server.url)


def test_small_answers_are_sent_at_once(client: httpx.Client) -> None:
    client.get(REPO)
    start = time.monotonic()
    for _ in range(50):
        client.get(REPO)
    assert time.monotonic() - start < 1.0


def test_many_ask_while_people_act(github: StandIn) -> None:
    pull, token = github.pull_request(), github.token()
    path = f"{REPO}/issues/{pull.number}/comments"

    def ask(number: int) -> int:
        with github.client(token) as client:
            statuses = [client.post(path, json={"body": f"{number}.{turn}"}).status_code for turn in range(10)]
            return statuses.count(201) + client.get(path).is_success

    def act(number: int) -> int:
        for turn in range(10):
            head = github.people.commit(github.repository, AUTHOR, {f"{number}.txt": b"%d" % turn})
            github.people.push(github.repository, pull, head)
            github.people.comment(github.repository, pull.number, AUTHOR, f"person {number}.{turn}")
        return 11

    with ThreadPoolExecutor(8) as pool:
        done = [*pool.map(ask, range(4)), *pool.map(act, range(4))]
    assert done == [11] * 8
    bodies = [github.state.comments[number].body for number in pull.issue.comments]
    assert len(bodies) == len(set(bodies)) == 80
    assert github.state.log.created["comment"] == 40


def test_demos_competition_is_served(tmp_path: Path) -> None:
    demo = build(tmp_path)
    state = GitHubState(keys().public)
    people, repository = People(state), state.add_repository("thimble/sprint", demo.git)
    for sample in demo.samples:
        head = demo.heads[sample.number]
        people.open_pull_request(repository, sample.author, head, sample.title, number=sample.number)
    with serve(state, validator=Published()) as server:
        installation = people.install("ada-organizer", [repository])
        github = StandIn(state, people, repository, installation, keys(), server.url)
        with github.client(github.token()) as client:
            listed = client.get("/repos/thimble/sprint/pulls", params={"per_page": 100}).json()
            for pull in listed:
                files = client.get(f"/repos/thimble/sprint/pulls/{pull['number']}/files").json()
                assert {one["status"] for one in files} <= {"added", "modified", "renamed", "copied"}
                assert files != []
    assert {pull["number"]: pull["head"]["sha"] for pull in listed} == demo.heads
    assert state.log.violations == []


def test_every_endpoint_is_one_of_githubs() -> None:
    ours = [route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]
    for route in (route for route in ours if ".git/" not in route.path):
        path = re.sub(r"\{[^}]+\}", "1", route.path)
        for method in route.methods or ():
            assert f"{method} {path} is none of GitHub's endpoints" not in validate_request(method, path, {}, None)


def test_application_is_used_without_a_server_too() -> None:
    state = GitHubState(keys().public)

    async def ask() -> int:
        transport = httpx.ASGITransport(make_app(state, Published()))
        async with httpx.AsyncClient(transport=transport, base_url=state.url) as client:
            return (await client.get("/app")).status_code

    assert asyncio.run(ask()) == 401
    state.faults.plan(dropped())
    with pytest.raises(DroppedError):
        asyncio.run(ask())
