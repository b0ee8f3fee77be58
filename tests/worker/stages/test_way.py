"""The way of the demo's pull requests through fetch, screen and decide, over HTTP against the stand-in."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from demo.github import GitHubState, People, serve
from demo.repository import COMPETITION, DemoRepository, build
from demo.triages import triage_all
from rules.reading.assemble import read_submission
from rules.report.contract import entry
from rules.rule import Severity
from rules.screening import Triage
from rules.submission import PullRequest, Submission
from rules.verdict import Verdict
from tests.databases import database
from tests.openapi import Published
from tests.pipeline import Pipeline, running
from tests.standin import AUTHOR, ORGANIZER, StandIn, keys
from worker import screening
from worker.screening import Request, Screened, ScreeningError
from worker.store import rulings
from worker.store.models import AuditEvent, FindingRow, Job, Outcome, PullRequestRow, Stage, SubmissionRow


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> DemoRepository:
    return build(tmp_path_factory.mktemp("demo"))


@pytest.fixture(scope="module")
def triages(demo: DemoRepository) -> Mapping[int, Triage]:
    return {triage.submission.pull_request.number: triage for triage in triage_all(demo)}


@pytest.fixture
def github(demo: DemoRepository, tmp_path: Path) -> Iterator[StandIn]:
    """The demo's repository with all its pull requests, in order of creation."""
    state = GitHubState(keys().public)
    repository = state.add_repository("thimble/sprint", demo.git, roles={ORGANIZER: "admin"})
    people = People(state)
    with serve(state, validator=Published()) as server:
        installation = people.install(ORGANIZER, [repository])
        for sample in demo.samples:
            opened = people.open_pull_request(
                repository, sample.author, demo.heads[sample.number], sample.title, number=sample.number
            )
            opened.issue.created_at = sample.created_at
        yield StandIn(state, people, repository, installation, keys(), server.url)
    assert state.log.violations == []


@pytest.fixture(params=["postgresql", "sqlite"])
def pipeline(request: pytest.FixtureRequest, github: StandIn, tmp_path: Path) -> Iterator[Pipeline]:
    with (
        database(request.param, tmp_path) as url,
        running(url, github, tmp_path, competition=str(COMPETITION)) as pipeline,
    ):
        pipeline.know(github)
        yield pipeline


def submission(pipeline: Pipeline, number: int) -> SubmissionRow:
    with pipeline.context.scope() as session:
        statement = select(SubmissionRow).join(PullRequestRow).where(PullRequestRow.number == number)
        return session.scalars(statement.where(SubmissionRow.superseded_at.is_(None))).one()


def waiting(pipeline: Pipeline) -> list[str]:
    """Subjects that are to be read or screened again in a while."""
    with pipeline.context.scope() as session:
        again = Job.stage.in_((Stage.FETCH, Stage.SCREEN))
        return list(session.scalars(select(Job.subject).where(Job.pending, again)))


def comparable(told: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in json.loads(json.dumps(told)).items() if name != "seconds"}


def test_all_samples_end_as_the_command_line_says(
    pipeline: Pipeline, github: StandIn, triages: Mapping[int, Triage]
) -> None:
    for number in sorted(triages):
        pipeline.ask(Stage.FETCH, f"{github.repository.id}#{number}")
        pipeline.drain()
    for number, triage in triages.items():
        row = submission(pipeline, number)
        assert row.entry is not None
        assert comparable(row.entry) == comparable(entry(triage, 0.0)), number
        assert row.verdict is triage.verdict


def test_the_order_of_reading_changes_nothing(
    pipeline: Pipeline, github: StandIn, triages: Mapping[int, Triage]
) -> None:
    for number in sorted(triages, reverse=True):
        pipeline.ask(Stage.FETCH, f"{github.repository.id}#{number}")
        pipeline.drain()
    again = waiting(pipeline)
    while waiting(pipeline):
        pipeline.hurry()
        pipeline.drain()
    assert again
    for number, triage in triages.items():
        row = submission(pipeline, number)
        assert row.entry is not None
        assert comparable(row.entry) == comparable(entry(triage, 0.0)), number


def test_who_is_read_again_asks_nobody(pipeline: Pipeline, github: StandIn, triages: Mapping[int, Triage]) -> None:
    numbers = sorted(triages)[:4]
    for number in numbers:
        pipeline.ask(Stage.FETCH, f"{github.repository.id}#{number}")
        pipeline.drain()
    pipeline.ask(Stage.SCREEN, str(submission(pipeline, numbers[0]).id)).drain()
    assert not waiting(pipeline)


def test_a_submission_is_read_once_to_sign_and_screen_it(
    pipeline: Pipeline, github: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[int] = []

    def counted(request: PullRequest, *arguments: Any, **named: Any) -> Submission:
        read.append(request.number)
        return read_submission(request, *arguments, **named)

    monkeypatch.setattr(screening, "read_submission", counted)
    pipeline.ask(Stage.FETCH, f"{github.repository.id}#25").drain()
    assert submission(pipeline, 25).screened_at is not None
    assert read == [25]


def test_what_is_asked_twice_is_judged_once_and_the_same(pipeline: Pipeline, github: StandIn) -> None:
    subject = f"{github.repository.id}#25"
    pipeline.ask(Stage.FETCH, subject).drain()
    first = submission(pipeline, 25)
    blobs = github.state.log.count("GET", "*/git/blobs/*")
    pipeline.ask(Stage.FETCH, subject).drain()
    again = submission(pipeline, 25)
    assert again.id == first.id
    assert again.entry is not None
    assert first.entry is not None
    assert comparable(again.entry) == comparable(first.entry)
    assert github.state.log.count("GET", "*/git/blobs/*") == blobs


def test_contents_that_this_machine_lost_are_brought_again(pipeline: Pipeline, github: StandIn) -> None:
    pipeline.ask(Stage.FETCH, f"{github.repository.id}#25").drain()
    first = submission(pipeline, 25)
    shutil.rmtree(pipeline.context.settings.content_folder)
    pipeline.ask(Stage.SCREEN, str(first.id)).drain()
    again = submission(pipeline, 25)
    assert again.screened_at != first.screened_at
    assert again.entry is not None
    assert first.entry is not None
    assert comparable(again.entry) == comparable(first.entry)


def test_a_new_head_supersedes_the_old_one_at_every_stage(pipeline: Pipeline, github: StandIn) -> None:
    pull = github.repository.pulls[25]
    pipeline.ask(Stage.FETCH, f"{github.repository.id}#25").drain()
    old = submission(pipeline, 25)
    folder = old.entry["folder"] if old.entry else ""
    people = github.people
    head = people.commit(github.repository, AUTHOR, {f"{folder}/WRITEUP.md": b"# Again\n"}, parent=pull.head_sha)
    people.push(github.repository, pull, head)
    pipeline.ask(Stage.FETCH, f"{github.repository.id}#25").drain()
    for stage in (Stage.SCREEN, Stage.DECIDE):
        pipeline.ask(stage, str(old.id)).drain()
        assert not pipeline.job(stage, str(old.id)).pending
    new = submission(pipeline, 25)
    assert new.head_sha == head
    with pipeline.context.scope() as session:
        stale = session.get_one(SubmissionRow, old.id)
        assert stale.superseded_at is not None
        assert stale.screened_at == old.screened_at


def test_a_closed_pull_request_is_not_read(pipeline: Pipeline, github: StandIn) -> None:
    github.people.close(github.repository, github.repository.pulls[25])
    pipeline.ask(Stage.FETCH, f"{github.repository.id}#25").drain()
    row = submission(pipeline, 25)
    assert row.snapshot is None
    assert row.screened_at is None


def test_a_pull_request_that_is_not_there_ends_quietly(pipeline: Pipeline, github: StandIn) -> None:
    pipeline.ask(Stage.FETCH, f"{github.repository.id}#999").drain()
    job = pipeline.job(Stage.FETCH)
    assert (job.pending, job.last_error) == (False, None)


def test_what_cannot_be_screened_in_three_tries_needs_a_person(pipeline: Pipeline, github: StandIn) -> None:
    def poisoned(_request: Request) -> Screened:
        raise ScreeningError("no memory left")

    pipeline.context = replace(pipeline.context, screen=poisoned)
    pipeline.ask(Stage.FETCH, f"{github.repository.id}#25")
    for _ in range(4):
        pipeline.drain()
        pipeline.hurry()
    job, row = pipeline.job(Stage.SCREEN), submission(pipeline, 25)
    assert job.quarantined_at is not None
    assert row.verdict is Verdict.NEEDS_REVIEW
    with pipeline.context.scope() as session:
        (finding,) = session.scalars(select(FindingRow)).all()
        assert (finding.code, finding.severity) == ("X01", Severity.REVIEW)
        assert "no memory left" in finding.message
        assert session.scalars(select(AuditEvent.action).where(AuditEvent.subject == f"screen {row.id}")).all() == [
            "quarantined"
        ]


def test_a_waived_code_does_not_count(pipeline: Pipeline, github: StandIn) -> None:
    pipeline.ask(Stage.FETCH, f"{github.repository.id}#25").drain()
    row = submission(pipeline, 25)
    assert row.verdict is Verdict.NEEDS_REVIEW
    with pipeline.context.scope() as session:
        rulings.record(session, row.id, Outcome.WAIVED, codes=["F04"], ruler="olga", ruler_id=1, origin="test")
    pipeline.ask(Stage.DECIDE, str(row.id)).drain()
    assert submission(pipeline, 25).verdict is Verdict.CLEAR


@pytest.mark.parametrize(
    ("content", "says", "line"),
    [
        (b'extends = "parameter-golf"\n', "can be read", None),
        (b'extends = "parameter-golf"\ncolour = 1\n', "unknown key `colour`", 2),
        (None, "removes the competition's configuration", None),
    ],
)
def test_an_edit_of_the_configuration_is_looked_at_and_never_used(
    pipeline: Pipeline, github: StandIn, content: bytes | None, says: str, line: int | None
) -> None:
    head = github.people.commit(github.repository, AUTHOR, {".github/fairway.toml": content})
    pull = github.people.open_pull_request(github.repository, AUTHOR, head, "Other rules")
    pipeline.ask(Stage.FETCH, f"{github.repository.id}#{pull.number}").drain()
    (finding,) = submission_findings(pipeline, pull.number)
    assert says in finding.message
    assert (finding.code, finding.severity, finding.line) == ("X02", Severity.NOTE, line)
    (check,) = github.state.runs_of(github.repository, head)
    assert (check.conclusion, check.title) == ("neutral", "No submission in this pull request")
    assert says in (check.text or "")
    assert pull.issue.comments == []


def submission_findings(pipeline: Pipeline, number: int) -> list[FindingRow]:
    with pipeline.context.scope() as session:
        statement = select(FindingRow).where(FindingRow.submission_id == submission(pipeline, number).id)
        return [f for f in session.scalars(statement) if f.category == "configuration"]
