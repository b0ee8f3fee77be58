"""The runner: what becomes of a job, whatever its stage ends in."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from tests.databases import database
from tests.worker.bare import Bare, bare
from worker import pipeline
from worker.clients.gateway import LimitedError, UnavailableError
from worker.pipeline import Context, StageFunction, Superseded
from worker.store import jobs, repositories, submissions
from worker.store.jobs import Lease, LeaseLostError
from worker.store.models import AuditEvent, FindingRow, Job, PullRequestRow, Stage
from worker.store.types import now_plus

HEAD = "a" * 40
Running = Callable[..., Bare]


@pytest.fixture(params=["postgresql", "sqlite"])
def running(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Running]:
    """Makes a runner of which the stages FETCH and SCREEN are a given function."""
    with database(request.param, tmp_path) as url, ExitStack() as stack:

        def run(stage: StageFunction, **more: Any) -> Bare:
            return stack.enter_context(bare(url, tmp_path, {Stage.FETCH: stage, Stage.SCREEN: stage}, **more))

        yield run


def ends_in(error: BaseException) -> StageFunction:
    """A stage that raises."""

    def stage(_context: Context, _lease: Lease) -> None:
        raise error

    return stage


def done(context: Context, lease: Lease) -> None:
    """A stage that works."""
    with context.scope() as session:
        jobs.hold(session, lease)
        jobs.finish(session, lease)


def seconds_until_due(runner: Bare, job_id: UUID) -> float:
    """By the database's clock."""
    with runner.context.scope() as session:
        due, now = session.execute(select(Job.run_after, now_plus()).where(Job.id == job_id)).one()
        return float((due - now).total_seconds())


def worked(runner: Bare, subject: str = "5#7", stage: Stage = Stage.FETCH) -> Job:
    """Work on a job once; how it stands then."""
    pipeline.work(runner.context, runner.ask(stage, subject))
    return runner.job(stage, subject)


def test_a_stage_that_finishes_leaves_a_job_that_is_done(running: Running) -> None:
    job = worked(running(done))
    assert (job.pending, job.attempts, job.leased_until, job.last_error) == (False, 0, None, None)


def test_a_limit_parks_the_job_for_as_long_as_github_said_and_counts_no_attempt(running: Running) -> None:
    runner = running(ends_in(LimitedError(90, "secondary limit")))
    job = worked(runner)
    assert (job.pending, job.attempts, job.waits, job.leased_until) == (True, 0, 1, None)
    assert job.last_error is not None
    assert "secondary limit" in job.last_error
    assert 80 < seconds_until_due(runner, job.id) <= 90


def test_a_fault_of_github_parks_the_job_longer_with_each_wait_in_a_row(running: Running) -> None:
    runner = running(ends_in(UnavailableError("502")))
    job = worked(runner)
    waits = [seconds_until_due(runner, job.id)]
    for _ in range(9):
        runner.hurry(job.id)
        pipeline.work(runner.context, job.id)
        waits.append(seconds_until_due(runner, job.id))
    assert 4 < waits[0] <= 10
    assert all(later > 1.8 * sooner for sooner, later in pairwise(waits[:6]))
    assert 290 < waits[-1] <= 600
    assert runner.job(Stage.FETCH, "5#7").attempts == 0


def test_an_old_job_that_had_no_trouble_begins_with_a_short_wait(running: Running) -> None:
    runner = running(done)
    job_id = runner.ask(Stage.FETCH, "5#7")
    for _ in range(30):
        runner.ask(Stage.FETCH, "5#7")
        pipeline.work(runner.context, job_id)
    away = replace(runner.context, stages={Stage.FETCH: ends_in(UnavailableError("502"))})
    runner.ask(Stage.FETCH, "5#7")
    pipeline.work(away, job_id)
    assert seconds_until_due(runner, job_id) <= 10


def test_waits_of_many_jobs_spread_out(running: Running) -> None:
    runner = running(ends_in(UnavailableError("502")))
    found = {round(seconds_until_due(runner, worked(runner, f"5#{number}").id), 1) for number in range(12)}
    assert len(found) > 4


def test_superseded_work_ends_quietly(running: Running) -> None:
    job = worked(running(ends_in(Superseded())))
    assert (job.pending, job.attempts, job.last_error) == (False, 0, None)


def test_a_lost_lease_leaves_the_job_to_its_new_holder(running: Running) -> None:
    def loses(context: Context, lease: Lease) -> None:
        with context.scope() as session:
            session.execute(update(Job).where(Job.id == lease.job_id).values(fence=Job.fence + 1))
        with context.scope() as session:
            jobs.hold(session, lease)

    job = worked(running(loses))
    assert (job.pending, job.fence, job.last_error) == (True, 2, None)
    assert job.leased_until is not None


@pytest.mark.parametrize("late", [LimitedError(9, "x"), UnavailableError("x"), Superseded(), RuntimeError("x")])
def test_a_former_holder_changes_nothing_however_it_ends(running: Running, late: Exception) -> None:
    def loses(context: Context, lease: Lease) -> None:
        with context.scope() as session:
            jobs.request(session, lease.stage, lease.subject)
            session.execute(update(Job).where(Job.id == lease.job_id).values(leased_until=now_plus(-1)))
        with context.scope() as session:
            assert jobs.claim(session, lease.job_id, lease_seconds=60) is not None
        raise late

    job = worked(running(loses))
    assert (job.pending, job.fence, job.attempts, job.waits, job.last_error) == (True, 2, 2, 0, None)


def test_an_error_counts_and_the_third_sets_the_job_aside_for_people_to_see(running: Running) -> None:
    runner = running(ends_in(ValueError("poison")))
    submission = submitted(runner)
    job_id = runner.ask(Stage.SCREEN, str(submission))
    for attempt in (1, 2, 3):
        assert runner.job(Stage.SCREEN, str(submission)).quarantined_at is None, attempt
        runner.hurry(job_id)
        pipeline.work(runner.context, job_id)
    job = runner.job(Stage.SCREEN, str(submission))
    assert job.quarantined_at is not None
    assert job.last_error == "ValueError: poison"
    with runner.context.scope() as session:
        finding = session.scalars(select(FindingRow)).one()
        assert (finding.submission_id, finding.name, finding.severity.value) == (submission, "internal-error", "review")
        noted = session.scalars(select(AuditEvent)).one()
        assert (noted.action, noted.subject) == ("quarantined", f"screen {submission}")
        assert [one.id for one in jobs.quarantined(session)] == [job_id]
    assert ("decide", str(submission)) in runner.asked()
    pipeline.work(runner.context, job_id)
    assert runner.job(Stage.SCREEN, str(submission)).fence == 3, "what is set aside is not tried again"


def test_asking_again_lifts_a_quarantine(running: Running) -> None:
    runner = running(ends_in(ValueError("poison")))
    job_id = runner.ask(Stage.FETCH, "5#7")
    for _ in range(3):
        runner.hurry(job_id)
        pipeline.work(runner.context, job_id)
    mended = replace(runner.context, stages={Stage.FETCH: done})
    runner.ask(Stage.FETCH, "5#7")
    runner.hurry(job_id)
    pipeline.work(mended, job_id)
    job = runner.job(Stage.FETCH, "5#7")
    assert (job.pending, job.quarantined_at, job.attempts) == (False, None, 0)


def test_errors_are_tried_again_a_little_later_each_time(running: Running) -> None:
    runner = running(ends_in(ValueError("once")))
    first = worked(runner)
    waited = seconds_until_due(runner, first.id)
    runner.hurry(first.id)
    pipeline.work(runner.context, first.id)
    assert 0 < waited < seconds_until_due(runner, first.id) < 15


def test_what_killed_its_worker_three_times_is_set_aside_by_the_sweep(running: Running) -> None:
    runner = running(done)
    submission = submitted(runner)
    job_id = runner.ask(Stage.SCREEN, str(submission))
    for _ in range(3):
        with runner.context.scope() as session:
            assert jobs.claim(session, job_id, lease_seconds=60) is not None
            session.execute(update(Job).where(Job.id == job_id).values(leased_until=now_plus(-1)))
    pipeline.work(runner.context, job_id)
    assert runner.job(Stage.SCREEN, str(submission)).fence == 3, "it gets no fourth attempt"
    pipeline.sweep(runner.context)
    assert runner.job(Stage.SCREEN, str(submission)).quarantined_at is not None
    with runner.context.scope() as session:
        assert session.scalar(select(func.count()).select_from(FindingRow)) == 1
        assert session.scalar(select(func.count()).select_from(AuditEvent)) == 1
    pipeline.sweep(runner.context)
    with runner.context.scope() as session:
        assert session.scalar(select(func.count()).select_from(AuditEvent)) == 1


def submitted(runner: Bare) -> UUID:
    """A submission that waits to be screened."""
    with runner.context.scope() as session:
        repositories.see_installation(session, 3, 9, "spindle")
        repositories.see_repository(session, 5, 3, "spindle/heat")
        row = PullRequestRow(repository_id=5, number=7, created_at=runner.context.now(), head_sha=HEAD)
        session.add(row)
        session.flush()
        return submissions.begin(session, row.id, HEAD).id


# Heartbeat


def test_the_heartbeat_keeps_a_lease_for_longer_than_it_lasts(running: Running) -> None:
    def slow(context: Context, lease: Lease) -> None:
        time.sleep(3)
        with context.scope() as session:
            assert jobs.claim(session, lease.job_id, lease_seconds=60) is None
        done(context, lease)

    assert not worked(running(slow, lease_seconds=1.2)).pending


def test_who_hangs_for_longer_than_any_stage_may_take_loses_the_job(running: Running) -> None:
    begun, free, lost = threading.Event(), threading.Event(), threading.Event()

    def hangs(context: Context, lease: Lease) -> None:
        begun.set()
        free.wait(30)
        try:
            done(context, lease)
        except LeaseLostError:
            lost.set()
            raise

    runner = running(hangs, lease_seconds=1.2, stage_seconds=1.5)
    job_id = runner.ask(Stage.FETCH, "5#7")
    hanging = threading.Thread(target=pipeline.work, args=(runner.context, job_id))
    hanging.start()
    assert begun.wait(30)
    try:
        other = replace(runner.context, stages={Stage.FETCH: done})
        until = time.monotonic() + 20
        while runner.job(Stage.FETCH, "5#7").pending and time.monotonic() < until:
            pipeline.work(other, job_id)
            time.sleep(0.1)
        assert not runner.job(Stage.FETCH, "5#7").pending
    finally:
        free.set()
        hanging.join()
    assert lost.is_set()
    assert runner.job(Stage.FETCH, "5#7").done == 1


def test_a_database_that_is_away_for_a_moment_does_not_end_the_heartbeat(running: Running) -> None:
    runner = running(done, lease_seconds=1.2)
    broken = threading.Event()
    scope = runner.context.scope

    def sometimes() -> AbstractContextManager[Session]:
        if broken.is_set() and threading.current_thread().name.startswith("heartbeat"):
            broken.clear()
            raise OSError("the database is away")
        return scope()

    def slow(context: Context, lease: Lease) -> None:
        broken.set()
        time.sleep(2.5)
        done(context, lease)

    context = replace(runner.context, scope=sometimes, stages={Stage.FETCH: slow})
    pipeline.work(context, runner.ask(Stage.FETCH, "5#7"))
    assert not broken.is_set()
    assert not runner.job(Stage.FETCH, "5#7").pending


# The doorbell


def test_after_its_work_a_worker_rings_for_what_is_due(running: Running) -> None:
    runner = running(done)
    other = runner.ask(Stage.SCREEN, "x")
    worked(runner)
    assert (Stage.SCREEN, other) in runner.rung


def test_a_broken_doorbell_loses_nothing_and_what_was_not_rung_is_rung_again(running: Running) -> None:
    works = threading.Event()
    rung: list[UUID] = []

    def announce(_stage: Stage, job_id: UUID, _place: str) -> None:
        if len(rung) == 2 and not works.is_set():
            raise OSError("no broker")
        rung.append(job_id)

    runner = running(done, ring=announce)
    asked = [runner.ask(Stage.FETCH, f"5#{number}") for number in range(5)]
    assert pipeline.ring(runner.context) == 2
    works.set()
    assert pipeline.ring(runner.context) == 3
    assert sorted(rung) == sorted(asked)
    assert pipeline.ring(runner.context) == 0, "what was announced a moment ago is not announced again"


def test_a_broken_doorbell_does_not_spoil_the_work(running: Running) -> None:
    def announce(_stage: Stage, _job_id: UUID, _place: str) -> None:
        raise OSError("no broker")

    runner = running(done, ring=announce)
    runner.ask(Stage.SCREEN, "x")
    assert not worked(runner).pending
