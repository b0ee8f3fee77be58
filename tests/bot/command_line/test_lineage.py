from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import pytest

from tests.bot.command_line.conftest import Fairway, Local
from tests.reading.repositories import Builder

FOLDER = "2026-04-10_"
BASELINE = "".join(f"base_{i} = {i}\n" for i in range(40))
IDEA = "".join(f"idea_{i} = {i}\n" for i in range(30))


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Local:
    """Three pull requests: an idea by ann, ben's copy that changes one line, cid's other idea."""
    return made(tmp_path_factory.mktemp("history"))


@pytest.fixture(scope="module")
def naming(tmp_path_factory: pytest.TempPathFactory) -> Local:
    """The same, where ben names ann's as the one that he builds on, and cid's, which came later."""
    return made(tmp_path_factory.mktemp("naming"), {12: "This builds on #11.\n\nThis builds on #13.\n"})


def made(root: Path, told: Mapping[int, str] = MappingProxyType({})) -> Local:
    """The repository and its tables; `told` stands in the README of a number."""
    builder = Builder(root / "git")
    base = builder.commit({"train_gpt.py": BASELINE}, branch="refs/heads/main")
    scripts = {
        11: ("ann", BASELINE + IDEA),
        12: ("ben", BASELINE + IDEA.replace("idea_7 = 7", "idea_7 = 70")),
        13: ("cid", BASELINE + IDEA.replace("idea", "other")),
    }
    rows = ["number,created_at,author,title,head_sha"]
    for number, (author, script) in scripts.items():
        files = {"train_gpt.py": script, "README.md": f"# By {author}\n\n{told.get(number, '')}"}
        folder = {"records": {"track_10min_16mb": {f"{FOLDER}{number}": files}}}
        head = builder.commit({"train_gpt.py": BASELINE, **folder}, [base])
        builder.pull(number, head)
        rows.append(f"{number},2026-04-10T00:{number}:00Z,{author},Sample,{head}")
    table = root / "pull-requests.csv"
    table.write_text("\n".join(rows) + "\n", encoding="utf-8")
    rulings = root / "rulings.csv"
    rulings.write_text("number,outcome,reasons,ruled_on\n11,invalid,ngram-cache,2026-04-09\n", encoding="utf-8")
    return Local(root / "git", table, rulings)


def asked(history: Local, number: int, *more: object) -> tuple[object, ...]:
    return ("lineage", "--git", history.git, "--pr", number, "--workers", 0, *more)


def test_the_nearest_of_others_is_found_beyond_the_baseline(fairway: Fairway, history: Local) -> None:
    outcome = fairway(*asked(history, 12, "--pull-requests", history.pull_requests, "--json", "-"))
    assert outcome.code == 0, outcome.err
    found = json.loads(outcome.out)
    assert found["parents"] == [{"number": 11, "similarity": 0.9667, "cited": False, "author": "ann"}]
    assert found["new"]["against"] == 11
    assert "+idea_7 = 70" in found["diff"].split("\n")


def test_the_baseline_alone_makes_no_kin(fairway: Fairway, history: Local) -> None:
    outcome = fairway(*asked(history, 13, "--pull-requests", history.pull_requests, "--json", "-"))
    found = json.loads(outcome.out)
    assert (found["parents"], found["new"], found["diff"]) == ([], None, None)


def test_without_a_table_the_heads_tell_the_order(fairway: Fairway, history: Local) -> None:
    outcome = fairway(*asked(history, 12))
    assert outcome.code == 0, outcome.err
    assert "Earlier ones of others" in outcome.out or "Earlier ones of the same author" in outcome.out
    assert "#11" in outcome.out
    assert "New against #11" in outcome.out


def test_a_number_that_is_not_listed_is_a_clear_error(fairway: Fairway, history: Local) -> None:
    outcome = fairway(*asked(history, 99, "--pull-requests", history.pull_requests))
    assert outcome.code == 2
    assert "pull request 99 is not among the 3 that are known" in outcome.err


def test_a_folder_is_compared_with_all(fairway: Fairway, history: Local, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "train_gpt.py").write_text(BASELINE + IDEA + "more = 1\n", encoding="utf-8")
    common = ("similar", folder, "--git", history.git, "--pull-requests", history.pull_requests, "--workers", 0)
    found = json.loads(fairway(*common, "--json", "-").out)
    assert [parent["number"] for parent in found["parents"]] == [11, 12]
    assert "New against #11" in fairway(*common).out


def test_a_triage_with_lineage_tells_parent_and_news(fairway: Fairway, history: Local) -> None:
    common = ("triage", "--git", history.git, "--pr", 12, "--pull-requests", history.pull_requests)
    found = json.loads(fairway(*common, "--lineage", "--json", "-").out)
    assert found["parents"] == [{"number": 11, "similarity": 0.9667, "cited": False}]
    assert found["new"]["against"] == 11
    assert json.loads(fairway(*common, "--json", "-").out)["parents"] == []


def test_a_backtest_knows_the_nearest_of_all_that_came_before(fairway: Fairway, history: Local) -> None:
    common = ("backtest", "--git", history.git, "--pull-requests", history.pull_requests, "--workers", 0)
    found = json.loads(fairway(*common, "--numbers", 12, "--json", "-").out)["pull_requests"]
    assert [entry["parents"] for entry in found] == [[{"number": 11, "similarity": 0.9667, "cited": False}]]


def test_a_triage_with_a_table_compares_with_the_parents_that_are_named(fairway: Fairway, naming: Local) -> None:
    common = ("triage", "--git", naming.git, "--pr", 12, "--json", "-")
    with_table = json.loads(fairway(*common, "--pull-requests", naming.pull_requests).out)
    assert with_table["parents"] == [
        {"number": 11, "similarity": 0.9667, "cited": True},
        {"number": 13, "similarity": None, "cited": True},
    ]
    assert with_table["new"] is None
    alone = json.loads(fairway(*common).out)
    assert [parent["similarity"] for parent in alone["parents"]] == [None, None]
