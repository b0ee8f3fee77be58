"""Deliveries for tests of the stage that receives them."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

from sqlalchemy import delete

from tests.worker.bare import Bare
from worker.store.models import Delivery, Installation, Job, PullRequestRow, Repository, Stage, SubmissionRow

HEAD = "a" * 40
ACCOUNT = {"id": 9, "login": "spindle"}
BASE: dict[str, Any] = {
    "installation": {"id": 3},
    "repository": {"id": 5, "full_name": "spindle/heat", "default_branch": "main"},
    "sender": {"id": 77, "login": "olga"},
}
INSTALLED = {"id": 3, "account": ACCOUNT}
LISTED = [{"id": 5, "full_name": "spindle/heat"}, {"id": 6, "full_name": "spindle/cold"}]
ON_PULL_REQUEST = {"number": 7, "pull_request": {"url": "https://api.github.com/…"}}
CONFIGURED = {("configure", "5"), ("backfill", "5"), ("configure", "6"), ("backfill", "6")}

Work = set[tuple[str, str]]


def deliver(pipeline: Bare, event: str, payload: object, guid: str | None = None) -> str:
    """Store a delivery as the web does, and ask for its handling."""
    guid = guid or str(uuid4())
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    with pipeline.context.scope() as session:
        if session.get(Delivery, guid) is None:
            session.add(Delivery(guid=guid, event=event, body=body))
    pipeline.ask(Stage.RECEIVE, guid)
    return guid


def outcome(pipeline: Bare, guid: str) -> tuple[str, str | None]:
    with pipeline.context.scope() as session:
        delivery = session.get_one(Delivery, guid)
        return delivery.status.value, delivery.reason


def received(pipeline: Bare, event: str, payload: object) -> tuple[str, Work]:
    """What becomes of one delivery, and which work is asked for then."""
    guid = deliver(pipeline, event, payload)
    pipeline.drain(only=Stage.RECEIVE)
    return outcome(pipeline, guid)[0], pipeline.asked()


def pull_request(action: str, number: int = 7) -> dict[str, Any]:
    return {**BASE, "action": action, "pull_request": {"number": number}}


def comment(action: str, **more: Any) -> dict[str, Any]:
    return {**BASE, "action": action, "issue": ON_PULL_REQUEST, "comment": {"id": 41, "user": ACCOUNT}, **more}


def check(action: str, kind: str = "check_run", **more: Any) -> dict[str, Any]:
    return {**BASE, "action": action, kind: {"id": 8, "head_sha": HEAD, "pull_requests": []}, **more}


def installation(action: str, number: int = 3, **more: Any) -> dict[str, Any]:
    about = {"installation": {"id": number, "account": ACCOUNT}, "repositories": LISTED, "sender": BASE["sender"]}
    return {**about, "action": action, **more}


def button(identifier: str) -> dict[str, Any]:
    return check("requested_action", requested_action={"identifier": identifier})


def standing(pipeline: Bare) -> dict[int, tuple[str, bool, int]]:
    """Repository → its name, whether it may be read, and through which installation."""
    with pipeline.context.scope() as session:
        return {row.id: (row.full_name, row.active, row.installation_id) for row in session.query(Repository)}


def clear(pipeline: Bare) -> None:
    """Forget everything that tests of receiving leave."""
    with pipeline.context.scope() as session:
        for table in (Job, Delivery, SubmissionRow, PullRequestRow, Repository, Installation):
            session.execute(delete(table))
