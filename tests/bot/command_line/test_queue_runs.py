"""`fairway queue reproduce` and `fairway queue costs`: asking for runs, and what they cost."""

from __future__ import annotations

import getpass
import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from tests.bot.command_line.conftest import Fairway
from tests.worker.rows import NAME, REPOSITORY, add_repository, add_submission, move
from worker.store import budget, runs
from worker.store.budget import Accounts, Amount
from worker.store.models import AuditEvent, Job, PullRequestRow, Run, RunStatus, Stage, SubmissionRow
from worker.store.runs import Asker
from worker.store.session import SessionScope

OLGA = Asker("olga", 7, "comment")
HEAD = "a" * 10
DAY = date(2026, 3, 4)
NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A competition that runs submissions, at a price."""
    path = tmp_path / "competition.toml"
    budgets = ["minutes_per_day = 960.0", "cost_per_hour = 24.0", "cost_per_day = 500.0", 'currency = "EUR"']
    lines = ['extends = "parameter-golf"', "[reproduction]", 'runner = "local"', "[reproduction.budget]", *budgets]
    path.write_text("\n".join(lines), "utf-8")
    monkeypatch.setenv("FAIRWAY_COMPETITION", str(path))
    return path


def asked(scope: SessionScope) -> list[tuple[str, str, str, int]]:
    """Step, status, asker and attempt of every run."""
    with scope() as session:
        found = session.scalars(select(Run)).all()
        known = [(run.rung, run.status.value, run.requested_by, run.attempt) for run in found]
    return sorted(known, key=lambda one: (runs.RUNGS.index(one[0]), one[3]))


def submission_of(scope: SessionScope, number: int) -> SubmissionRow:
    with scope() as session:
        statement = select(SubmissionRow).join(PullRequestRow).where(PullRequestRow.number == number)
        return session.scalars(statement).one()


def ran(scope: SessionScope, number: int, rung: str, *, spent: Amount, hours: int = 0, **more: object) -> None:
    """A run that ended so many hours after noon, and what it cost."""
    submission = submission_of(scope, number)
    with scope() as session:
        row = session.get_one(SubmissionRow, submission.id)
        accounts = Accounts(REPOSITORY, 5, row.id, DAY)
        budget.reserve(session, accounts, spent, {})
        runs.ask(session, row, rung, OLGA)
        run = session.scalars(select(Run).where(Run.submission_id == row.id, Run.rung == rung)).one()
        moment = NOON + timedelta(hours=hours)
        ended = {"status": RunStatus.FINISHED, "verdict": "reproduced", "passed": True, "ended_at": moment}
        cost = {"seconds": spent.seconds, "mills": spent.mills, "machine": "gpu-1"}
        runs.change(session, run.id, **{**ended, **cost, **more})
        budget.settle(session, accounts, spent, spent)


def test_a_run_is_asked_for_with_the_steps_below_it_and_says_why_each_waits(
    known: SessionScope, own: Path, fairway: Fairway
) -> None:
    outcome = fairway("queue", "reproduce", 12, "probe", "--as", "olga")
    assert outcome.code == 0, outcome.err
    first, *steps = outcome.out.splitlines()
    assert first == f"#12 probe run at {HEAD} asked for."
    assert [line.split(",")[0] for line in steps] == ["  smoke run", "  probe run"]
    assert "no machine of a `fairway worker --queue gpu` was heard of" in steps[0]
    assert "it waits for the smoke run" in steps[1]
    assert asked(known) == [("smoke", "requested", "olga", 1), ("probe", "requested", "olga", 1)]
    with known() as session:
        due = session.scalars(select(Job.stage).where(Job.stage == Stage.REPRODUCE)).all()
        event = session.scalars(select(AuditEvent)).one()
    assert len(due) == 1
    assert (event.actor, event.action) == ("olga", "asked for a run")
    assert event.detail == {"user_id": 0, "way": f"command line, as {getpass.getuser()}", "kind": "probe"}


def test_the_smallest_step_is_meant_where_none_is_named(known: SessionScope, own: Path, fairway: Fairway) -> None:
    assert f"#12 smoke run at {HEAD} asked for." in fairway("queue", "reproduce", "12").out
    assert asked(known) == [("smoke", "requested", getpass.getuser(), 1)]


def test_a_competition_without_a_runner_keeps_the_wish_and_says_so(known: SessionScope, fairway: Fairway) -> None:
    outcome = fairway("queue", "reproduce", 12)
    assert outcome.code == 0
    assert "no runner is set up for this competition" in outcome.out


def test_what_was_asked_for_before_is_told_and_asked_for_once(known: SessionScope, own: Path, fairway: Fairway) -> None:
    fairway("queue", "reproduce", 12, "--as", "olga")
    assert f"#12 smoke run at {HEAD} asked for before: requested." in fairway("queue", "reproduce", 12).out
    ran(known, 13, "smoke", spent=Amount(60))
    assert f"#13 smoke run at {HEAD} asked for before: finished." in fairway("queue", "reproduce", 13).out
    assert len(asked(known)) == 2


def test_a_wish_is_granted(known: SessionScope, own: Path, fairway: Fairway) -> None:
    submission = submission_of(known, 12)
    with known() as session:
        runs.ask(session, session.get_one(SubmissionRow, submission.id), "smoke", Asker("pat", 5), wished=True)
    assert "smoke run at aaaaaaaaaa asked for." in fairway("queue", "reproduce", 12, "--as", "olga").out
    assert asked(known) == [("smoke", "requested", "olga", 1)]


def test_what_was_lost_by_a_fault_of_ours_is_asked_for_anew(known: SessionScope, own: Path, fairway: Fairway) -> None:
    ran(known, 12, "smoke", spent=Amount(60), status=RunStatus.LOST, passed=None, verdict=None)
    assert fairway("queue", "reproduce", 12, "--as", "olga").code == 0
    assert asked(known) == [("smoke", "lost", "olga", 1), ("smoke", "requested", "olga", 2)]


def test_above_a_step_that_did_not_pass_nothing_is_asked_for(known: SessionScope, own: Path, fairway: Fairway) -> None:
    ran(known, 12, "smoke", spent=Amount(60), passed=False, verdict="failed")
    for _ in range(2):
        outcome = fairway("queue", "reproduce", 12, "full")
        assert outcome.code == 2
        assert "no full run of this commit: the smoke run before it did not pass; nothing was asked for" in outcome.err
    assert [one[0] for one in asked(known)] == ["smoke"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["99"], f"{NAME} has no pull request #99 that Fairway has read"),
        (["0"], "0 is not in the range"),
        (["twelve"], "not a valid integer"),
        (["12", "twice"], "is not one of 'smoke', 'probe', 'seed', 'full'"),
        (["12", "smoke", "13"], "unexpected extra argument"),
        ([], "Missing argument"),
        (["12", "--head", "bbb"], f"#12 is at {HEAD} now, not at bbb"),
        (["12", "--as", "a b"], "is no login"),
        (["12", "--repository", "a/b"], "there is no repository 'a/b'"),
    ],
)
def test_asking_wrongly_is_one_line_of_advice_and_asks_for_nothing(
    known: SessionScope, own: Path, fairway: Fairway, arguments: list[str], says: str
) -> None:
    outcome = fairway("queue", "reproduce", *arguments)
    assert outcome.code == 2
    assert outcome.err.count("\n") == 1
    assert says in outcome.err
    assert asked(known) == []


def test_a_head_that_is_there_may_be_named(known: SessionScope, own: Path, fairway: Fairway) -> None:
    assert fairway("queue", "reproduce", 12, "--head", "AAAA").code == 0


def test_what_was_asked_for_before_a_push_is_asked_for_anew_at_the_new_head(
    known: SessionScope, own: Path, fairway: Fairway
) -> None:
    fairway("queue", "reproduce", 12)
    submission = submission_of(known, 12)
    with known() as session:
        move(session, submission.id)
    assert "#12 smoke run at bbbbbbbbbb asked for." in fairway("queue", "reproduce", 12).out
    assert [one[1] for one in asked(known)] == ["cancelled", "requested"]


def test_without_any_run_the_costs_say_so(known: SessionScope, own: Path, fairway: Fairway) -> None:
    outcome = fairway("queue", "costs")
    assert (outcome.code, outcome.out) == (0, "Nothing was run yet.\n")
    told = json.loads(fairway("queue", "costs", "--json", "-").out)
    assert (told["currency"], told["days"], told["runs"]) == ("EUR", [], [])
    assert told["limits"]["gpu_minutes_per_day"] == 960.0


def test_costs_are_told_by_day_and_by_run_newest_first(known: SessionScope, own: Path, fairway: Fairway) -> None:
    ran(known, 12, "smoke", spent=Amount(90, 600))
    ran(known, 13, "seed", spent=Amount(9_600, 64_000), hours=2)
    day, first, second = fairway("queue", "costs").out.splitlines()[1:]
    assert day.split() == ["2026-03-04", "161.5", "0.0", "960", "64.60", "500.00"]
    assert first == "#13 seed, attempt 1: reproduced, 160.0 GPU minutes, 64.00 EUR"
    assert second == "#12 smoke, attempt 1: reproduced, 1.5 GPU minutes, 0.60 EUR"
    assert "#12" not in fairway("queue", "costs", "--limit", 1).out


def test_costs_as_json(known: SessionScope, own: Path, fairway: Fairway, tmp_path: Path) -> None:
    ran(known, 12, "smoke", spent=Amount(90, 600))
    told = json.loads(fairway("queue", "costs", "--json", "-").out)
    [day], [run] = told["days"], told["runs"]
    assert day == {"day": "2026-03-04", "gpu_seconds": 90, "reserved_gpu_seconds": 0, "cost": 0.6, "reserved_cost": 0.0}
    assert (run["number"], run["rung"], run["gpu_seconds"], run["cost"]) == (12, "smoke", 90, 0.6)
    assert (run["status"], run["verdict"], run["machine"]) == ("finished", "reproduced", "gpu-1")
    fairway("queue", "costs", "--json", tmp_path / "costs.json")
    assert json.loads((tmp_path / "costs.json").read_text("utf-8")) == told


def test_what_runs_costs_what_is_reserved_for_it(known: SessionScope, own: Path, fairway: Fairway) -> None:
    ran(known, 12, "smoke", spent=Amount(90, 600))
    submission = submission_of(known, 13)
    with known() as session:
        row = session.get_one(SubmissionRow, submission.id)
        runs.ask(session, row, "smoke", OLGA)
        run = session.scalars(select(Run).where(Run.submission_id == row.id)).one()
        amount = {"reserved_seconds": 480, "reserved_mills": 3_200}
        runs.change(session, run.id, status=RunStatus.RUNNING, started_at=NOON + timedelta(hours=1), **amount)
        budget.reserve(session, Accounts(REPOSITORY, 6, row.id, DAY), Amount(480, 3_200), {})
    out = fairway("queue", "costs").out.splitlines()
    assert out[1].split()[:3] == ["2026-03-04", "1.5", "8.0"]
    assert out[2] == "#13 smoke, attempt 1: running, at most 8.0 GPU minutes, 3.20 EUR"
    told = json.loads(fairway("queue", "costs", "--json", "-").out)["runs"][0]
    assert (told["number"], told["gpu_seconds"]) == (13, 0)
    assert (told["reserved_gpu_seconds"], told["reserved_cost"]) == (480, 3.2)


def test_what_was_reserved_and_given_back_is_no_cost(known: SessionScope, own: Path, fairway: Fairway) -> None:
    submission = submission_of(known, 12)
    with known() as session:
        accounts = Accounts(REPOSITORY, 5, submission.id, DAY)
        budget.reserve(session, accounts, Amount(480), {})
        budget.settle(session, accounts, Amount(480), Amount(0))
    assert fairway("queue", "costs").out == "Nothing was run yet.\n"


def test_costs_are_those_of_one_repository(known: SessionScope, own: Path, fairway: Fairway) -> None:
    ran(known, 12, "smoke", spent=Amount(90))
    with known() as session:
        add_repository(session, 72, "thimble/other")
        add_submission(session, 30, repository_id=72)
    assert "there are several repositories" in fairway("queue", "costs").err
    assert fairway("queue", "costs", "--repository", "thimble/other").out == "Nothing was run yet.\n"
    assert "#12 smoke" in fairway("queue", "--repository", NAME, "costs").out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--limit", "0"], "0 is not in the range"),
        (["12"], "unexpected extra argument"),
        (["--json", "/no/such/folder/costs.json"], "there is no folder '/no/such/folder'"),
        (["--repository", "a/b"], "there is no repository 'a/b'"),
    ],
)
def test_asking_wrongly_for_costs_is_one_line(
    known: SessionScope, own: Path, fairway: Fairway, arguments: list[str], says: str
) -> None:
    outcome = fairway("queue", "costs", *arguments)
    assert outcome.code == 2
    assert outcome.err.count("\n") == 1
    assert says in outcome.err


def test_without_a_repository_both_say_what_to_do(scope: SessionScope, fairway: Fairway) -> None:
    for arguments in (("reproduce", 12), ("costs",)):
        outcome = fairway("queue", *arguments)
        assert outcome.code == 2
        assert "install the App on one" in outcome.err
