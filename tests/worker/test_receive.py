"""Deliveries become requests for work, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest

from tests.databases import database
from tests.worker.bare import Bare, bare
from tests.worker.deliveries import (
    BASE,
    CONFIGURED,
    HEAD,
    LISTED,
    Work,
    button,
    check,
    clear,
    comment,
    deliver,
    installation,
    outcome,
    pull_request,
    received,
    standing,
)
from worker.stages import receive
from worker.store import submissions
from worker.store.models import Installation, PullRequestRow, Repository, Stage


@pytest.fixture(scope="module", params=["postgresql", "sqlite"])
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bare]:
    folder = tmp_path_factory.mktemp("receive")
    with database(request.param, folder) as url, bare(url, folder, {Stage.RECEIVE: receive.run}) as made:
        yield made


@pytest.fixture
def pipeline(shared: Bare) -> Bare:
    clear(shared)
    return shared


FETCH: Work = {("fetch", "5#7")}
COMMAND: Work = {("command", "5:41")}
ASKED: Sequence[tuple[str, dict[str, Any], Work]] = [
    *(("pull_request", pull_request(action), FETCH) for action in sorted(receive.PULL_REQUEST_ACTIONS)),
    *(("issue_comment", comment(action), COMMAND) for action in ("created", "edited")),
    ("push", {**BASE, "ref": "refs/heads/main"}, {("configure", "5")}),
    ("installation", installation("created"), CONFIGURED),
    ("installation", installation("unsuspend"), CONFIGURED),
    ("installation", installation("new_permissions_accepted"), CONFIGURED),
    ("installation_repositories", installation("added", repositories_added=LISTED), CONFIGURED),
    ("ping", {"zen": "Keep it simple.", "hook_id": 1}, set()),
    ("installation", installation("deleted"), set()),
    ("installation", installation("suspend"), set()),
    ("installation_repositories", installation("removed", repositories_removed=LISTED), set()),
]


def test_the_handled_actions_of_pull_requests_are_those_that_matter() -> None:
    wanted = {"opened", "synchronize", "reopened", "ready_for_review", "converted_to_draft", "edited", "closed"}
    assert wanted == receive.PULL_REQUEST_ACTIONS


@pytest.mark.parametrize(("event", "payload", "work"), ASKED, ids=lambda value: name_of(value))
def test_a_delivery_asks_for_the_work_that_it_is_about(
    pipeline: Bare, event: str, payload: dict[str, Any], work: Work
) -> None:
    assert received(pipeline, event, payload) == ("done", work)


IGNORED: Sequence[tuple[str, dict[str, Any]]] = [
    ("pull_request", pull_request("labeled")),
    ("pull_request", pull_request("assigned")),
    ("issue_comment", comment("deleted")),
    ("issue_comment", comment("created", issue={"number": 7})),
    ("check_run", check("created")),
    ("check_run", check("completed")),
    ("check_suite", check("requested", "check_suite")),
    ("push", {**BASE, "ref": "refs/heads/other"}),
    ("push", {**BASE, "ref": "refs/tags/main"}),
    ("star", {**BASE, "action": "created"}),
    ("workflow_run", {**BASE, "action": "completed"}),
    # an event that does not fit its payload
    ("pull_request", comment("created")),
    ("pull_request", {}),
    ("issue_comment", pull_request("edited")),
    ("check_run", pull_request("opened")),
    ("push", pull_request("opened")),
    ("installation", {"action": "created"}),
    ("installation", {**BASE, "action": "created"}),
    ("installation_repositories", {}),
]


@pytest.mark.parametrize(("event", "payload"), IGNORED, ids=lambda value: name_of(value))
def test_what_is_of_no_interest_is_kept_as_ignored(pipeline: Bare, event: str, payload: dict[str, Any]) -> None:
    assert received(pipeline, event, payload) == ("ignored", set())


def name_of(value: object) -> str:
    """For pytest's names: the event, or the action."""
    return value if isinstance(value, str) else str(value.get("action", "")) if isinstance(value, Mapping) else ""


@pytest.mark.parametrize(
    "body", [b"{", b'{"repository": {"id": "many"}}', b'{"a": "\\ud800"}', b"\xff", b'{"issue": 4}']
)
def test_a_body_that_cannot_be_read_is_kept_as_failed_with_its_reason(pipeline: Bare, body: bytes) -> None:
    guid = deliver(pipeline, "pull_request", body)
    pipeline.drain(only=Stage.RECEIVE)
    status, reason = outcome(pipeline, guid)
    assert (status, bool(reason)) == ("failed", True)
    assert pipeline.asked() == set()
    assert not pipeline.job(Stage.RECEIVE, guid).pending


# Checks


@pytest.mark.parametrize("event", ["check_run", "check_suite"])
def test_a_rerun_finds_the_pull_requests_of_the_head_by_our_own_table(pipeline: Bare, event: str) -> None:
    received(pipeline, "ping", BASE)
    with pipeline.context.scope() as session:
        for number in (7, 8):
            row = PullRequestRow(repository_id=5, number=number, created_at=pipeline.context.now())
            session.add(row)
            session.flush()
            submissions.begin(session, row.id, HEAD)
    work = {("command", "5#7!rerun"), ("command", "5#8!rerun")}
    assert received(pipeline, event, check("rerequested", event)) == ("done", work)


def test_a_rerun_of_a_head_that_nobody_knows_asks_for_nothing(pipeline: Bare) -> None:
    assert received(pipeline, "check_run", check("rerequested")) == ("done", set())


@pytest.mark.parametrize("identifier", ["rerun", "human-review", "reproduce"])
def test_a_button_becomes_a_command_of_whoever_pressed_it(pipeline: Bare, identifier: str) -> None:
    status, work = received(pipeline, "check_run", button(identifier))
    assert status == "done"
    [(stage, subject)] = work
    assert stage == "command"
    assert subject.startswith(f"5!{HEAD}!{identifier}!")


# Repositories and installations


def test_a_repository_that_was_never_announced_is_learned_from_its_first_event(pipeline: Bare) -> None:
    assert received(pipeline, "pull_request", pull_request("opened")) == ("done", FETCH)
    with pipeline.context.scope() as session:
        repository, account = session.get_one(Repository, 5), session.get_one(Installation, 3)
        assert (repository.full_name, repository.active, repository.installation_id) == ("spindle/heat", True, 3)
        assert (account.account, account.active) == ("spindle", True)


def test_a_renamed_repository_is_known_by_its_new_name(pipeline: Bare) -> None:
    received(pipeline, "installation", installation("created"))
    renamed = {**BASE, "repository": {**BASE["repository"], "full_name": "spindle/warm"}}
    received(pipeline, "pull_request", {**renamed, "action": "opened", "pull_request": {"number": 7}})
    assert standing(pipeline)[5] == ("spindle/warm", True, 3)


@pytest.mark.parametrize("action", ["suspend", "deleted"])
def test_an_installation_that_is_gone_takes_its_repositories_along(pipeline: Bare, action: str) -> None:
    received(pipeline, "installation", installation("created"))
    received(pipeline, "installation", installation(action))
    assert {active for _, active, _ in standing(pipeline).values()} == {False}
    received(pipeline, "pull_request", pull_request("opened"))
    assert {active for _, active, _ in standing(pipeline).values()} == {False}, "a late event revives nothing"


def test_an_installation_that_works_again_brings_its_repositories_back(pipeline: Bare) -> None:
    for action in ("created", "suspend", "unsuspend"):
        received(pipeline, "installation", installation(action))
    assert {active for _, active, _ in standing(pipeline).values()} == {True}


def test_repositories_come_and_go_with_the_selection(pipeline: Bare) -> None:
    received(pipeline, "installation_repositories", installation("added", repositories_added=LISTED))
    received(pipeline, "installation_repositories", installation("removed", repositories_removed=LISTED[:1]))
    assert {number: active for number, (_, active, _) in standing(pipeline).items()} == {5: False, 6: True}
