"""From a webhook's delivery to what was asked for: comments, buttons at checks, GitHub's "Re-run"."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demo.github.values import CheckRun
from tests.standin import AUTHOR, ORGANIZER
from tests.worker.commands.conftest import here, lone
from tests.worker.commands.world import World
from worker import pipeline as runner
from worker.clients.gateway import Check, CheckAction, Conclusion, Repo
from worker.commands.asked import BUTTONS, MOST_SUBJECT, Again, Asked, InComment, Press, parse
from worker.store import publications
from worker.store.models import Delivery, Job, Publication, Run, RunStatus, Stage, SubmissionRow

__all__ = ["here", "lone"]

numbers = st.integers(0, 2**62)
shas = st.one_of(*(st.from_regex(rf"[0-9a-f]{{{length}}}", fullmatch=True) for length in (40, 64)))
logins = st.from_regex(r"[A-Za-z0-9_-]{1,39}", fullmatch=True)
things: st.SearchStrategy[Asked] = st.one_of(
    st.builds(InComment, numbers, numbers),
    st.builds(Again, numbers, numbers),
    st.builds(Press, numbers, shas, st.sampled_from(sorted(BUTTONS)), numbers, logins),
)


@given(things)
def test_what_is_asked_fits_into_a_subject_and_comes_back(asked: Asked) -> None:
    assert len(asked.subject) <= MOST_SUBJECT
    back = parse(asked.subject)
    assert back == asked or (isinstance(asked, Press) and back == Press(*_but_login(asked), ""))


def _but_login(asked: Press) -> tuple[int, str, str, int]:
    return asked.repository_id, asked.head_sha, asked.button, asked.user_id


@given(st.text(max_size=200))
def test_any_text_is_refused_or_what_it_says(subject: str) -> None:
    with suppress(ValueError):
        assert parse(subject).subject == subject


def posted(here: World) -> CheckRun:
    """A check with our three buttons at the head."""
    repository, installation = here.github.repository, here.github.installation
    repo = Repo(repository.id, repository.full_name, installation.id)
    actions = tuple(CheckAction(name, name, name) for name in sorted(BUTTONS))
    check = Check("Fairway", here.pull.head_sha, "x", "t", "s", conclusion=Conclusion.NEUTRAL, actions=actions)
    return here.github.state.runs[here.pipeline.context.github.create_check(repo, check)]


def deliver(here: World) -> None:
    """Receive every delivery that GitHub has made since, and carry out what was asked for."""
    hooks = here.github.state.hooks
    waiting = sorted(hooks.records.values(), key=lambda one: one.id)
    hooks.records.clear()
    with here.pipeline.context.scope() as session:
        for one in waiting:
            session.add(Delivery(guid=one.guid, event=one.event, body=one.body))
    for one in waiting:
        here.pipeline.ask(Stage.RECEIVE, one.guid)
        _work(here, Stage.RECEIVE)
    _work(here, Stage.COMMAND)


def _work(here: World, stage: Stage) -> None:
    for job in here.rows(Job):
        if job.stage is stage and job.pending:
            runner.work(here.pipeline.context, job.id)


def asked_for_a_person(here: World) -> bool:
    with here.pipeline.context.scope() as session:
        return here.current(session).human_requested_at is not None


def test_a_comment_becomes_a_ruling_and_that_of_a_bot_is_not_even_read(here: World) -> None:
    deliver(here)
    here.github.people.comment(here.github.repository, here.pull.number, ORGANIZER, "/fairway accept")
    here.github.people.comment(here.github.repository, here.pull.number, "helper[bot]", "/fairway help")
    deliver(here)
    assert len(here.ruled()) == 1
    assert here.github.state.log.count("GET", "*/issues/comments/*") == 1


def test_the_button_for_a_person_works_for_everybody_and_once(here: World) -> None:
    check = posted(here)
    for _ in range(2):
        here.github.people.press(check, "human-review", AUTHOR)
        deliver(here)
    assert asked_for_a_person(here)
    assert here.audited() == [(AUTHOR, "asked for a person")]


def test_the_button_for_a_run_is_a_wish_until_somebody_who_rules_presses_it_too(here: World) -> None:
    check = posted(here)
    here.github.people.press(check, "reproduce", AUTHOR)
    deliver(here)
    assert here.runs() == [("probe", AUTHOR)]
    assert [run.status for run in here.rows(Run)] == [RunStatus.WISHED]
    assert here.asked(Stage.REPRODUCE) == []
    here.github.people.press(check, "reproduce", ORGANIZER)
    deliver(here)
    assert here.runs() == [("probe", ORGANIZER), ("smoke", ORGANIZER)]
    assert {run.status for run in here.rows(Run)} == {RunStatus.REQUESTED}
    assert here.asked(Stage.REPRODUCE) == [str(run.id) for run in here.rows(Run) if run.rung == "smoke"]
    assert here.audited() == [(ORGANIZER, "asked for a run"), (AUTHOR, "wished for a run")]


def test_who_pressed_is_told_by_number_not_by_a_login_that_changes_hands(lone: World) -> None:
    check = posted(lone)
    lone.github.people.press(check, "reproduce", AUTHOR)
    lone.github.people.rename(AUTHOR, "pat-gone")
    lone.github.people.rename(ORGANIZER, AUTHOR)
    deliver(lone)
    assert [run.status for run in lone.rows(Run)] == [RunStatus.WISHED]


@pytest.mark.parametrize("button", ["human-review", "reproduce"])
def test_what_was_pressed_at_a_commit_that_counts_no_more_asks_for_nothing(lone: World, button: str) -> None:
    check = posted(lone)
    lone.push()
    lone.judge(lone.pull)
    lone.github.people.press(check, button, ORGANIZER)
    deliver(lone)
    assert lone.runs() == []
    assert [row.human_requested_at for row in lone.rows(SubmissionRow)] == [None, None]


def test_the_button_for_another_run_of_the_checks_reads_whatever_is_the_head_now(lone: World) -> None:
    check = posted(lone)
    lone.push()
    lone.judge(lone.pull)
    lone.github.people.press(check, "rerun", AUTHOR)
    deliver(lone)
    assert f"{lone.github.repository.id}#{lone.pull.number}" in lone.asked(Stage.FETCH)


def test_githubs_own_rerun_reads_again_and_has_the_check_written_anew(lone: World) -> None:
    check = posted(lone)
    deliver(lone)
    lone.github.people.rerun(check, AUTHOR)
    deliver(lone)
    assert f"{lone.github.repository.id}#{lone.pull.number}" in lone.asked(Stage.FETCH)
    assert [(row.kind, row.subject) for row in lone.rows(Publication)] == [(publications.AGAIN, lone.pull.head_sha)]


@pytest.mark.parametrize("sender", [{"type": "Bot"}, None])
def test_buttons_that_no_person_pressed_or_that_are_not_ours_are_ignored(lone: World, sender: object) -> None:
    check = posted(lone)
    deliver(lone)
    lone.github.people.press(check, "human-review", AUTHOR)
    (record,) = lone.github.state.hooks.records.values()
    lone.github.state.hooks.records.clear()
    payload = json.loads(record.body)
    if sender is None:
        payload["requested_action"]["identifier"] = "deploy"
    else:
        payload["sender"]["type"] = "Bot"
    with lone.pipeline.context.scope() as session:
        session.add(Delivery(guid="1", event="check_run", body=json.dumps(payload).encode()))
    lone.pipeline.ask(Stage.RECEIVE, "1")
    _work(lone, Stage.RECEIVE)
    assert [job for job in lone.rows(Job) if job.stage is Stage.COMMAND] == []


def test_an_edit_in_a_repository_that_nobody_told_of_is_received(lone: World) -> None:
    deliver(lone)
    comment = lone.github.people.comment(lone.github.repository, lone.pull.number, ORGANIZER, "/fairway accept")
    lone.github.people.edit_comment(comment, "/fairway hold")
    record = max(lone.github.state.hooks.records.values(), key=lambda one: one.id)
    payload = json.loads(record.body)
    payload["repository"]["id"] = 99
    del payload["installation"]
    with lone.pipeline.context.scope() as session:
        session.add(Delivery(guid="1", event="issue_comment", body=json.dumps(payload).encode()))
    lone.pipeline.ask(Stage.RECEIVE, "1")
    _work(lone, Stage.RECEIVE)
    _work(lone, Stage.COMMAND)
    assert [(job.pending, job.last_error) for job in lone.rows(Job) if job.subject in ("1", f"99:{comment.id}")] == [
        (False, None),
        (False, None),
    ]


def test_a_repository_that_the_app_lost_is_not_acted_on(lone: World) -> None:
    check = posted(lone)
    for button in sorted(BUTTONS):
        lone.github.people.press(check, button, ORGANIZER)
    lone.github.people.comment(lone.github.repository, lone.pull.number, ORGANIZER, "/fairway accept")
    lone.github.people.uninstall(ORGANIZER, lone.github.installation)
    deliver(lone)
    assert (lone.ruled(), lone.runs(), lone.audited()) == ([], [], [])
    assert {job.last_error for job in lone.rows(Job) if job.stage is Stage.COMMAND} <= {None}
