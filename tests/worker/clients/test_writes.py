"""What the gateway writes, against the stand-in, which checks every request against GitHub's description."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from demo.github import GITHUBS
from tests.standin import AUTHOR, HandClock, StandIn, stand_in
from tests.worker.clients.conftest import settings_of
from worker.clients.gateway import (
    AbsentError,
    Annotation,
    Check,
    CheckAction,
    Conclusion,
    IssueFacts,
    LimitedError,
    RefusedError,
    Repo,
)
from worker.clients.github import GitHubGateway
from worker.clients.pacer import LocalPacer, Pace
from worker.settings import Settings

ACTIONS = tuple(CheckAction(f"Button {n}", "what it does", f"button-{n}") for n in range(3))


def check(head_sha: str, annotations: int = 0) -> Check:
    notes = tuple(Annotation("entries/new/train.py", n, "warning", f"T{n}", "see") for n in range(1, annotations + 1))
    return Check("Fairway", head_sha, "submission 1", "In progress", "Reading", annotations=notes, actions=ACTIONS)


def test_check_is_created_in_progress_and_finished(github: StandIn, gateway: GitHubGateway, repo: Repo) -> None:
    begun = check(github.pull_request().head_sha)
    number = gateway.create_check(repo, begun)
    run = github.state.runs[number]
    assert (run.status, run.external_id, run.conclusion, run.title) == (
        "in_progress",
        "submission 1",
        None,
        "In progress",
    )
    assert [action["identifier"] for action in run.actions] == ["button-0", "button-1", "button-2"]
    done = replace(begun, title="Done", conclusion=Conclusion.ACTION_REQUIRED, details_url="https://example.org/1")
    gateway.update_check(repo, number, done)
    assert (run.status, run.conclusion, run.title, run.details_url) == (
        "completed",
        "action_required",
        "Done",
        "https://example.org/1",
    )


def test_annotations_come_in_batches_of_fifty_each_once(github: StandIn, gateway: GitHubGateway, repo: Repo) -> None:
    wanted = check(github.pull_request().head_sha, annotations=120)
    number = gateway.create_check(repo, wanted)
    assert gateway.annotation_count(repo, number) == 50
    gateway.update_check(repo, number, wanted, annotations_from=50)
    assert gateway.annotation_count(repo, number) == 120
    told = github.state.runs[number].annotations
    assert [one["start_line"] for one in told] == list(range(1, 121))
    assert github.state.log.count("PATCH", "*/check-runs/*") == 2


def test_update_without_new_annotations_is_one_request(github: StandIn, gateway: GitHubGateway, repo: Repo) -> None:
    wanted = check(github.pull_request().head_sha, annotations=50)
    number = gateway.create_check(repo, wanted)
    gateway.update_check(repo, number, wanted, annotations_from=50)
    assert len(github.state.runs[number].annotations) == 50
    assert github.state.log.count("PATCH", "*/check-runs/*") == 1


def test_what_is_too_long_is_cut_to_what_github_takes(github: StandIn, gateway: GitHubGateway, repo: Repo) -> None:
    pull = github.pull_request()
    long = "é" * 70_000
    action = CheckAction("l" * 30, "d" * 50, "i" * 30)
    note = Annotation("a.py", 0, "notice", long, long)
    wanted = Check("Fairway", pull.head_sha, "1", long, long, long, None, None, (note,), (action,) * 4)
    run = github.state.runs[gateway.create_check(repo, wanted)]
    assert run.summary is not None
    assert run.summary.endswith("(cut)")
    assert len(run.actions) == 3
    assert run.annotations[0]["start_line"] == 1
    comment = github.state.comments[gateway.create_comment(repo, pull.number, long)]
    assert len(comment.body) == 65_536
    assert comment.body.endswith("(cut)")


def test_comment_is_created_and_edited_in_place(github: StandIn, gateway: GitHubGateway, repo: Repo) -> None:
    number = github.pull_request().number
    made = gateway.create_comment(repo, number, "first")
    gateway.update_comment(repo, made, "second")
    assert github.state.comments[made].body == "second"
    assert github.state.comments[made].by_app
    assert github.state.log.created["comment"] == 1


def test_reaction_may_be_given_twice(github: StandIn, gateway: GitHubGateway, repo: Repo) -> None:
    theirs = github.people.comment(github.repository, github.pull_request().number, AUTHOR, "/fairway rerun")
    gateway.react(repo, theirs.id, "eyes")
    gateway.react(repo, theirs.id, "eyes")
    assert [one.content for one in theirs.reactions.values()] == ["eyes"]


def test_labels_by_difference_leave_others_alone(github: StandIn, gateway: GitHubGateway, repo: Repo) -> None:
    number = github.pull_request().number
    github.people.label(github.repository, number, AUTHOR, "human's own")
    gateway.add_labels(repo, number, ["fairway: needs/review?", "fairway: ü"])
    gateway.remove_label(repo, number, "fairway: needs/review?")
    assert gateway.labels(repo, number) == ("human's own", "fairway: ü")


def test_removing_a_label_that_is_not_there_is_done_already(
    github: StandIn, gateway: GitHubGateway, repo: Repo
) -> None:
    gateway.remove_label(repo, github.pull_request().number, "fairway: gone")


def test_adding_no_label_asks_nothing(github: StandIn, gateway: GitHubGateway, repo: Repo) -> None:
    gateway.add_labels(repo, 1, [])
    assert github.state.log.count("POST", "*/labels") == 0


def test_issue_is_opened_changed_and_closed(github: StandIn, gateway: GitHubGateway, repo: Repo) -> None:
    number = gateway.create_issue(repo, "Configuration is broken", "line 3")
    gateway.update_issue(repo, number, body="line 4", is_open=False)
    issue = github.repository.issues[number]
    assert (issue.title, issue.body, issue.state) == ("Configuration is broken", "line 4", "closed")


def test_issue_of_the_app_is_found_again_by_its_marker(github: StandIn, gateway: GitHubGateway, repo: Repo) -> None:
    mark = "<!-- mark -->"
    github.people.open_issue(github.repository, AUTHOR, "Mine", f"{mark} not the App's")
    assert gateway.find_issue(repo, mark) is None
    gateway.create_issue(repo, "Another", "of the App")
    number = gateway.create_issue(repo, "Broken", f"{mark} line 3")
    gateway.create_issue(repo, "Broken again", f"{mark} line 4")
    gateway.update_issue(repo, number, body=f"{mark} mended", is_open=False)
    assert gateway.find_issue(repo, mark) == IssueFacts(number, f"{mark} mended", is_open=False)
    assert gateway.issue(repo, number) == IssueFacts(number, f"{mark} mended", is_open=False)


def test_write_to_what_is_gone_is_absent(github: StandIn, gateway: GitHubGateway, repo: Repo) -> None:
    with pytest.raises(AbsentError):
        gateway.create_comment(repo, 99, "hello")
    with pytest.raises(AbsentError):
        gateway.update_comment(repo, 99, "hello")


def test_check_for_a_commit_that_is_not_there_is_refused(github: StandIn, gateway: GitHubGateway, repo: Repo) -> None:
    with pytest.raises(RefusedError, match="No commit found"):
        gateway.create_check(repo, check("0" * 40))


def test_creations_wait_for_their_turn_and_changes_do_not(
    github: StandIn, settings: Settings, repo: Repo, clock: HandClock
) -> None:
    pacer = LocalPacer(Pace(burst=1), lambda: clock().timestamp())
    gateway = GitHubGateway(settings, pacer, clock=lambda: clock().timestamp())
    number = github.pull_request().number
    made = gateway.create_comment(repo, number, "first")
    with pytest.raises(LimitedError, match="paced") as caught:
        gateway.add_labels(repo, number, ["fairway: clear"])
    assert caught.value.seconds == pytest.approx(1)
    gateway.update_comment(repo, made, "second")
    clock.forward(seconds=1)
    gateway.add_labels(repo, number, ["fairway: clear"])
    assert gateway.labels(repo, number) == ("fairway: clear",)
    gateway.close()


def test_two_jobs_that_wait_for_the_same_do_not_share_a_place(
    github: StandIn, settings: Settings, repo: Repo, clock: HandClock
) -> None:
    pacer = LocalPacer(Pace(burst=1), lambda: clock().timestamp())
    gateway = GitHubGateway(settings, pacer, clock=lambda: clock().timestamp())
    numbers = [github.pull_request().number for _ in range(3)]
    gateway.create_comment(repo, numbers[0], "first")
    waits = []
    for number in numbers[1:]:
        with pytest.raises(LimitedError) as caught:
            gateway.create_comment(repo, number, "next")
        waits.append(caught.value.seconds)
    assert waits == [pytest.approx(1), pytest.approx(2)]
    gateway.close()


def test_bulk_of_writes_never_meets_githubs_limits(tmp_path: Path, clock: HandClock) -> None:
    seconds = lambda: clock().timestamp()  # noqa: E731 - two words for a clock
    with stand_in(tmp_path, clock=clock, limits=GITHUBS) as github:
        gateway = GitHubGateway(settings_of(github), LocalPacer(clock=seconds), clock=seconds)
        repo = Repo(github.repository.id, github.repository.full_name, github.installation.id)
        number = github.pull_request().number
        for n in range(150):
            while True:
                try:
                    gateway.create_comment(repo, number, f"comment {n}")
                    break
                except LimitedError as error:
                    clock.forward(seconds=error.seconds)
        assert github.state.faults.windows == []
        assert github.state.log.created["comment"] == 150
        assert github.state.log.busiest(timedelta(minutes=1)) == 80
        gateway.close()
