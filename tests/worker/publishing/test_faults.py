"""Crashes, faults of GitHub and people who interfere: nothing is doubled, lost or said about the wrong commit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from demo.github.faults import Fault, dropped, secondary_limit, server_error
from rules.rule import Severity
from tests.standin import AUTHOR, ORGANIZER, HandClock
from tests.worker.publishing.scene import Scene, finding
from worker.clients.gateway import Gateway
from worker.publishing.comment import MARKER
from worker.store import publications
from worker.store.models import Outcome

COMMENTS = "/repos/*/issues/*/comments"
UNCERTAIN = [dropped(after=True), server_error(after=True), dropped(), server_error()]


class Between:
    """A gateway that lets something happen right before one kind of call."""

    def __init__(self, inner: Gateway, call: str, happen: Callable[[], object]) -> None:
        self._inner, self._call, self._happen = inner, call, happen

    def __getattr__(self, name: str) -> Any:
        if name == self._call:
            self._happen()
        return getattr(self._inner, name)


def meanwhile(publishing: Scene, call: str, happen: Callable[[], object]) -> None:
    """Let something happen before the next such call."""
    context = publishing.pipeline.context
    once = [happen]
    between: Any = Between(context.github, call, lambda: once.pop()() if once else None)
    publishing.pipeline.context = replace(context, github=between)


def again(publishing: Scene) -> None:
    """Do what was parked."""
    publishing.pipeline.hurry()
    publishing.pipeline.drain()


@pytest.mark.parametrize("fault", UNCERTAIN)
def test_crash_around_the_posting_of_a_comment_leaves_one(publishing: Scene, fault: Fault) -> None:
    publishing.github.state.faults.plan(fault, method="POST", path=COMMENTS)
    publishing.decide(finding()).publish()
    assert publishing.job.pending
    assert publishing.job.attempts == 0
    again(publishing)
    assert "What was found at" in publishing.comment
    assert not publishing.job.pending


@pytest.mark.parametrize("fault", UNCERTAIN)
def test_crash_around_the_creation_of_a_check_leaves_one(publishing: Scene, fault: Fault) -> None:
    publishing.github.state.faults.plan(fault, method="POST", path="*/check-runs")
    publishing.decide(*(finding(line=n) for n in range(1, 121))).publish()
    again(publishing)
    assert len(publishing.checks) == 1
    assert [one["start_line"] for one in publishing.check.annotations] == list(range(1, 121))


@pytest.mark.parametrize("fault", UNCERTAIN)
def test_crash_between_batches_doubles_and_loses_no_annotation(publishing: Scene, fault: Fault) -> None:
    publishing.publish()
    publishing.github.state.faults.plan(fault, method="PATCH", path="*/check-runs/*", times=2)
    publishing.decide(*(finding(line=n) for n in range(1, 121))).publish()
    again(publishing)
    again(publishing)
    assert [one["start_line"] for one in publishing.check.annotations] == list(range(1, 121))
    assert publishing.check.conclusion == "neutral"


def test_worker_that_dies_before_it_remembers_the_comment_leaves_one(publishing: Scene) -> None:
    def die() -> None:
        raise KeyboardInterrupt

    publishing.decide(finding())
    meanwhile(publishing, "labels", die)
    keep = publications.keep

    def lost(*arguments: Any, **values: Any) -> None:
        if arguments[2] == publications.COMMENT and values["github_id"] is not None:
            raise KeyboardInterrupt
        keep(*arguments, **values)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(publications, "keep", lost)
        with pytest.raises(KeyboardInterrupt):
            publishing.publish()
    assert len(publishing.comments) == 1
    with pytest.raises(KeyboardInterrupt):
        take_over(publishing)
    take_over(publishing)
    assert "What was found at" in publishing.comment
    assert publishing.labels == {"fairway:needs-review"}


def take_over(publishing: Scene) -> None:
    """The lease of a dead worker runs out, and another one takes the job."""
    with publishing.pipeline.context.scope() as session:
        job = session.merge(publishing.job)
        job.leased_until = job.created_at
        job.announced_at = None
    publishing.pipeline.drain()


def test_comment_that_a_person_deleted_is_posted_anew_once_there_is_news(publishing: Scene) -> None:
    publishing.decide(finding()).publish()
    publishing.github.people.delete_comment(publishing.comments[0], ORGANIZER)
    publishing.publish()
    assert publishing.comments == []
    publishing.decide().publish()
    assert "clear" in publishing.comment
    publishing.rule(Outcome.ACCEPTED).publish()
    assert "Accepted" in publishing.comment


def test_comment_of_somebody_else_with_our_marker_is_left_alone(publishing: Scene) -> None:
    body = f"{MARKER}\n\n## Fairway: accepted"
    theirs = publishing.github.people.comment(publishing.github.repository, publishing.pull.number, AUTHOR, body)
    publishing.decide(finding()).publish()
    assert theirs.body == body
    assert "What was found at" in publishing.comment


@pytest.mark.parametrize("call", ["create_comment", "find_comment", "labels", "create_check"])
def test_push_in_the_midst_of_publishing_stops_what_is_not_bound_to_its_commit(publishing: Scene, call: str) -> None:
    old = publishing.pull.head_sha
    publishing.decide(finding())
    heads: list[str] = []
    meanwhile(publishing, call, lambda: heads.append(publishing.push()))
    publishing.publish()
    (new,) = heads
    assert not publishing.job.pending
    publishing.publish()
    assert publishing.check_at(new).status == "in_progress"
    assert publishing.labels == set()
    for comment in publishing.comments:
        assert f"A newer commit, `{new}`, is being read" in comment.body or old not in comment.body
    publishing.decide().publish()
    assert publishing.labels == {"fairway:clear"}
    assert f"What was found at {new}" in publishing.comment


def test_secondary_limit_parks_the_job_and_nothing_is_asked_until_it_is_over(
    publishing: Scene, clock: HandClock
) -> None:
    state = publishing.github.state
    state.faults.plan(secondary_limit(60), method="POST", path=COMMENTS)
    publishing.decide(finding()).publish()
    assert publishing.job.pending
    assert publishing.job.attempts == 0
    assert publishing.check.conclusion == "neutral"
    (window,) = state.faults.windows
    clock.forward(seconds=30)
    again(publishing)
    assert state.log.between(window.start, window.end) == []
    assert publishing.comments == []
    clock.forward(seconds=31)
    again(publishing)
    assert "What was found at" in publishing.comment
    assert not publishing.job.pending


@pytest.mark.parametrize("path", [COMMENTS, "*/check-runs"])
def test_what_was_begun_in_vain_is_said_once_the_pull_request_is_open_again(publishing: Scene, path: str) -> None:
    publishing.github.state.faults.plan(server_error(), method="POST", path=path)
    publishing.decide(finding()).publish()
    publishing.see(state="closed")
    again(publishing)
    assert publishing.comments == []
    publishing.see(state="open").publish()
    assert publishing.check.conclusion == "neutral"
    assert "What was found at" in publishing.comment


def test_label_removed_meanwhile_and_lost_answer_end_in_the_same_labels(publishing: Scene) -> None:
    publishing.decide(finding()).publish()
    faults = publishing.github.state.faults
    faults.plan(dropped(after=True), method="DELETE", path="*/labels/*")
    faults.plan(server_error(after=True), method="POST", path="*/labels")
    publishing.decide().publish()
    again(publishing)
    again(publishing)
    assert publishing.labels == {"fairway:clear"}


def test_refused_check_does_not_keep_comment_and_labels_away(publishing: Scene) -> None:
    publishing.github.state.faults.plan(server_error(422), method="POST", path="*/check-runs", times=None)
    publishing.decide(finding()).publish()
    assert "What was found at" in publishing.comment
    assert publishing.labels == {"fairway:needs-review"}
    assert publishing.job.attempts == 1
    assert "422" in str(publishing.job.last_error)


def test_check_that_github_forgot_is_made_anew(publishing: Scene) -> None:
    publishing.decide(finding()).publish()
    publishing.github.state.runs.clear()
    publishing.github.state.suites.clear()
    publishing.github.state.suite_of.clear()
    publishing.decide(finding("A01", Severity.BLOCK)).publish()
    assert publishing.check.title == "likely invalid: 1 finding blocks"
    assert len(publishing.check.annotations) == 1


def test_check_whose_update_failed_is_ended_when_the_commit_counts_no_more(publishing: Scene) -> None:
    old = publishing.pull.head_sha
    publishing.publish()
    publishing.github.state.faults.plan(server_error(), method="PATCH", path="*/check-runs/*")
    publishing.decide(finding()).publish()
    publishing.push()
    again(publishing)
    assert publishing.check_at(old).title == "Superseded by a newer commit"


def test_old_check_that_cannot_be_ended_is_not_tried_for_ever(publishing: Scene) -> None:
    publishing.publish()
    publishing.github.state.faults.plan(server_error(422), method="PATCH", path="*/check-runs/*", times=1)
    publishing.push()
    publishing.publish()
    assert not publishing.job.pending
    publishing.publish()
    assert publishing.github.state.log.count("PATCH", "*/check-runs/*") == 1
