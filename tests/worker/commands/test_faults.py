"""What GitHub refuses, drops or forgets, and workers that die, double no answer and lose no ruling."""

from __future__ import annotations

import pytest

from demo.github import faults
from tests.standin import AUTHOR, ORGANIZER
from tests.worker.commands.world import World
from worker.clients.gateway import RefusedError
from worker.clients.github import GitHubGateway
from worker.store.models import Job, Stage


class Died(BaseException):
    """A worker was killed."""


def test_an_answer_that_was_posted_before_the_worker_died_is_found_again(
    here: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object) -> None:
        raise Died

    comment = here.github.people.comment(here.github.repository, here.pull.number, AUTHOR, "/fairway help")
    with monkeypatch.context() as patch:
        patch.setattr(GitHubGateway, "react", die)
        with pytest.raises(Died):
            here.hear(comment)
    assert len(here.answers()) == 1
    (job,) = [job for job in here.rows(Job) if job.stage is Stage.COMMAND]
    _lose_lease(here, job)
    here.again(job)
    assert len(here.answers()) == 1
    assert here.reactions(comment) == ["+1"]
    assert here.commands() == ["/fairway help"]


def test_an_answer_whose_creation_was_not_confirmed_is_found_again(lone: World) -> None:
    lone.github.state.faults.plan(faults.server_error(after=True), method="POST", path="*/comments", times=1)
    comment = lone.github.people.comment(lone.github.repository, lone.pull.number, AUTHOR, "/fairway help")
    job = lone.hear(comment)
    assert job.pending
    lone.again(job)
    assert len(lone.answers()) == 1


def test_a_limit_parks_the_command_and_it_is_carried_out_later_once(here: World) -> None:
    here.github.state.faults.plan(faults.server_error(), method="POST", path="*/reactions", times=1)
    comment = here.say(ORGANIZER, "/fairway accept")
    assert here.ruled() == []
    job = here.pipeline.job(Stage.COMMAND)
    assert job.pending
    here.again(job)
    assert len(here.ruled()) == 1
    assert here.reactions(comment) == ["+1"]


@pytest.mark.parametrize("path", ["*/reactions", "*/comments"])
def test_a_locked_conversation_stops_no_ruling(lone: World, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    _refuse(monkeypatch, path)
    lone.say(ORGANIZER, "/fairway accept\n/fairway help")
    assert len(lone.ruled()) == 1
    assert not lone.pipeline.job(Stage.COMMAND).pending


def test_an_answer_that_a_person_deleted_is_written_anew_for_what_is_new(lone: World) -> None:
    comment = lone.say(AUTHOR, "/fairway help")
    (posted,) = [one for one in lone.github.state.comments.values() if one.by_app]
    lone.github.people.delete_comment(posted, ORGANIZER)
    lone.hear(comment)
    assert lone.answers() == []
    lone.edit(comment, "/fairway help\n/fairway status")
    assert len(lone.answers()) == 1


def test_what_another_worker_carried_out_meanwhile_is_not_carried_out_again(
    here: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first one stalls before its last transaction; its lease runs out and a second one does the work."""
    real = GitHubGateway.react
    comment = here.github.people.comment(here.github.repository, here.pull.number, ORGANIZER, "/fairway accept")

    def stall(gateway: GitHubGateway, *asked: object) -> None:
        monkeypatch.undo()
        (job,) = [job for job in here.rows(Job) if job.stage is Stage.COMMAND]
        _lose_lease(here, job)
        here.again(job)
        real(gateway, *asked)  # type: ignore[arg-type]

    monkeypatch.setattr(GitHubGateway, "react", stall)
    here.hear(comment)
    assert len(here.ruled()) == 1
    assert here.reactions(comment) == ["+1"]


def _lose_lease(here: World, job: Job) -> None:
    """As if the lease had run out."""
    with here.pipeline.context.scope() as session:
        row = session.get_one(Job, job.id)
        row.leased_until = row.created_at


def _refuse(monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    def refused(*_: object) -> int:
        raise RefusedError("403 this conversation is locked")

    name = "react" if path.endswith("reactions") else "create_comment"
    monkeypatch.setattr(GitHubGateway, name, refused)
