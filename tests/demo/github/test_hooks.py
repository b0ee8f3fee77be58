"""Webhooks: signed, posted, doubled, shuffled, lost, recorded and posted again."""

from __future__ import annotations

import hmac
import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from demo.github import Target, Weather
from tests.openapi import validate_webhook, webhook_examples
from tests.standin import AUTHOR, ORGANIZER, HandClock, StandIn

SECRET = b"for these tests only"


class Receiver(ThreadingHTTPServer):
    """Keeps what is posted, and answers with `status`."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status, self.got = 202, list[tuple[dict[str, str], bytes]]()

    @property
    def target(self) -> Target:
        return Target(f"http://127.0.0.1:{self.server_port}/webhooks/github", SECRET, app_id=4711)

    @property
    def guids(self) -> list[str]:
        return [headers["X-GitHub-Delivery"] for headers, _ in self.got]


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((dict(self.headers.items()), body))
        self.send_response(self.server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as made:
        thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield made
        made.shutdown()
        thread.join()


def deliveries(github: StandIn, **query: str) -> list[dict[str, Any]]:
    with github.client() as app:
        listed: list[dict[str, Any]] = app.get("/app/hook/deliveries", params=query).raise_for_status().json()
    return listed


def test_delivery_is_signed_over_its_raw_body(github: StandIn, receiver: Receiver) -> None:
    github.pull_request(title="Wärme")
    github.state.hooks.connect(receiver.target)
    github.state.hooks.flush()
    headers, body = receiver.got[-1]
    assert headers["X-Hub-Signature-256"] == "sha256=" + hmac.new(SECRET, body, "sha256").hexdigest()
    assert headers["X-GitHub-Event"] == "pull_request"
    assert headers["X-GitHub-Hook-Installation-Target-ID"] == "4711"
    assert json.loads(body)["pull_request"]["title"] == "Wärme"
    assert json.loads(body)["installation"]["id"] == github.installation.id


def test_events_arrive_in_order_in_calm_weather(github: StandIn, receiver: Receiver) -> None:
    github.state.hooks.connect(receiver.target)
    pull = github.pull_request()
    for number in range(10):
        head = github.people.commit(github.repository, AUTHOR, {"a.txt": b"%d" % number})
        github.people.push(github.repository, pull, head)
    github.state.hooks.flush()
    bodies = [json.loads(body) for _, body in receiver.got if b'"action":"synchronize"' in body]
    heads = [body["after"] for body in bodies]
    assert len(set(receiver.guids)) == len(receiver.guids) == 12
    assert [body["before"] for body in bodies[1:]] == heads[:-1]


def test_weather_doubles_and_shuffles(github: StandIn, receiver: Receiver) -> None:
    github.state.hooks.weather = Weather(duplicate=1.0, scatter_seconds=0.3)
    github.state.hooks.connect(receiver.target, senders=4)
    pull = github.pull_request()
    for number in range(20):
        github.people.retitle(github.repository, pull, f"title {number}")
    github.state.hooks.flush()
    titles = [json.loads(body)["pull_request"]["title"] for _, body in receiver.got if b'"action":"edited"' in body]
    assert sorted(titles) == sorted([f"title {number}" for number in range(20)] * 2)
    assert titles != sorted(titles)


def test_refused_delivery_is_recorded_and_posted_again_with_its_guid(github: StandIn, receiver: Receiver) -> None:
    github.state.hooks.connect(receiver.target)
    github.state.hooks.flush()
    receiver.status = 503
    github.pull_request()
    github.state.hooks.flush()
    failed = deliveries(github, status="failure")
    assert [(one["event"], one["action"], one["status_code"]) for one in failed] == [("pull_request", "opened", 503)]
    assert failed[0]["status"] == "Invalid HTTP Response: 503"
    receiver.status = 202
    with github.client() as app:
        assert app.post(f"/app/hook/deliveries/{failed[0]['id']}/attempts").status_code == 202
        assert app.post("/app/hook/deliveries/1/attempts").status_code == 404
    github.state.hooks.flush()
    again = deliveries(github)[0]
    assert (again["guid"], again["redelivery"], again["status"]) == (failed[0]["guid"], True, "OK")
    assert again["id"] != failed[0]["id"]
    assert receiver.guids[-2:] == [failed[0]["guid"]] * 2
    assert receiver.got[-1][1] == receiver.got[-2][1]


def test_lost_delivery_is_recorded_without_being_posted(github: StandIn, receiver: Receiver) -> None:
    github.state.hooks.connect(receiver.target)
    github.state.hooks.flush()
    github.state.hooks.weather = Weather(lose=1.0)
    before = len(receiver.got)
    github.pull_request()
    github.state.hooks.flush()
    assert len(receiver.got) == before
    assert [one["action"] for one in deliveries(github, status="failure")] == ["opened"]


def test_receiver_that_is_not_there_makes_failed_deliveries(github: StandIn) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    github.state.hooks.connect(Target(f"http://127.0.0.1:{port}/", SECRET, 4711))
    github.state.hooks.flush()
    assert {one["status"] for one in deliveries(github)} == {"failed to connect to host"}


def test_deliveries_come_in_pages_by_cursor(github: StandIn, receiver: Receiver, clock: HandClock) -> None:
    github.state.hooks.connect(receiver.target)
    pull = github.pull_request()
    for number in range(8):
        clock.forward(seconds=1)
        github.people.retitle(github.repository, pull, f"title {number}")
    github.state.hooks.flush()
    pages, url = [], f"{github.url}/app/hook/deliveries?per_page=4"
    with github.client() as app:
        while url:
            answer = app.get(url)
            pages.append([one["delivered_at"] for one in answer.json()])
            url = answer.links.get("next", {}).get("url", "")
        assert app.get("/app/hook/deliveries", params={"cursor": "nonsense"}).status_code == 422
    assert [len(page) for page in pages] == [4, 4, 2]
    times = [time for page in pages for time in page]
    assert times == sorted(times, reverse=True)


def test_deliveries_are_remembered_for_three_days(github: StandIn, receiver: Receiver, clock: HandClock) -> None:
    github.state.hooks.connect(receiver.target)
    github.state.hooks.flush()
    clock.forward(days=2, hours=23)
    assert [one["event"] for one in deliveries(github)] == ["installation"]
    clock.forward(hours=2)
    assert deliveries(github) == []


def test_app_hears_nothing_of_repositories_without_it(github: StandIn) -> None:
    github.people.cover(ORGANIZER, github.installation, github.repository, covered=False)
    before = len(github.state.hooks.records)
    github.pull_request()
    assert len(github.state.hooks.records) == before


def test_every_body_is_what_github_publishes(github: StandIn) -> None:
    """All that people and the App do, once; the bodies are checked against the published description."""
    with github.client(github.token()) as client:
        _do_everything(github, client)
    sent = list(github.state.hooks.records.values())
    names = {one.event if one.action is None else f"{one.event}.{one.action}" for one in sent}
    wrong = [
        f"{one.event}.{one.action}: {text}"
        for one in sent
        for text in validate_webhook(one.event, json.loads(one.body))
    ]
    assert wrong == []
    assert names == {
        "check_run.completed",
        "check_run.created",
        "check_run.requested_action",
        "check_run.rerequested",
        "check_suite.rerequested",
        "installation.created",
        "installation.deleted",
        "installation.suspend",
        "installation.unsuspend",
        "installation_repositories.added",
        "installation_repositories.removed",
        "issue_comment.created",
        "issue_comment.deleted",
        "issue_comment.edited",
        "ping",
        "pull_request.closed",
        "pull_request.converted_to_draft",
        "pull_request.edited",
        "pull_request.labeled",
        "pull_request.opened",
        "pull_request.ready_for_review",
        "pull_request.reopened",
        "pull_request.synchronize",
        "pull_request.unlabeled",
        "push",
    }


def test_bodies_have_the_keys_that_all_published_examples_have(github: StandIn) -> None:
    with github.client(github.token()) as client:
        _do_everything(github, client)
    examples: dict[tuple[str, str | None], list[set[str]]] = {}
    for event, payload in webhook_examples():
        if event == "ping":
            continue  # the examples are those of a repository's webhook; an App's tells of no repository
        examples.setdefault((event, payload.get("action")), []).append(set(_keys(payload)))
    for sent in github.state.hooks.records.values():
        shared = set.intersection(*examples.get((sent.event, sent.action), [set()]))
        missing = shared - set(_keys(json.loads(sent.body)))
        assert {key for key in missing if not key.startswith(("organization", "enterprise"))} == set()


def _keys(payload: dict[str, Any]) -> Iterator[str]:
    """The keys of an object and of the objects in it, but for permissions, which are the App's own."""
    for key, value in payload.items():
        yield key
        if isinstance(value, dict) and not key.endswith("permissions"):
            yield from (f"{key}.{below}" for below in value)


def _do_everything(github: StandIn, client: Any) -> None:
    people, repository = github.people, github.repository
    people.ping()
    pull = github.pull_request()
    people.set_draft(repository, pull, draft=True)
    people.set_draft(repository, pull, draft=False)
    people.retitle(repository, pull, "Another title")
    people.push(repository, pull, people.commit(repository, AUTHOR, {"a.txt": b"1\n"}))
    people.close(repository, pull, ORGANIZER)
    people.reopen(repository, pull)
    comment = people.comment(repository, pull.number, AUTHOR, "/fairway help")
    people.edit_comment(comment, "/fairway status")
    people.delete_comment(comment)
    client.post(f"/repos/{repository.full_name}/issues/{pull.number}/comments", json={"body": "said"})
    people.label(repository, pull.number, ORGANIZER, "good")
    people.unlabel(repository, pull.number, ORGANIZER, "good")
    action = {"label": "Re-run", "description": "Judge it again", "identifier": "rerun"}
    body = {"name": "fairway", "head_sha": pull.head_sha, "conclusion": "neutral", "actions": [action]}
    client.post(f"/repos/{repository.full_name}/check-runs", json=body)
    run = next(iter(github.state.runs.values()))
    people.rerun(run, AUTHOR)
    people.press(run, "rerun", AUTHOR)
    people.rerun_all(run.suite, AUTHOR)
    people.push_branch(repository, ORGANIZER, {"RULES.md": b"# Rules\n"})
    people.merge(repository, pull, ORGANIZER)
    other = github.state.add_repository("spindle/other", repository.git)
    people.cover(ORGANIZER, github.installation, other)
    people.cover(ORGANIZER, github.installation, other, covered=False)
    people.suspend(ORGANIZER, github.installation)
    people.suspend(ORGANIZER, github.installation, asleep=False)
    people.uninstall(ORGANIZER, github.installation)


def test_press_of_a_button_that_is_not_there_is_an_error(github: StandIn) -> None:
    pull = github.pull_request()
    with github.client(github.token()) as client:
        client.post(
            f"/repos/{github.repository.full_name}/check-runs", json={"name": "fairway", "head_sha": pull.head_sha}
        )
    with pytest.raises(ValueError, match="no button"):
        github.people.press(next(iter(github.state.runs.values())), "rerun", AUTHOR)


def test_push_by_force_says_so(github: StandIn) -> None:
    head = github.people.commit(github.repository, ORGANIZER, {"a.txt": b"1\n"}, parent=None)
    github.people.push_branch(github.repository, ORGANIZER, {"b.txt": b"2\n"}, branch="side")
    body = json.loads(list(github.state.hooks.records.values())[-1].body)
    assert head
    assert (body["ref"], body["created"], body["forced"]) == ("refs/heads/side", True, False)
    assert body["head_commit"]["added"] == []
