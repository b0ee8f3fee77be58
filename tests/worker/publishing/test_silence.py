"""Where Fairway says less, or nothing."""

from __future__ import annotations

from typing import Any

import pytest

from rules.rule import Severity
from tests.worker.publishing.scene import Scene, finding, snapshot
from tests.worker.publishing.test_flow import SHIPPED
from worker.store.models import Installation, Outcome, Repository, Stage


@pytest.mark.parametrize("fact", ["draft", "quiet"])
def test_draft_and_quiet_pull_requests_get_a_check_only(publishing: Scene, fact: str) -> None:
    yes: dict[str, Any] = {fact: True}
    publishing.see(**yes).decide(finding()).publish()
    assert publishing.check.title == "needs review: 1 needs a person"
    assert publishing.comments == []
    assert publishing.labels == set()
    no: dict[str, Any] = {fact: False}
    publishing.see(**no).publish()
    assert "What was found at" in publishing.comment
    assert publishing.labels == {"fairway:needs-review"}


@pytest.mark.parametrize("facts", [{"draft": True}, {"state": "closed"}, {"quiet": True}])
def test_what_stands_already_is_kept_true(publishing: Scene, facts: dict[str, Any]) -> None:
    publishing.decide(finding()).publish()
    publishing.see(**facts).rule(Outcome.ACCEPTED, reason="checked by hand").publish()
    assert (publishing.check.conclusion, publishing.check.title) == ("success", "accepted: 1 needs a person")
    assert "checked by hand" in publishing.comment
    assert publishing.labels == {"fairway:needs-review", "fairway:accepted"}


def test_closed_pull_request_gets_nothing_that_it_had_not(publishing: Scene) -> None:
    publishing.see(state="closed").decide(finding()).rule(Outcome.ACCEPTED).publish()
    assert publishing.writes() == 0
    assert publishing.row.published_at is None
    assert not publishing.job.pending


def test_closed_before_it_was_read_leaves_no_check_in_progress(publishing: Scene) -> None:
    publishing.publish().see(state="closed").publish()
    assert (publishing.check.conclusion, publishing.check.title) == ("neutral", "Closed before it was read")
    publishing.see(state="open").publish()
    assert publishing.check.status == "in_progress"


def test_comment_that_a_person_deleted_is_not_posted_on_a_closed_pull_request(publishing: Scene) -> None:
    publishing.decide(finding()).publish()
    publishing.github.people.delete_comment(publishing.comments[0])
    publishing.see(state="closed").rule(Outcome.REJECTED).publish()
    assert publishing.comments == []
    searched = publishing.github.state.log.count("GET", "*/comments")
    publishing.publish()
    assert publishing.github.state.log.count("GET", "*/comments") == searched


def test_pull_request_without_a_submission_is_told_so_in_its_check(publishing: Scene) -> None:
    files = snapshot(publishing.pull.head_sha, folder="")
    publishing.publish().decide(finding(severity=Severity.BLOCK), files=files).publish()
    assert (publishing.check.conclusion, publishing.check.title) == ("neutral", "No submission in this pull request")
    assert publishing.check.annotations == []
    assert publishing.comments == []
    assert publishing.labels == set()


def test_submission_that_is_taken_out_again_takes_its_labels_along(publishing: Scene) -> None:
    publishing.decide(finding()).publish()
    head = publishing.push()
    publishing.decide(files=snapshot(head, folder="")).publish()
    assert "## No submission in this pull request" in publishing.comment
    assert publishing.labels == set()


def test_competition_may_want_the_check_only(publishing: Scene) -> None:
    publishing.configure(SHIPPED + "\n[publishing]\ncomment = false\nlabels = false\n")
    publishing.decide(finding()).publish()
    assert publishing.check.conclusion == "neutral"
    assert publishing.comments == []
    assert publishing.labels == set()


def test_pull_request_that_is_gone_is_not_written_about(publishing: Scene) -> None:
    publishing.decide(finding()).see(state="gone").publish()
    assert publishing.github.state.log.total == 0
    assert not publishing.job.pending


def test_repository_that_the_app_may_not_read_any_more_is_not_written_about(publishing: Scene) -> None:
    with publishing.pipeline.context.scope() as session:
        session.get_one(Repository, publishing.github.repository.id).active = False
        session.get_one(Installation, publishing.github.installation.id).active = False
    publishing.decide(finding()).publish()
    assert publishing.github.state.log.total == 0


def test_unknown_pull_request_ends_quietly(publishing: Scene) -> None:
    publishing.pipeline.ask(Stage.PUBLISH, str(publishing.submission_id)).drain()
    assert not publishing.pipeline.job(Stage.PUBLISH).pending
    assert publishing.github.state.log.total == 0
