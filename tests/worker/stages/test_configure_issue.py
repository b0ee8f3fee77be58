"""A broken configuration: the last good one counts, and one issue says what is wrong until it is mended."""

from __future__ import annotations

import pytest

from demo.github.faults import Fault, dropped, server_error
from rules.competition import builtin
from tests.pipeline import Pipeline
from tests.standin import StandIn
from tests.worker.stages.configuring import (
    BROKEN,
    BROKEN_TOO,
    GOOD,
    SAYS,
    STRICTER,
    Push,
    audited,
    configure,
    issues,
    known,
    title,
)
from worker.configuration import MOST_BYTES, PATH
from worker.store.models import Stage


def test_a_broken_file_leaves_the_last_good_one_in_force_and_opens_one_issue(
    pipeline: Pipeline, github: StandIn, push: Push
) -> None:
    push(GOOD)
    push(BROKEN)
    push(BROKEN)
    row = known(pipeline, github)
    assert title(pipeline, github) == "Spindle"
    assert row.configuration == GOOD.decode()
    assert row.configuration_fault is not None
    assert row.configuration_fault.startswith(f"{PATH}:6: unknown key `limits.train_secs`")
    (issue,) = issues(github)
    assert (row.fault_issue, issue.state, issue.by_app) == (issue.number, "open", True)
    link = f"{github.url}/{github.repository.full_name}/blob/main/{PATH}"
    assert issue.body is not None
    assert SAYS.format(link) in issue.body
    assert "judged by the last version of the file that could be used" in issue.body
    assert audited(pipeline) == ["configuration-changed", "configuration-broken"]
    assert github.state.log.count("PATCH", "*/issues/*") == 0


def test_a_file_that_never_was_good_leaves_the_default_competition(pipeline: Pipeline, github: StandIn) -> None:
    configure(pipeline, github)  # the stand-in's own file lacks nearly everything
    (issue,) = issues(github)
    assert title(pipeline, github) == builtin().title
    assert issue.body is not None
    assert "`tracks` is missing: add it" in issue.body
    assert "judged by the default competition" in issue.body


def test_the_issue_is_edited_in_place_when_the_fault_changes(pipeline: Pipeline, github: StandIn, push: Push) -> None:
    push(BROKEN)
    push(BROKEN_TOO)
    (issue,) = issues(github)
    assert issue.body is not None
    assert "limits.train_secs" not in issue.body
    assert "#L6): `artifact.max_bytes`" in issue.body


def test_the_issue_is_closed_with_thanks_when_mended_and_opened_again_for_the_next_fault(
    pipeline: Pipeline, github: StandIn, push: Push
) -> None:
    push(BROKEN)
    push(STRICTER)
    (issue,) = issues(github)
    assert (issue.state, known(pipeline, github).fault_issue) == ("closed", None)
    assert issue.body is not None
    assert "Thank you" in issue.body
    assert known(pipeline, github).configuration_fault is None
    assert audited(pipeline) == ["configuration-broken", "configuration-changed", "configuration-mended"]
    push(BROKEN)
    assert issues(github) == [issue]
    assert (issue.state, known(pipeline, github).fault_issue) == ("open", issue.number)


def test_an_issue_that_a_person_closed_stays_closed_until_the_fault_changes(
    pipeline: Pipeline, github: StandIn, push: Push
) -> None:
    push(BROKEN)
    (issue,) = issues(github)
    issue.closed_at = github.state.now()
    push(BROKEN)
    assert issue.state == "closed"
    push(BROKEN_TOO)
    assert issue.state == "open"


def test_the_issue_of_somebody_else_is_not_taken_for_ours(pipeline: Pipeline, github: StandIn, push: Push) -> None:
    theirs = github.people.open_issue(github.repository, "mallory", "x", "<!-- fairway:configuration --> mine")
    push(BROKEN)
    assert theirs.body == "<!-- fairway:configuration --> mine"
    assert [issue.by_app for issue in issues(github)] == [False, True]


@pytest.mark.parametrize("fault", [dropped(after=True), server_error(after=True), dropped(), server_error()])
def test_an_answer_that_is_lost_leads_to_no_second_issue(
    pipeline: Pipeline, github: StandIn, push: Push, fault: Fault
) -> None:
    github.state.faults.plan(fault, method="POST", path="*/issues")
    push(BROKEN)
    pipeline.hurry()
    pipeline.drain()
    (issue,) = issues(github)
    assert known(pipeline, github).fault_issue == issue.number


def test_a_fault_that_is_mended_before_its_issue_was_noted_leaves_none_open(
    pipeline: Pipeline, github: StandIn, push: Push
) -> None:
    github.state.faults.plan(dropped(after=True), method="POST", path="*/issues")
    push(BROKEN)
    assert [issue.state for issue in issues(github)] == ["open"]
    push(GOOD)
    assert [issue.state for issue in issues(github)] == ["closed"]


def test_a_repository_without_issues_is_configured_all_the_same(
    pipeline: Pipeline, github: StandIn, push: Push
) -> None:
    github.state.faults.plan(server_error(410), method="POST", path="*/issues", times=None)
    push(GOOD)
    push(BROKEN)
    row = known(pipeline, github)
    assert (row.configuration, row.fault_issue) == (GOOD.decode(), None)
    assert row.configuration_fault is not None
    assert not pipeline.job(Stage.CONFIGURE).pending


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"#" * (MOST_BYTES + 1), "262,145 bytes, more than the 262,144 that are read"),
        (b"#" * 1_100_000, "more than a megabyte"),
        (GOOD + b'# caf\xe9\nx = "y"\n', "[line 4]"),
        (b"a" + b".a" * 65 + b" = 1\n", "more than 64 parts"),
        (b"x = " + b"[" * 50_000, "nested too deeply"),
    ],
)
def test_what_cannot_be_read_at_all_is_a_fault(
    pipeline: Pipeline, github: StandIn, push: Push, content: bytes, says: str
) -> None:
    push(content)
    (issue,) = issues(github)
    assert issue.body is not None
    assert says in issue.body


def test_text_of_the_file_cannot_act_in_the_issue(pipeline: Pipeline, github: StandIn, push: Push) -> None:
    push(GOOD + b'"@everyone <img src=x> ![](http://example.org)" = 1\n')
    (issue,) = issues(github)
    assert issue.body is not None
    assert "`@everyone <img src=x> ![](http://example.org)`" in issue.body
