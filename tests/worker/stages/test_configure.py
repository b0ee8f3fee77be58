"""The configuration of a repository: the default branch's file, and what is judged again when it changes."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
from sqlalchemy import select, update

from rules.competition import builtin
from tests.pipeline import Pipeline
from tests.standin import ORGANIZER, StandIn
from tests.worker.stages.configuring import (
    BROKEN,
    BROKEN_TOO,
    GOOD,
    STRICTER,
    Push,
    asked,
    audited,
    configure,
    issues,
    judged,
    known,
    title,
)
from tests.worker.stages.crashes import work_until_killed
from worker import pipeline as pipelines
from worker.configuration import PATH
from worker.store import jobs
from worker.store.jobs import LeaseLostError
from worker.store.models import Job, Stage, SubmissionRow


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


def test_a_byte_order_mark_and_other_line_ends_do_no_harm(pipeline: Pipeline, github: StandIn, push: Push) -> None:
    push(b"\xef\xbb\xbf" + GOOD.replace(b"\n", b"\r\n"))
    assert title(pipeline, github) == "Spindle"


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
