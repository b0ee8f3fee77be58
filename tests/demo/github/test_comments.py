"""Comments, reactions, issues and labels."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.standin import AUTHOR, ORGANIZER, REPO, HandClock, StandIn


def test_comment_is_the_apps_and_edited_in_place(github: StandIn, client: httpx.Client, clock: HandClock) -> None:
    number = github.pull_request().number
    made = client.post(f"{REPO}/issues/{number}/comments", json={"body": "first"})
    path = f"{REPO}/issues/comments/{made.json()['id']}"
    assert (made.status_code, made.headers["location"]) == (201, made.json()["url"])
    assert made.json()["user"]["login"] == "fairway[bot]"
    assert made.json()["user"]["type"] == "Bot"
    assert made.json()["performed_via_github_app"]["id"] == github.state.app.id
    clock.forward(minutes=5)
    assert client.patch(path, json={"body": "second"}).json()["body"] == "second"
    shown = client.get(path).json()
    assert (shown["created_at"], shown["updated_at"]) == ("2026-03-02T10:00:00Z", "2026-03-02T10:05:00Z")
    assert [one["body"] for one in client.get(f"{REPO}/issues/{number}/comments").json()] == ["second"]


def test_comments_are_listed_oldest_first_in_pages(github: StandIn, client: httpx.Client) -> None:
    number = github.pull_request().number
    for text in ("one", "two", "three"):
        github.people.comment(github.repository, number, AUTHOR, text)
    first = client.get(f"{REPO}/issues/{number}/comments", params={"per_page": 2})
    second = client.get(first.links["next"]["url"])
    assert [one["body"] for one in first.json() + second.json()] == ["one", "two", "three"]
    assert second.links["prev"]["url"].endswith("page=1")
    assert first.json()[0]["performed_via_github_app"] is None


def test_comment_has_at_most_65536_characters(permissive: StandIn) -> None:
    path = f"{REPO}/issues/{permissive.pull_request().number}/comments"
    with permissive.client(permissive.token()) as client:
        assert client.post(path, json={"body": "é" * 65_536}).status_code == 201
        too_long = client.post(path, json={"body": "é" * 65_537})
        empty = client.post(path, json={"body": " \n"})
        absent = client.post(path, json={})
    assert too_long.status_code == empty.status_code == absent.status_code == 422
    assert too_long.json()["errors"][0]["message"] == "Body is too long (maximum is 65536 characters)"


def test_app_can_change_a_strangers_comment(github: StandIn, client: httpx.Client) -> None:
    """As at GitHub: a marker in a comment says nothing about its author."""
    number = github.pull_request().number
    comment = github.people.comment(github.repository, number, AUTHOR, "<!-- marker --> mine")
    assert client.patch(f"{REPO}/issues/comments/{comment.id}", json={"body": "theirs"}).status_code == 200
    assert (comment.body, comment.author.login) == ("theirs", AUTHOR)


def test_deleted_comment_is_gone(github: StandIn, client: httpx.Client) -> None:
    number = github.pull_request().number
    comment = github.people.comment(github.repository, number, AUTHOR, "away")
    github.people.delete_comment(comment)
    assert client.get(f"{REPO}/issues/comments/{comment.id}").status_code == 404
    assert client.patch(f"{REPO}/issues/comments/{comment.id}", json={"body": "x"}).status_code == 404
    assert client.get(f"{REPO}/issues/999/comments").status_code == 404


def test_reaction_is_given_once(github: StandIn, client: httpx.Client) -> None:
    comment = github.people.comment(github.repository, github.pull_request().number, AUTHOR, "/fairway help")
    path = f"{REPO}/issues/comments/{comment.id}"
    first = client.post(f"{path}/reactions", json={"content": "eyes"})
    second = client.post(f"{path}/reactions", json={"content": "eyes"})
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json()["id"] == second.json()["id"]
    assert client.get(path).json()["reactions"]["eyes"] == 1
    assert [one["content"] for one in client.get(f"{path}/reactions").json()] == ["eyes"]


def test_unknown_reaction_is_refused(permissive: StandIn) -> None:
    comment = permissive.people.comment(permissive.repository, permissive.pull_request().number, AUTHOR, "hello")
    with permissive.client(permissive.token()) as client:
        answer = client.post(f"{REPO}/issues/comments/{comment.id}/reactions", json={"content": "applause"})
    assert answer.status_code == 422


def test_labels_are_added_beside_those_of_people(github: StandIn, client: httpx.Client) -> None:
    number = github.pull_request().number
    github.people.label(github.repository, number, ORGANIZER, "good first try")
    path = f"{REPO}/issues/{number}/labels"
    added = client.post(path, json={"labels": ["fairway:needs-review", "Good First Try"]}).json()
    assert [one["name"] for one in added] == ["good first try", "fairway:needs-review"]
    left = client.delete(f"{path}/fairway:needs-review").json()
    assert [one["name"] for one in left] == ["good first try"]
    missing = client.delete(f"{path}/fairway:needs-review")
    assert (missing.status_code, missing.json()["message"]) == (404, "Label does not exist")
    assert client.get(path).json() == left
    assert [one["name"] for one in client.get(f"{REPO}/labels").json()] == ["good first try", "fairway:needs-review"]


def test_label_is_created_once(client: httpx.Client) -> None:
    body = {"name": "fairway:clear", "color": "0E8A16", "description": "Nothing was found"}
    made = client.post(f"{REPO}/labels", json=body)
    again = client.post(f"{REPO}/labels", json={**body, "name": "Fairway:Clear"})
    assert (made.status_code, made.json()["color"]) == (201, "0e8a16")
    assert (again.status_code, again.json()["errors"][0]["code"]) == (422, "already_exists")


@pytest.mark.parametrize("labels", [["n" * 51], [" "], "fairway", [7]])
def test_impossible_labels_are_refused(permissive: StandIn, labels: object) -> None:
    path = f"{REPO}/issues/{permissive.pull_request().number}/labels"
    with permissive.client(permissive.token()) as client:
        assert client.post(path, json={"labels": labels}).status_code == 422


def test_issue_has_at_most_a_hundred_labels(github: StandIn, client: httpx.Client) -> None:
    path = f"{REPO}/issues/{github.pull_request().number}/labels"
    assert client.post(path, json={"labels": [f"label {n}" for n in range(100)]}).status_code == 200
    assert client.post(path, json={"labels": ["one more"]}).status_code == 422


def test_issue_is_opened_changed_and_closed(github: StandIn, client: httpx.Client) -> None:
    made = client.post(
        f"{REPO}/issues", json={"title": "Broken configuration", "body": "Line 3", "labels": ["fairway:config"]}
    )
    path = f"{REPO}/issues/{made.json()['number']}"
    assert (made.status_code, made.json()["state"], made.json()["user"]["login"]) == (201, "open", "fairway[bot]")
    assert [one["name"] for one in made.json()["labels"]] == ["fairway:config"]
    closed = client.patch(path, json={"body": "Mended", "state": "closed"}).json()
    assert (closed["state"], closed["state_reason"], closed["body"]) == ("closed", "completed", "Mended")
    assert closed["title"] == "Broken configuration"
    assert client.patch(path, json={"state": "open"}).json()["closed_at"] is None


@pytest.mark.parametrize("body", [{"title": "t" * 257}, {"title": "t", "body": "b" * 65_537}, {"title": " "}, {}])
def test_impossible_issue_is_refused(permissive: StandIn, body: dict[str, Any]) -> None:
    with permissive.client(permissive.token()) as client:
        assert client.post(f"{REPO}/issues", json=body).status_code == 422


def test_issues_and_pull_requests_share_their_numbers(github: StandIn, client: httpx.Client) -> None:
    first = github.pull_request().number
    second = github.people.open_issue(github.repository, AUTHOR, "A question").number
    third = github.people.open_pull_request(
        github.repository, AUTHOR, github.pull_request().head_sha, "Again", number=20
    )
    assert (first, second, third.number) == (1, 2, 20)
    assert "pull_request" in client.get(f"{REPO}/issues/{first}").json()
    assert "pull_request" not in client.get(f"{REPO}/issues/{second}").json()
    assert client.get(f"{REPO}/pulls/{second}").status_code == 404


def test_malformed_json_is_refused(permissive: StandIn) -> None:
    path = f"{REPO}/issues/{permissive.pull_request().number}/comments"
    with permissive.client(permissive.token()) as client:
        assert client.post(path, content=b"{").status_code == 400
        assert client.post(path, content=b"[]").status_code == 400
