from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from migrations.apply import upgrade
from tests.bot.command_line.conftest import Fairway, Local
from tests.databases import database
from tests.worker.boards.cases import candidate
from tests.worker.rows import NAME, add_repository, add_submission
from worker.store import rulings
from worker.store.models import Outcome, SubmissionRow
from worker.store.session import make_engine, session_scope

ROWS = ((12, 1.2, Outcome.ACCEPTED, ()), (13, 1.1, Outcome.ACCEPTED, ("Codex",)), (14, 1.0, Outcome.REJECTED, ()))


@pytest.fixture(params=["postgresql", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A deployment's database with three submissions that were ruled on."""
    with database(request.param, tmp_path) as url:
        monkeypatch.setenv("FAIRWAY_DATABASE_URL", url)
        engine = make_engine(url)
        upgrade(engine)
        with session_scope(engine)() as session:
            add_repository(session)
            for number, score, outcome, agents in ROWS:
                found = add_submission(session, number)
                row = session.get_one(SubmissionRow, found)
                row.entry = dict(candidate(number, score, agents=agents, techniques=["muon"]).entry)
                rulings.record(session, found, outcome, ruler="olga", ruler_id=7, origin=str(number))
        yield
        engine.dispose()


def test_the_board_of_the_store_has_what_was_accepted(store: None, fairway: Fairway) -> None:
    outcome = fairway("leaderboard")
    assert outcome.code == 0, outcome.err
    lines = outcome.out.splitlines()
    assert lines[0] == "| Run | Score | Author | Summary | Date | Info |"
    assert [line.split(" | ")[:2] for line in lines[2:]] == [["| `Entry 13`", "1.1000"], ["| `Entry 12`", "1.2000"]]
    assert f"[info](https://github.com/{NAME}/pull/13)" in lines[2]


def test_agents_are_a_filter(store: None, fairway: Fairway) -> None:
    told = json.loads(fairway("leaderboard", "--format", "json", "--without-agents").out)
    assert [row["number"] for row in told["rows"]] == [12]


def test_csv_and_the_other_track(store: None, fairway: Fairway) -> None:
    assert fairway("leaderboard", "--format", "csv").out.splitlines()[1].startswith("1,13,pat,Entry 13,1.1,")
    assert fairway("leaderboard", "--track", "non-record", "--format", "csv").out.count("\n") == 1


def test_a_track_that_is_none_is_refused_with_those_that_are(store: None, fairway: Fairway) -> None:
    outcome = fairway("leaderboard", "--track", "swimming")
    assert outcome.code == 2
    assert "has no track 'swimming'; it has record, non-record" in outcome.err


def test_a_patch_is_printed_and_the_readme_left_alone(store: None, fairway: Fairway, tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    text = "| Run | Score | Author | Summary | Date | Info |\n|-----|------:|--------|---------|------|------|\n"
    readme.write_text(text)
    outcome = fairway("leaderboard", "--patch", readme)
    assert outcome.code == 0, outcome.err
    assert outcome.out.startswith("--- a/README.md\n+++ b/README.md\n")
    assert outcome.out.count("\n+|") == 2
    assert readme.read_text() == text
    readme.write_text("# No table\n")
    assert "no table with the columns" in fairway("leaderboard", "--patch", readme).err


def test_a_local_repository_and_its_rulings_do_without_a_store(fairway: Fairway, local: Local, tmp_path: Path) -> None:
    rulings_table = tmp_path / "rulings.csv"
    rulings_table.write_text("number,outcome,reasons,ruled_on\n105,accepted,record,2026-04-20\n")
    tables = ("--git", local.git, "--pull-requests", local.pull_requests, "--rulings", rulings_table, "--workers", 0)
    outcome = fairway("leaderboard", *tables, "--format", "json")
    assert outcome.code == 0, outcome.err
    (row,) = json.loads(outcome.out)["rows"]
    assert (row["number"], row["score"], row["runs"], row["author"]) == (105, 1.2, 3, "somebody")
    outcome = fairway("leaderboard", "--git", local.git)
    assert outcome.code == 2
    assert "--git takes --pull-requests and --rulings beside it" in outcome.err


def test_authors_are_listed_and_one_of_them_shown(store: None, fairway: Fairway) -> None:
    outcome = fairway("authors")
    assert outcome.code == 0, outcome.err
    assert outcome.out == "pat: 3 submissions, 2 accepted, 1 rejected, discloses Codex\n"
    told = json.loads(fairway("authors", "PAT", "--json", "-").out)
    assert told["authors"][0]["submissions"] == [12, 13, 14]
    assert told["weeks"][0]["share"] == pytest.approx(1 / 3, abs=1e-4)
    assert "has no submission by quin" in fairway("authors", "quin").err
