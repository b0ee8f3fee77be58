"""The configuration of a repository: the default branch's file, the last good one, and the issue about a broken one."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select, update

from demo.github.faults import Fault, dropped, server_error
from demo.github.values import Issue
from rules.competition import builtin
from tests.databases import database
from tests.pipeline import Pipeline, running
from tests.standin import ORGANIZER, StandIn, stand_in
from tests.worker.stages.crashes import work_until_killed
from worker import pipeline as pipelines
from worker.configuration import MOST_BYTES, PATH
from worker.store import jobs, repositories, submissions
from worker.store.jobs import LeaseLostError
from worker.store.models import AuditEvent, Job, PullRequestRow, Repository, Stage, SubmissionRow
from worker.store.types import now_plus

GOOD = b'extends = "parameter-golf"\nname = "spindle"\ntitle = "Spindle"\n'
STRICTER = GOOD + b"[artifact]\nmax_bytes = 8_000_000\n"
BROKEN = GOOD + b"\n[limits]\ntrain_secs = 1.0\n"
BROKEN_TOO = b"# ours\n" + GOOD + b"[artifact]\nmax_bytes = -1\n"
SAYS = "[line 6]({}#L6): unknown key `limits.train_secs`"


@pytest.fixture
def github(tmp_path: Path) -> Iterator[StandIn]:
    with stand_in(tmp_path) as made:
        yield made


@pytest.fixture(params=["postgresql", "sqlite"])
def pipeline(request: pytest.FixtureRequest, github: StandIn, tmp_path: Path) -> Iterator[Pipeline]:
    with database(request.param, tmp_path) as url, running(url, github, tmp_path) as made:
        made.know(github)
        yield made


@pytest.fixture
def push(pipeline: Pipeline, github: StandIn) -> Callable[[bytes | None], None]:
    """Push a configuration to the default branch and let Fairway read it."""

    def pushed(content: bytes | None) -> None:
        github.people.push_branch(github.repository, ORGANIZER, {PATH: content})
        configure(pipeline, github)

    return pushed


Push = Callable[[bytes | None], None]


def configure(pipeline: Pipeline, github: StandIn) -> None:
    pipeline.ask(Stage.CONFIGURE, str(github.repository.id))
    pipeline.hurry()
    pipeline.drain()


def known(pipeline: Pipeline, github: StandIn) -> Repository:
    with pipeline.context.scope() as session:
        return session.get_one(Repository, github.repository.id)


def title(pipeline: Pipeline, github: StandIn) -> str:
    return pipeline.context.competition(known(pipeline, github)).title


def issues(github: StandIn) -> list[Issue]:
    return [issue for issue in github.repository.issues.values() if issue.number not in github.repository.pulls]


def audited(pipeline: Pipeline) -> list[str]:
    with pipeline.context.scope() as session:
        return list(session.scalars(select(AuditEvent.action).order_by(AuditEvent.at)))


def judged(pipeline: Pipeline, github: StandIn, number: int, head_sha: str, state: str = "open") -> str:
    """A submission that was fetched and judged before; its id."""
    with pipeline.context.scope() as session:
        values = {"repository_id": github.repository.id, "number": number, "head_sha": head_sha, "state": state}
        values |= {"created_at": now_plus(), "fetched_at": now_plus()}
        repositories.upsert(session, PullRequestRow, ["repository_id", "number"], values)
        row = repositories.pull_request(session, github.repository.id, number)
        assert row is not None
        submission = submissions.begin(session, row.id, head_sha)
        submission.fetched_at, submission.snapshot = now_plus(), {"form": 1}
        return str(submission.id)


def asked(pipeline: Pipeline, *stages: Stage) -> list[tuple[Stage, str]]:
    with pipeline.context.scope() as session:
        found = session.scalars(select(Job).where(Job.stage.in_(stages), Job.pending).order_by(Job.run_after))
        return [(job.stage, job.subject) for job in found]


def test_a_good_file_of_the_default_branch_is_used(pipeline: Pipeline, github: StandIn, push: Push) -> None:
    push(GOOD)
    row = known(pipeline, github)
    assert (row.configuration, row.configuration_fault) == (GOOD.decode(), None)
    assert row.configuration_sha == hashlib.sha256(GOOD).hexdigest()
    assert title(pipeline, github) == "Spindle"
    assert issues(github) == []
    assert audited(pipeline) == ["configuration-changed"]


def test_without_a_file_the_default_competition_counts(pipeline: Pipeline, github: StandIn, push: Push) -> None:
    push(GOOD)
    push(None)
    assert known(pipeline, github).configuration is None
    assert title(pipeline, github) == builtin().title
    assert issues(github) == []
    assert audited(pipeline) == ["configuration-changed", "configuration-removed"]


def test_the_default_branch_is_asked_for(pipeline: Pipeline, github: StandIn) -> None:
    github.people.push_branch(github.repository, ORGANIZER, {PATH: GOOD}, branch="trunk")
    github.repository.default_branch = "trunk"
    configure(pipeline, github)
    assert known(pipeline, github).default_branch == "trunk"
    assert title(pipeline, github) == "Spindle"


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


def test_a_byte_order_mark_and_other_line_ends_do_no_harm(pipeline: Pipeline, github: StandIn, push: Push) -> None:
    push(b"\xef\xbb\xbf" + GOOD.replace(b"\n", b"\r\n"))
    assert title(pipeline, github) == "Spindle"


def test_text_of_the_file_cannot_act_in_the_issue(pipeline: Pipeline, github: StandIn, push: Push) -> None:
    push(GOOD + b'"@everyone <img src=x> ![](http://example.org)" = 1\n')
    (issue,) = issues(github)
    assert issue.body is not None
    assert "`@everyone <img src=x> ![](http://example.org)`" in issue.body


def test_a_change_of_rules_judges_open_pull_requests_again(pipeline: Pipeline, github: StandIn, push: Push) -> None:
    push(GOOD)
    first, second = (judged(pipeline, github, number, f"{number:040x}") for number in (7, 8))
    judged(pipeline, github, 9, f"{9:040x}", state="closed")
    push(GOOD.replace(b'"Spindle"', b'"Spindle" # only a comment'))
    assert asked(pipeline, Stage.SCREEN, Stage.FETCH) == []
    stages = {stage: run for stage, run in pipeline.context.stages.items() if stage is Stage.CONFIGURE}
    pipeline.context = replace(pipeline.context, stages=stages | {Stage.SCREEN: lambda *_: None})
    push(STRICTER)
    assert [subject for _, subject in asked(pipeline, Stage.SCREEN, Stage.FETCH)] == [first, second]


def test_other_folders_are_fetched_again_and_a_fetch_under_way_is_begun_anew(
    pipeline: Pipeline, github: StandIn, push: Push
) -> None:
    push(GOOD)
    judged(pipeline, github, 7, f"{7:040x}")
    pipeline.ask(Stage.FETCH, f"{github.repository.id}#8")
    with pipeline.context.scope() as session:
        job = session.scalars(select(Job).where(Job.stage == Stage.FETCH)).one()
        lease = jobs.claim(session, job.id, lease_seconds=60)
    assert lease is not None
    pipeline.context = replace(pipeline.context, stages={Stage.CONFIGURE: pipeline.context.stages[Stage.CONFIGURE]})
    track = b'[[tracks]]\nname = "only"\nfolder = "entries"\ntimed = true\nseeds = 1\nrecord = true\n'
    github.people.push_branch(github.repository, ORGANIZER, {PATH: GOOD + track})
    pipeline.ask(Stage.CONFIGURE, str(github.repository.id))
    pipelines.work(pipeline.context, pipeline.job(Stage.CONFIGURE).id)
    assert asked(pipeline, Stage.FETCH) == [
        (Stage.FETCH, f"{github.repository.id}#8"),
        (Stage.FETCH, f"{github.repository.id}#7"),
    ]
    with pipeline.context.scope() as session:
        assert session.scalars(select(SubmissionRow)).one().snapshot is None
        with pytest.raises(LeaseLostError):
            jobs.hold(session, lease)


def test_a_pull_requests_own_version_is_never_used(pipeline: Pipeline, github: StandIn, push: Push) -> None:
    push(GOOD)
    github.pull_request({PATH: STRICTER})
    configure(pipeline, github)
    assert known(pipeline, github).configuration == GOOD.decode()


@pytest.mark.parametrize("content", [GOOD, BROKEN], ids=["good", "broken"])
def test_a_worker_may_die_after_any_step(pipeline: Pipeline, github: StandIn, content: bytes) -> None:
    github.people.push_branch(github.repository, ORGANIZER, {PATH: content})
    steps = 0
    pipeline.ask(Stage.CONFIGURE, str(github.repository.id))
    while work_until_killed(pipeline, pipeline.job(Stage.CONFIGURE), steps):
        steps += 1
        with pipeline.context.scope() as session:  # each death is the first of its job
            session.execute(update(Job).values(attempts=0))
    assert steps > 5
    row = known(pipeline, github)
    assert (row.configuration is None) == (content == BROKEN)
    assert (row.configuration_fault is None) == (content == GOOD)
    assert len(issues(github)) == (content == BROKEN)
    assert len(audited(pipeline)) == 1
    assert not pipeline.job(Stage.CONFIGURE).pending


def test_of_two_at_once_the_one_that_lost_its_lease_writes_nothing(
    pipeline: Pipeline, github: StandIn, push: Push
) -> None:
    """The first reads the old file, hangs, and goes on when the second is done with the new one."""
    push(GOOD)
    pipeline.ask(Stage.CONFIGURE, str(github.repository.id))
    job = pipeline.job(Stage.CONFIGURE)
    with pipeline.context.scope() as session:
        slow = jobs.claim(session, job.id, lease_seconds=60)
        assert slow is not None
        session.execute(update(Job).values(leased_until=None))

    class Overtaken:
        """While it reads, another worker does all."""

        def __getattr__(self, name: str) -> object:
            return self.read if name == "file" else getattr(pipeline.context.github, name)

        def read(self, *_: object) -> bytes:
            push(BROKEN)
            return BROKEN_TOO

    with pytest.raises(LeaseLostError):
        pipeline.context.stages[Stage.CONFIGURE](replace(pipeline.context, github=Overtaken()), slow)  # type: ignore[arg-type]
    row = known(pipeline, github)
    assert row.configuration_fault is not None
    assert "train_secs" in row.configuration_fault
    assert len(issues(github)) == 1
