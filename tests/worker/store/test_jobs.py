from __future__ import annotations

import threading
import time
from uuid import UUID

import pytest

from worker.store import jobs
from worker.store.jobs import Due, Lease, LeaseLostError
from worker.store.models import Job, Stage
from worker.store.session import SessionScope


def asked(scope: SessionScope, subject: str = "1#2") -> UUID:
    with scope() as session:
        jobs.request(session, Stage.FETCH, subject)
    with scope() as session:
        return session.query(Job).filter_by(subject=subject).one().id


def claimed(scope: SessionScope, job_id: UUID, seconds: float = 30) -> Lease | None:
    with scope() as session:
        return jobs.claim(session, job_id, lease_seconds=seconds)


def taken(scope: SessionScope, job_id: UUID, seconds: float = 30) -> Lease:
    lease = claimed(scope, job_id, seconds)
    assert lease is not None
    return lease


def test_a_job_has_one_holder(scope: SessionScope) -> None:
    job_id = asked(scope)
    assert taken(scope, job_id).attempt == 1
    assert claimed(scope, job_id) is None


def test_of_many_who_claim_at_once_one_gets_it(scope: SessionScope) -> None:
    job_id = asked(scope)
    found: list[Lease | None] = []
    threads = [threading.Thread(target=lambda: found.append(claimed(scope, job_id))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(lease is not None for lease in found) == 1


def test_a_lease_that_ran_out_can_be_taken_and_the_old_holder_is_fenced_off(scope: SessionScope) -> None:
    job_id = asked(scope)
    old = taken(scope, job_id, seconds=0.05)
    time.sleep(0.1)
    new = taken(scope, job_id)
    assert new.fence > old.fence
    with pytest.raises(LeaseLostError), scope() as session:
        jobs.finish(session, old)
    with scope() as session:
        jobs.finish(session, new)


def test_a_heartbeat_keeps_the_lease(scope: SessionScope) -> None:
    job_id = asked(scope)
    lease = taken(scope, job_id, seconds=0.2)
    with scope() as session:
        assert jobs.heartbeat(session, lease, lease_seconds=30)
    time.sleep(0.3)
    assert claimed(scope, job_id) is None


def test_work_that_is_asked_for_while_it_runs_is_done_once_more(scope: SessionScope) -> None:
    job_id = asked(scope)
    lease = taken(scope, job_id)
    asked(scope)
    asked(scope)
    with scope() as session:
        jobs.finish(session, lease)
    again = taken(scope, job_id)
    with scope() as session:
        jobs.finish(session, again)
    assert claimed(scope, job_id) is None


def test_a_failed_job_comes_again_later_and_is_set_aside_after_three_attempts(
    scope: SessionScope, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "RETRY_SECONDS", 0.0)
    job_id = asked(scope)
    ends = []
    for _ in range(3):
        lease = taken(scope, job_id)
        with scope() as session:
            ends.append(jobs.fail(session, lease, error="broken"))
    assert ends == [False, False, True]
    assert claimed(scope, job_id) is None
    with scope() as session:
        assert [job.last_error for job in jobs.quarantined(session)] == ["broken"]


def test_asking_again_lifts_a_quarantine(scope: SessionScope, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "RETRY_SECONDS", 0.0)
    job_id = asked(scope)
    for _ in range(3):
        lease = taken(scope, job_id)
        with scope() as session:
            jobs.fail(session, lease, error="broken")
    asked(scope)
    assert taken(scope, job_id).attempt == 1


def test_a_job_that_kills_its_worker_is_set_aside_after_three_attempts(scope: SessionScope) -> None:
    job_id = asked(scope)
    for attempt in (1, 2, 3):
        assert taken(scope, job_id, seconds=0.02).attempt == attempt
        time.sleep(0.05)
    assert claimed(scope, job_id) is None  # whoever comes before the sweeper must not die of it once more
    with scope() as session:
        assert jobs.due(session) == []
    with scope() as session:
        assert [lease.job_id for lease in jobs.exhausted(session)] == [job_id]
    assert claimed(scope, job_id) is None


def test_a_parked_job_waits_and_the_attempt_does_not_count(scope: SessionScope) -> None:
    job_id = asked(scope)
    lease = taken(scope, job_id)
    with scope() as session:
        jobs.park(session, lease, seconds=0.3, reason="limit")
    assert claimed(scope, job_id) is None
    time.sleep(0.4)
    assert taken(scope, job_id).attempt == 1


def test_due_jobs_are_announced_once_and_again_when_nobody_came(
    scope: SessionScope, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = asked(scope)
    with scope() as session:
        assert jobs.due(session) == [Due(job_id, Stage.FETCH)]
    with scope() as session:
        assert jobs.due(session) == []
    monkeypatch.setattr(jobs, "ANNOUNCE_AGAIN_SECONDS", 0.0)
    time.sleep(0.02)
    with scope() as session:
        assert jobs.due(session) == [Due(job_id, Stage.FETCH)]


def test_what_has_been_due_for_longest_is_announced_first(scope: SessionScope) -> None:
    waits = {f"1#{number}": float((7 * number) % 60) for number in range(1, 60)}
    with scope() as session:
        for subject, seconds in waits.items():
            jobs.request(session, Stage.FETCH, subject, delay_seconds=-60 - seconds)
    with scope() as session:
        announced = [session.get_one(Job, one.job_id).subject for one in jobs.due(session)]
    assert announced == sorted(waits, key=waits.__getitem__, reverse=True)


def test_cancelled_work_is_not_done_and_its_holder_is_fenced_off(scope: SessionScope) -> None:
    job_id = asked(scope)
    lease = taken(scope, job_id)
    with scope() as session:
        jobs.cancel(session, Stage.FETCH, "1#2")
    with pytest.raises(LeaseLostError), scope() as session:
        jobs.finish(session, lease)
    assert claimed(scope, job_id) is None


def test_work_that_was_cancelled_in_its_last_attempt_may_be_asked_for_again(scope: SessionScope) -> None:
    job_id = asked(scope)
    for _ in range(3):
        taken(scope, job_id, seconds=0.02)
        time.sleep(0.05)
    with scope() as session:
        jobs.cancel(session, Stage.FETCH, "1#2")
    asked(scope)
    assert taken(scope, job_id).attempt == 1


def test_what_waits_longest_is_known(scope: SessionScope) -> None:
    with scope() as session:
        assert jobs.oldest_due(session) is None
    asked(scope)
    with scope() as session:
        assert jobs.oldest_due(session) is not None
