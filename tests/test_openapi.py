"""The checks against GitHub's description notice what is wrong."""

from __future__ import annotations

from typing import Any

import pytest

from tests.openapi import validate_answer, validate_request, validate_webhook, webhook_examples

REPO = "/repos/spindle/heat"
LABEL = {"id": 1, "node_id": "x", "url": "https://example.org/", "name": "n", "color": "ededed", "default": False}


@pytest.mark.parametrize(
    ("method", "path", "query", "body"),
    [
        ("GET", f"{REPO}/pulls", {"state": "open", "per_page": "100"}, None),
        ("POST", f"{REPO}/issues/3/comments", {}, {"body": "hello"}),
        ("POST", f"{REPO}/issues/3/labels", {}, {"labels": ["one"]}),
        ("DELETE", f"{REPO}/issues/3/labels/fairway:clear", {}, None),
        ("GET", f"{REPO}/contents/.github/fairway.toml", {"ref": "main"}, None),
        ("PATCH", f"{REPO}/check-runs/7", {}, {"conclusion": "neutral", "output": {"title": "t", "summary": "s"}}),
        ("GET", "/app/hook/deliveries", {"status": "failure", "cursor": "v1_1"}, None),
    ],
)
def test_right_requests_are_let_through(method: str, path: str, query: dict[str, str], body: Any) -> None:
    assert validate_request(method, path, query, body) == []


@pytest.mark.parametrize(
    ("method", "path", "query", "body", "problem"),
    [
        ("GET", f"{REPO}/pulls", {"state": "opened"}, None, "state"),
        ("GET", f"{REPO}/pulls", {"per_page": "many"}, None, "per_page"),
        ("GET", f"{REPO}/pulls", {"perpage": "1"}, None, "no parameter perpage"),
        ("GET", "/repos/spindle/heat/nonsense", {}, None, "none of GitHub's endpoints"),
        ("PUT", f"{REPO}/issues/3/comments", {}, {"body": "x"}, "none of GitHub's endpoints"),
        ("POST", f"{REPO}/issues/3/comments", {}, {"text": "hello"}, "required property"),
        ("POST", f"{REPO}/issues/3/comments", {}, None, "no body"),
        ("POST", f"{REPO}/issues/3/comments", {}, {"body": 3}, "string"),
        ("POST", f"{REPO}/issues/3/comments", {}, {"body": "x", "pin": True}, "does not know the key pin"),
        ("POST", f"{REPO}/check-runs", {}, {"name": "x", "head_sha": "y", "status": "done"}, "status"),
        ("PATCH", f"{REPO}/check-runs/7", {}, {"status": "completed"}, "anyOf"),
    ],
)
def test_wrong_requests_are_noticed(method: str, path: str, query: dict[str, str], body: Any, problem: str) -> None:
    assert problem in " | ".join(validate_request(method, path, query, body))


def test_wrong_answers_are_noticed() -> None:
    path = f"{REPO}/labels/n"
    assert validate_answer("GET", path, 200, {**LABEL, "description": None}) == []
    assert validate_answer("GET", path, 200, LABEL) == [': "description" is a required property']
    assert validate_answer("GET", path, 200, {**LABEL, "description": None, "id": "1"}) == [
        'id: "1" is not of type "integer"'
    ]
    assert validate_answer("GET", path, 418, {"message": 3}) == ['message: 3 is not of type "string"']
    assert validate_answer("GET", path, 201, {}) == ["no answer 201"]


def test_wrong_webhooks_are_noticed() -> None:
    opened = next(body for event, body in webhook_examples() if event == "issues" and body["action"] == "opened")
    assert validate_webhook("issues", opened) == []
    del opened["issue"]["user"]
    assert "user" in " | ".join(validate_webhook("issues", opened))
    assert validate_webhook("nonsense", {}) == ["nonsense is none of GitHub's webhooks"]
