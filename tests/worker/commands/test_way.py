"""A ruling reaches GitHub: the check, the comment and the labels of a demo submission follow what people say."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bot.command_line.main import run
from demo.github import GitHubState, People, serve
from demo.github.values import CheckRun, Comment
from demo.repository import COMPETITION, build
from tests.databases import database
from tests.openapi import Published
from tests.pipeline import Pipeline, running
from tests.standin import ORGANIZER, StandIn, keys
from worker.store.models import Stage

NUMBER = 25  # the third seed differs: F04


@pytest.fixture(scope="module", params=["postgresql", "sqlite"])
def way(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[StandIn, Pipeline]]:
    """The demo's repository with one of its pull requests, read and published."""
    folder = tmp_path_factory.mktemp("way")
    demo = build(folder / "demo")
    state = GitHubState(keys().public)
    repository = state.add_repository("thimble/sprint", demo.git, roles={ORGANIZER: "admin"})
    people = People(state)
    with serve(state, validator=Published()) as server, database(request.param, folder) as url:
        installation = people.install(ORGANIZER, [repository])
        sample = next(one for one in demo.samples if one.number == NUMBER)
        people.open_pull_request(repository, sample.author, demo.heads[NUMBER], sample.title, number=NUMBER)
        github = StandIn(state, people, repository, installation, keys(), server.url)
        with running(url, github, folder, competition=str(COMPETITION)) as pipeline:
            pipeline.know(github)
            pipeline.ask(Stage.FETCH, f"{repository.id}#{NUMBER}").drain()
            yield github, pipeline
    assert state.log.violations == []


def labels(github: StandIn) -> list[str]:
    return sorted(github.repository.issues[NUMBER].labels)


def check(github: StandIn) -> CheckRun:
    (found,) = github.state.runs_of(github.repository, github.repository.pulls[NUMBER].head_sha)
    return found


def report(github: StandIn) -> Comment:
    """The one comment that says what counts."""
    comments = [github.state.comments[one] for one in github.repository.issues[NUMBER].comments]
    (found,) = [one for one in comments if one.by_app and one.body.startswith("<!-- fairway:report -->")]
    return found


def say(github: StandIn, pipeline: Pipeline, text: str) -> None:
    comment = github.people.comment(github.repository, NUMBER, ORGANIZER, text)
    pipeline.ask(Stage.COMMAND, f"{github.repository.id}:{comment.id}").drain()


def test_check_comment_and_labels_follow_each_ruling(
    way: tuple[StandIn, Pipeline], monkeypatch: pytest.MonkeyPatch
) -> None:
    github, pipeline = way
    assert labels(github) == ["fairway:needs-review"]

    say(github, pipeline, "/fairway hold who is right?\n/fairway status")
    assert labels(github) == ["fairway:held", "fairway:needs-review"]
    assert check(github).title is not None
    assert check(github).title.startswith("on hold")  # type: ignore[union-attr]
    assert "who is right?" in report(github).body

    say(github, pipeline, "/fairway waive F04 the third seed was agreed\n/fairway accept")
    assert labels(github) == ["fairway:accepted", "fairway:clear"]
    assert "accepted" in str(check(github).title)
    assert "the third seed was agreed" in report(github).body

    monkeypatch.setenv("FAIRWAY_DATABASE_URL", pipeline.context.settings.database_url)
    assert run(["queue", "reject", str(NUMBER), "F04", "--reason", "on second thought", "--as", "olga"]) == 0
    pipeline.drain()
    assert labels(github) == ["fairway:clear", "fairway:rejected"]
    assert "rejected" in str(check(github).title)
    assert "on second thought" in report(github).body
    assert len([one for one in github.state.comments.values() if one.by_app]) == 2  # the report and the one answer
