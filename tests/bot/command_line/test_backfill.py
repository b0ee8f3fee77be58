from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import select, update

from bot.command_line import backfill
from migrations.apply import upgrade
from tests.bot.command_line.conftest import Fairway
from tests.databases import database
from worker.store import backfills, jobs, repositories, submissions
from worker.store.backfills import Wish
from worker.store.models import AuditEvent, Job, PullRequestRow, Stage
from worker.store.session import SessionScope, make_engine, session_scope
from worker.store.types import now_plus

NAME, NUMBER = "spindle/heat", 12
COMMAND = [sys.executable, "-c", "from bot.command_line.main import main; main()", "backfill", NAME]


@pytest.fixture(params=["postgresql", "sqlite"])
def scope(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SessionScope]:
    """A deployment's database that knows a repository."""
    with database(request.param, tmp_path) as url:
        monkeypatch.setenv("FAIRWAY_DATABASE_URL", url)
        engine = make_engine(url)
        upgrade(engine)
        made = session_scope(engine)
        with made() as session:
            repositories.see_installation(session, 7, 8, "spindle")
            repositories.see_repository(session, NUMBER, 7, NAME)
        yield made
        engine.dispose()


def asked(scope: SessionScope) -> list[str]:
    with scope() as session:
        return list(backfills.under_way(session, NUMBER))


def list_and_judge(scope: SessionScope, judged: int, total: int = 3) -> None:
    """What a worker does: the list is read, some are judged, and the jobs of the backfill are done."""
    with scope() as session:
        for number in range(1, total + 1):
            values = {"repository_id": NUMBER, "number": number, "head_sha": "a" * 40, "state": "open"}
            repositories.upsert(
                session, PullRequestRow, ["repository_id", "number"], values | {"created_at": datetime.now(UTC)}
            )
            row = repositories.pull_request(session, NUMBER, number)
            assert row is not None
            if number <= judged:
                submissions.begin(session, row.id, row.head_sha).decided_at = now_plus()
        session.execute(update(Job).where(Job.stage == Stage.BACKFILL).values(pending=False))


@pytest.mark.parametrize(
    ("options", "subject"),
    [
        ([], "12"),
        (["--quiet"], "12!quiet"),
        (["--loud", "--since", "2026-04-01"], "12!loud!since=2026-04-01"),
    ],
)
def test_the_wish_is_written_into_the_database(
    scope: SessionScope, fairway: Fairway, options: list[str], subject: str
) -> None:
    outcome = fairway("backfill", "Spindle/HEAT", "--no-wait", *options)
    assert (outcome.code, outcome.out) == (0, "")
    assert "as fast as GitHub's limits allow" in outcome.err
    assert asked(scope) == [subject]
    with scope() as session:
        (event,) = session.scalars(select(AuditEvent))
        assert (event.actor, event.action, event.subject) == ("command line", "backfill", subject)


def test_given_again_it_joins_what_is_under_way_and_another_wish_replaces_it(
    scope: SessionScope, fairway: Fairway
) -> None:
    fairway("backfill", NAME, "--no-wait", "--quiet")
    assert "is under way" in fairway("backfill", NAME, "--no-wait").err
    assert asked(scope) == ["12!quiet"]
    assert "replaces" in fairway("backfill", NAME, "--no-wait", "--loud").err
    assert asked(scope) == ["12!loud"]


def test_it_watches_until_all_are_judged(scope: SessionScope, fairway: Fairway) -> None:
    def worker() -> None:
        while not asked(scope):
            time.sleep(0.05)
        list_and_judge(scope, 3)

    thread = threading.Thread(target=worker)
    thread.start()
    outcome = fairway("backfill", NAME)
    thread.join()
    assert (outcome.code, outcome.out) == (0, "spindle/heat: all 3 open pull requests are judged\n")


def test_what_cannot_be_judged_is_said_and_not_waited_for(scope: SessionScope, fairway: Fairway) -> None:
    def worker() -> None:
        while not asked(scope):
            time.sleep(0.05)
        list_and_judge(scope, 2)

    thread = threading.Thread(target=worker)
    thread.start()
    outcome = fairway("backfill", NAME)
    thread.join()
    assert outcome.code == 0
    assert outcome.out.startswith("spindle/heat: of 3 open pull requests 1 could not be judged; `fairway queue`")


def test_a_backfill_that_was_set_aside_says_why_and_is_begun_anew_by_the_next(
    scope: SessionScope, fairway: Fairway
) -> None:
    def worker() -> None:
        while not asked(scope):
            time.sleep(0.05)
        with scope() as session:
            job = session.scalars(select(Job)).one()
            job.quarantined_at, job.last_error = now_plus(), "RefusedError: 403 no"

    thread = threading.Thread(target=worker)
    thread.start()
    outcome = fairway("backfill", NAME, "--quiet")
    thread.join()
    assert outcome.code == 2
    assert "set aside after three attempts: RefusedError: 403 no; mend the cause" in outcome.err
    assert asked(scope) == []
    assert "as fast as" in fairway("backfill", NAME, "--no-wait", "--quiet").err
    assert asked(scope) == ["12!quiet"]


def test_an_unknown_repository_says_what_to_do(scope: SessionScope, fairway: Fairway) -> None:
    outcome = fairway("backfill", "spindle/\x1b[31mcold")
    assert (outcome.code, outcome.out) == (2, "")
    assert "Fairway knows no repository" in outcome.err
    assert "install the App" in outcome.err
    assert "\x1b" not in outcome.err
    with scope() as session:
        assert session.scalars(select(Job)).all() == []


def test_a_repository_that_was_taken_away_says_so(scope: SessionScope, fairway: Fairway) -> None:
    with scope() as session:
        repositories.forget_repository(session, NUMBER)
    outcome = fairway("backfill", NAME)
    assert outcome.code == 2
    assert "may not read" in outcome.err


@pytest.mark.parametrize("since", ["yesterday", "2026-13-01", "1.4.2026"])
def test_a_day_that_is_none_is_misuse(fairway: Fairway, since: str) -> None:
    outcome = fairway("backfill", NAME, "--since", since)
    assert outcome.code == 2
    assert "--since" in outcome.err


def test_without_a_database_nothing_is_made(fairway: Fairway, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAIRWAY_DATABASE_URL", f"sqlite:///{tmp_path / 'none.db'}")
    outcome = fairway("backfill", NAME)
    assert outcome.code == 2
    assert "there is no database" in outcome.err
    assert list(tmp_path.iterdir()) == []


class Hours:
    """A clock that goes on when somebody sleeps; after so many seconds a worker comes."""

    def __init__(self, scope: SessionScope, comes_at: float) -> None:
        self.seconds, self.scope, self.comes_at = 0.0, scope, comes_at

    def now(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds
        if self.seconds >= self.comes_at:
            list_and_judge(self.scope, 3)


def watched(scope: SessionScope, clock: Hours, run_after: float) -> list[tuple[int, int]]:
    seen: list[tuple[int, int]] = []
    with scope() as session:
        jobs.request(session, Stage.BACKFILL, str(NUMBER))
        session.execute(update(Job).values(run_after=now_plus(run_after)))
    found = backfill.watch(
        scope, Wish(NUMBER), lambda done, of: seen.append((done, of)), sleep=clock.sleep, now=clock.now
    )
    assert (found.done, found.judged, found.total) == (True, 3, 3)
    return seen


def test_without_a_worker_it_says_once_that_nothing_moves(
    scope: SessionScope, capsys: pytest.CaptureFixture[str]
) -> None:
    watched(scope, Hours(scope, 200), run_after=-60)
    assert capsys.readouterr().err.count("nothing moves although work is due") == 1


def test_waiting_for_githubs_limits_is_no_standstill(scope: SessionScope, capsys: pytest.CaptureFixture[str]) -> None:
    watched(scope, Hours(scope, 200), run_after=600)
    assert capsys.readouterr().err == ""


def test_ctrl_c_only_stops_watching(scope: SessionScope) -> None:
    process = subprocess.Popen(COMMAND, env=dict(os.environ), stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    assert "Ctrl-C only stops watching" in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert err.startswith("fairway: no longer watched; the backfill of spindle/heat goes on")
    assert asked(scope) == ["12"]


def test_a_wish_counts_only_what_it_is_about(scope: SessionScope) -> None:
    list_and_judge(scope, 3)
    with scope() as session:
        found = backfills.progress(session, Wish(NUMBER, since=date(2999, 1, 1)))
    assert (found.total, found.judged) == (0, 0)
