"""A ruling is for the commit that its author can have looked at."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from tests.standin import AUTHOR, ORGANIZER
from tests.worker.commands.world import World
from tests.worker.rows import move
from worker import pipeline as runner
from worker.clients.github import GitHubGateway
from worker.store.models import Job, PullRequestRow, Stage, SubmissionRow
from worker.store.types import now_plus


def test_a_command_written_before_a_push_does_not_rule_on_what_was_pushed(here: World) -> None:
    comment = here.github.people.comment(here.github.repository, here.pull.number, ORGANIZER, "/fairway accept")
    here.date(comment, seconds=-30)
    old = here.pull.head_sha
    new = here.push()
    here.judge(here.pull)
    here.hear(comment)
    assert here.ruled() == []
    assert here.reactions(comment) == ["confused"]
    (answer,) = here.answers()
    assert f"moved on to `{new[:10]}` after this comment was written" in answer
    assert old != new
    here.say(ORGANIZER, "/fairway accept")
    assert len(here.ruled()) == 1


def test_a_command_heard_before_a_push_and_read_after_it_does_not_rule(lone: World) -> None:
    """As when the job waited for GitHub's limits; clocks do not matter, since both times are the database's."""
    comment = lone.github.people.comment(lone.github.repository, lone.pull.number, ORGANIZER, "/fairway accept")
    lone.date(comment, minutes=10)
    lone.pipeline.ask(Stage.COMMAND, f"{lone.github.repository.id}:{comment.id}")
    lone.push()
    lone.judge(lone.pull)
    runner.work(lone.pipeline.context, lone.pipeline.job(Stage.COMMAND).id)
    assert lone.ruled() == []


def test_a_head_that_came_back_after_the_comment_is_not_what_was_looked_at(here: World) -> None:
    first = here.pull.head_sha
    here.push()
    here.judge(here.pull)
    with here.pipeline.context.scope() as session:
        session.execute(update(SubmissionRow).values(created_at=now_plus(-60)))
        session.execute(
            update(SubmissionRow).values(superseded_at=now_plus(-60)).where(SubmissionRow.head_sha == first)
        )
    comment = here.github.people.comment(here.github.repository, here.pull.number, ORGANIZER, "/fairway accept")
    here.date(comment, seconds=-30)
    here.github.people.push(here.github.repository, here.pull, first)
    here.judge(here.pull, "E05")
    here.hear(comment)
    assert here.ruled() == []


def test_a_push_that_fairway_has_not_heard_of_is_read_before_anything_is_ruled(lone: World) -> None:
    comment = lone.github.people.comment(lone.github.repository, lone.pull.number, ORGANIZER, "/fairway accept")
    lone.push()
    lone.hear(comment)
    assert lone.ruled() == []
    assert lone.asked(Stage.FETCH) == [f"{lone.github.repository.id}#{lone.pull.number}"]
    assert "has a newer commit than the one that Fairway has read" in lone.answers()[0]


def test_a_hold_is_for_the_pull_request_whatever_was_pushed(lone: World) -> None:
    comment = lone.github.people.comment(lone.github.repository, lone.pull.number, ORGANIZER, "/fairway hold")
    lone.date(comment, seconds=-30)
    lone.push()
    lone.judge(lone.pull)
    lone.hear(comment)
    assert [outcome for outcome, *_ in lone.ruled()] == ["held"]
    assert [row.held for row in lone.rows(PullRequestRow)] == [True]


def test_a_head_that_is_not_read_yet_cannot_be_ruled_on(lone: World) -> None:
    with lone.pipeline.context.scope() as session:
        session.execute(update(PullRequestRow).values(head_sha="c" * 40))
    comment = lone.say(ORGANIZER, "/fairway hold")
    assert lone.reactions(comment) == ["confused"]
    assert "Fairway has not read this commit yet" in lone.answers()[0]


def test_a_push_between_plan_and_effect_makes_another_plan(here: World, monkeypatch: pytest.MonkeyPatch) -> None:
    real = GitHubGateway.react

    def pushed_meanwhile(gateway: GitHubGateway, *asked: object) -> None:
        monkeypatch.undo()
        with here.pipeline.context.scope() as session:
            move(session, here.current(session).id, "d")
        real(gateway, *asked)  # type: ignore[arg-type]

    monkeypatch.setattr(GitHubGateway, "react", pushed_meanwhile)
    comment = here.say(ORGANIZER, "/fairway accept")
    (parked,) = [job for job in here.rows(Job) if job.stage is Stage.COMMAND]
    assert (parked.pending, parked.waits) == (True, 1)
    assert here.commands() == []
    here.again(parked)
    assert here.ruled() == []
    assert here.reactions(comment) == ["+1", "confused"]
    assert len(here.answers()) == 1


def test_an_older_head_keeps_its_ruling_and_the_new_one_has_none(lone: World) -> None:
    lone.say(ORGANIZER, "/fairway accept")
    with lone.pipeline.context.scope() as session:
        old = lone.current(session).id
    lone.push()
    lone.judge(lone.pull)
    assert lone.ruled() == []
    assert len(lone.ruled(old)) == 1
    lone.say(AUTHOR, "/fairway status")
    assert "accepted" not in lone.answers()[-1]
