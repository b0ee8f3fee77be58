"""Attempts after faults of ours: with a pause that grows, in which others have the machine."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from tests.databases import database
from tests.worker.reproduction.scene import Scene, scene
from tests.worker.rows import loaded
from worker.reproduction import telling
from worker.store import attempts, runs
from worker.store.attempts import MAX_ATTEMPTS
from worker.store.models import Run, RunStatus, Stage
from worker.store.types import now_plus

PAUSE = 60.0


@pytest.fixture(params=["postgresql", "sqlite"])
def patient(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Scene]:
    """A machine whose pauses are as long as in life."""
    with database(request.param, tmp_path) as url, scene(url, tmp_path, pause_seconds=PAUSE) as made:
        yield made


def lose(here: Scene, seconds_ago: float = 0.0) -> None:
    """The newest attempt begins, is lost by a fault of ours, and that was so long ago."""
    here.look(here.run())
    taken = here.run()
    assert taken.status is RunStatus.RUNNING, taken.waits_for
    assert here.reap() == 1
    here.look(taken)
    pass_by(here, seconds_ago)


def pass_by(here: Scene, seconds: float) -> None:
    """The clock goes on: what was lost was lost earlier."""
    with here.scope() as session:
        for run in session.scalars(select(Run).where(Run.status == RunStatus.LOST)):
            assert run.ended_at is not None
            run.ended_at -= timedelta(seconds=seconds)


def clock(here: Scene) -> datetime:
    with here.scope() as session:
        return session.scalars(select(now_plus())).one()


def due_in(here: Scene) -> float:
    """Seconds until somebody looks at the newest attempt again."""
    return (here.machine.job(Stage.REPRODUCE, str(here.run().id)).run_after - clock(here)).total_seconds()


def test_pauses_grow_and_there_is_none_before_the_first_attempt_or_after_the_last() -> None:
    pauses = [attempts.pause(attempt, PAUSE) for attempt in range(1, MAX_ATTEMPTS + 2)]
    assert pauses == [0.0, 60.0, 600.0, 0.0]


def test_the_next_attempt_waits_says_until_when_and_then_begins(patient: Scene) -> None:
    patient.ask(patient.add(script="slow"))
    lose(patient)
    patient.look(patient.run())
    run = patient.run()
    assert (run.attempt, run.status) == (2, RunStatus.REQUESTED)
    assert (run.waits_for or "").startswith("attempt 2 of 3 begins at ")
    assert 40 < due_in(patient) <= PAUSE
    pass_by(patient, PAUSE - 5)
    patient.look(patient.run())
    assert patient.run().status is RunStatus.REQUESTED
    assert due_in(patient) <= 5
    pass_by(patient, 5)
    patient.look(patient.run())
    assert patient.run().status is RunStatus.RUNNING
    patient.go_on()
    assert patient.told() == [("smoke", "lost", None), ("smoke", "finished", "reproduced")]


def test_the_third_attempt_waits_longer_and_is_the_last(patient: Scene) -> None:
    patient.ask(patient.add(script="slow"))
    lose(patient, seconds_ago=PAUSE)
    lose(patient, seconds_ago=PAUSE)
    patient.look(patient.run())
    assert (patient.run().attempt, patient.run().status) == (3, RunStatus.REQUESTED)
    assert 480 < due_in(patient) <= 9 * PAUSE
    pass_by(patient, 9 * PAUSE)
    lose(patient)
    assert [run.status for run in patient.runs()] == [RunStatus.LOST] * 3


def test_what_a_person_asks_for_anew_begins_at_once(patient: Scene) -> None:
    submission_id = patient.add()
    patient.ask(submission_id)
    for _ in range(MAX_ATTEMPTS):
        lose(patient, seconds_ago=10 * PAUSE)
    assert patient.ask(submission_id)
    patient.look(patient.run())
    assert patient.run().status is RunStatus.RUNNING
    patient.go_on()
    assert patient.run().status is RunStatus.FINISHED


def test_a_machine_that_gets_free_wakes_others_and_not_what_pauses(patient: Scene) -> None:
    patient.ask(patient.add(12, "slow"))
    lose(patient)
    patient.look(patient.run())
    patient.ask(patient.add(13))
    patient.ask(patient.add(14))
    second, third = patient.runs()[2:]
    patient.look(second)
    patient.look(third)
    with patient.scope() as session:
        assert runs.next_waiting(session, PAUSE) == [third.id]
        assert len(runs.next_waiting(session, 0.0)) == 2
    patient.look(second)
    patient.go_on()
    assert [run.status.value for run in patient.runs()] == ["lost", "requested", "finished", "finished"]


def test_the_queue_says_that_it_pauses(patient: Scene) -> None:
    submission_id = patient.add(script="slow")
    patient.ask(submission_id)
    lose(patient)
    patient.look(patient.run())
    with patient.scope() as session:
        repository = loaded(session, submission_id).pull_request.repository
        [line] = telling.of_submission(session, submission_id, patient.machine.context.competition(repository))
    assert line.endswith(patient.run().waits_for or "?")
