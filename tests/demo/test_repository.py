"""The repository is the same every time and holds what its tables say."""

from __future__ import annotations

from pathlib import Path

import pygit2
import pytest

from demo.repository import MAIN, DemoRepository, build
from rules.reading.git import GitRepository
from rules.submission import BaseKind
from worker.tables import read_pull_requests, read_rulings


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> DemoRepository:
    return build(tmp_path_factory.mktemp("demo"))


def test_the_same_samples_give_the_same_commits(demo: DemoRepository, tmp_path: Path) -> None:
    again = build(tmp_path)
    assert again.heads == demo.heads
    assert _target(again, MAIN) == _target(demo, MAIN)


def test_building_twice_in_one_place_changes_nothing_and_forgets_what_is_gone(tmp_path: Path) -> None:
    first = build(tmp_path)
    repository = pygit2.Repository(first.git)
    repository.references.create("refs/pull/999/head", _target(first, MAIN))
    build(tmp_path)
    assert GitRepository(str(first.git)).pull_request_numbers() == sorted(first.heads)


def test_the_user_s_git_settings_play_no_part(
    demo: DemoRepository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "nobody"))
    monkeypatch.setenv("GIT_AUTHOR_NAME", "somebody")
    assert build(tmp_path / "out").heads == demo.heads


def test_the_table_of_pull_requests_names_every_head(demo: DemoRepository) -> None:
    rows = read_pull_requests(demo.pull_requests_csv)
    repository = GitRepository(str(demo.git))
    assert {row.number: row.head_sha for row in rows} == demo.heads
    assert all(repository.head_of(row.number) == row.head_sha for row in rows)


def test_rulings_name_pull_requests_of_the_demo_and_come_after_them(demo: DemoRepository) -> None:
    created = {row.number: row.created_at for row in read_pull_requests(demo.pull_requests_csv)}
    rulings = read_rulings(demo.rulings_csv)
    assert len(rulings) >= 5
    for ruling in rulings:
        moment = created[ruling.number]
        assert moment is not None
        assert ruling.ruled_on > moment.date()


def test_a_merged_pull_request_is_seen_as_merged(demo: DemoRepository) -> None:
    merged = next(s for s in demo.samples if s.merged_at)
    change = GitRepository(str(demo.git)).change(demo.heads[merged.number])
    assert change.base is BaseKind.MERGED
    assert all(merged.folder in file.path for file in change.files)


def test_a_stacked_pull_request_brings_the_folder_below_it(demo: DemoRepository) -> None:
    stacked = next(s for s in demo.samples if s.stacked_on)
    below = next(s for s in demo.samples if s.name == stacked.stacked_on)
    change = GitRepository(str(demo.git)).change(demo.heads[stacked.number])
    assert {file.path.split("/")[2] for file in change.files} == {stacked.folder, below.folder}


def test_the_main_branch_holds_the_competition_s_settings(demo: DemoRepository) -> None:
    commit = pygit2.Repository(demo.git).revparse_single(MAIN)
    assert isinstance(commit, pygit2.Commit)
    settings = commit.tree[".github/fairway.toml"]
    assert isinstance(settings, pygit2.Blob)
    assert b'name = "thimble-sprint"' in settings.data


def _target(demo: DemoRepository, name: str) -> str:
    return str(pygit2.Repository(demo.git).references[name].target)
