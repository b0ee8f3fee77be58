"""Deliveries that come twice, late, in any order or malformed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from random import Random
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.databases import database
from tests.worker.bare import Bare, bare
from tests.worker.deliveries import (
    BASE,
    CONFIGURED,
    HEAD,
    check,
    clear,
    comment,
    deliver,
    installation,
    outcome,
    pull_request,
    standing,
)
from worker.stages import receive
from worker.store.models import Delivery, DeliveryStatus, Installation, Stage

STORY: Sequence[tuple[str, dict[str, Any]]] = [
    ("installation", installation("created")),
    ("installation", installation("deleted")),
    ("installation", installation("created", 4)),
    ("pull_request", pull_request("opened")),
    ("pull_request", {**pull_request("synchronize", 8), "installation": {"id": 4}}),
    ("pull_request", pull_request("closed")),
    ("issue_comment", comment("created")),
    ("issue_comment", comment("edited")),
    ("push", {**BASE, "ref": "refs/heads/main", "installation": {"id": 4}}),
]


@settings(max_examples=25, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 1 << 32))
def test_duplicates_in_any_order_ask_for_the_same_work_and_end_in_the_same_state(shared: Bare, seed: int) -> None:
    random = Random(seed)
    told = [(f"{seed:032x}-{number}", *one) for number, one in enumerate(STORY)]
    told += random.choices(told, k=8)
    random.shuffle(told)
    clear(shared)
    for guid, event, payload in told:
        deliver(shared, event, payload, guid)
        if random.random() < 0.5:
            shared.drain(only=Stage.RECEIVE)
    shared.drain(only=Stage.RECEIVE)
    assert shared.asked() == {*CONFIGURED, ("fetch", "5#7"), ("fetch", "5#8"), ("command", "5:41")}
    assert standing(shared) == {5: ("spindle/heat", True, 4), 6: ("spindle/cold", True, 4)}
    with shared.context.scope() as session:
        assert {row.id: row.active for row in session.query(Installation)} == {3: False, 4: True}
        assert {row.status for row in session.query(Delivery)} == {DeliveryStatus.DONE}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bare]:
    """One pipeline for many examples."""
    folder = tmp_path_factory.mktemp("shared")
    with database("postgresql", folder) as url, bare(url, folder, {Stage.RECEIVE: receive.run}) as made:
        yield made


WHOLE = {**check("x", requested_action={"identifier": "rerun"}), **comment("x"), **pull_request("x"), "ref": "x"}
WHOLE |= {"check_suite": {"head_sha": HEAD}, "installation": {"id": 3, "account": {"id": 9, "login": "spindle"}}}
actions = st.sampled_from(["opened", "created", "edited", "rerequested", "requested_action", "unsuspend", "added"])


def test_a_delivery_that_was_handled_is_not_handled_again(shared: Bare) -> None:
    clear(shared)
    guid = deliver(shared, "pull_request", pull_request("opened"))
    shared.drain(only=Stage.RECEIVE)
    asked = shared.job(Stage.FETCH, "5#7").wanted
    shared.ask(Stage.RECEIVE, guid)
    shared.drain(only=Stage.RECEIVE)
    assert shared.job(Stage.FETCH, "5#7").wanted == asked


def test_a_job_whose_delivery_was_deleted_is_done(shared: Bare) -> None:
    shared.ask(Stage.RECEIVE, str(UUID(int=1)))
    shared.drain(only=Stage.RECEIVE)
    assert not shared.job(Stage.RECEIVE, str(UUID(int=1))).pending


numbers = st.integers() | st.sampled_from([0, (1 << 62) - 1, 1 << 62, 1.0, "5", "x", None, True])
words = st.sampled_from(["created", "rerequested", "requested_action", "a\0b", "a/b", "/", "", "x" * 255, "ä" * 150])
names = words | st.text(max_size=300) | numbers
accounts = st.fixed_dictionaries({"id": numbers, "login": names})
repositories = st.fixed_dictionaries({"id": numbers, "full_name": names}, optional={"default_branch": names})
many = st.lists(repositories, max_size=2)
shas = st.sampled_from(["a" * 40, "b" * 64, "A" * 40, "", "g" * 40, "\0" * 40])
PARTS: dict[str, st.SearchStrategy[object]] = {
    "action": names,
    "installation": st.fixed_dictionaries({"id": numbers}, optional={"account": accounts}),
    "repository": repositories,
    "repository.id": numbers,
    "repository.full_name": names,
    "repository.default_branch": names,
    "sender.login": names,
    "pull_request.number": numbers,
    "issue.pull_request": st.just({}) | names,
    "comment.id": numbers,
    "check_run.head_sha": shas,
    "check_suite.head_sha": shas,
    "requested_action.identifier": names,
    "ref": names,
    "repositories": many,
    "repositories_added": many,
    "repositories_removed": many,
}


@settings(max_examples=300, suppress_health_check=list(HealthCheck))
@given(st.data(), st.sampled_from(sorted(receive.HANDLERS)), st.sampled_from(sorted(PARTS)))
def test_no_payload_ends_in_an_error(shared: Bare, data: st.DataObject, event: str, part: str) -> None:
    payload = json.loads(json.dumps({**WHOLE, "action": data.draw(actions)}))
    name, _, inner = part.partition(".")
    drawn = data.draw(PARTS[part])
    if inner:
        payload[name][inner] = drawn
    else:
        payload[name] = drawn
    guid = deliver(shared, event, payload)
    shared.drain(only=Stage.RECEIVE)
    job = shared.job(Stage.RECEIVE, guid)
    assert (job.pending, job.attempts, job.last_error) == (False, 0, None)
    assert outcome(shared, guid)[0] in ("done", "ignored", "failed")
