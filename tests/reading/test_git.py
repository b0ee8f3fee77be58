"""Pull requests of a local git repository."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pygit2
import pytest

from rules.reading.commits import MAX_MESSAGE_BYTES
from rules.reading.git import GitRepository, UnreadableRepository
from rules.reading.paths import file_problems, path_problems
from rules.reading.trees import MAX_DEPTH, MAX_FILES, Change
from rules.submission import BaseKind, ProblemKind, Status
from tests.reading.repositories import BLOB, GITLINK, LINK, TREE, Builder

MAIN = "refs/heads/main"
BASE = {"README.md": "hello", "tracks": {"fast": {"old": {"run.py": "print(1)"}}}}


def with_new(name: str = "mine", **files: str) -> dict[str, object]:
    """The base tree with one more submission folder."""
    return {**BASE, "tracks": {"fast": {"old": {"run.py": "print(1)"}, name: files or {"run.py": "print(2)"}}}}


@pytest.fixture
def builder(tmp_path: Path) -> Builder:
    return Builder(tmp_path / "repo.git")


def changes(change: Change) -> list[tuple[str, Status]]:
    return [(file.path, file.status) for file in change.files]


def kinds(change: Change) -> list[ProblemKind]:
    return [problem.kind for problem in change.problems]


def test_a_path_that_is_no_repository_is_refused_with_a_way_to_mend_it(tmp_path: Path) -> None:
    with pytest.raises(UnreadableRepository, match=r"nowhere.*git clone --mirror"):
        GitRepository(str(tmp_path / "nowhere"))


def test_a_repository_without_default_branch_says_what_to_fetch(builder: Builder) -> None:
    builder.pull(1, builder.commit(BASE))
    with pytest.raises(UnreadableRepository, match="git fetch origin"):
        GitRepository(builder.path).default_branch()


def test_numbers_and_heads_are_found_under_every_usual_reference(builder: Builder) -> None:
    sha = builder.commit(BASE, branch=MAIN)
    for name in ("refs/pull/7/head", "refs/remotes/origin/pull/8/head", "refs/remotes/origin/pr/9", "refs/pull/10"):
        builder.refer(name, sha)
    builder.refer("refs/pull/7/merge", builder.commit(BASE, [sha]))
    repository = GitRepository(builder.path)
    assert repository.pull_request_numbers() == [7, 8, 9, 10]
    assert repository.head_of(7) == repository.head_of(9) == sha
    assert repository.head_of(11) is None


def test_a_mirror_compares_with_its_head_and_an_asked_branch_wins(builder: Builder) -> None:
    sha = builder.commit(BASE, branch="refs/heads/trunk")
    builder.refer(MAIN, sha)
    builder.repository.set_head("refs/heads/trunk")
    assert GitRepository(builder.path).default_branch() == "refs/heads/trunk"
    assert GitRepository(builder.path, default_branch=MAIN).default_branch() == MAIN


def test_an_open_pull_request_is_compared_with_its_merge_base(builder: Builder) -> None:
    base = builder.commit(BASE, branch=MAIN)
    head = builder.commit(with_new(), [base])
    builder.commit({**BASE, "later.txt": "on main"}, [base], branch=MAIN)
    change = GitRepository(builder.path).change(head)
    assert (change.base, change.base_sha) == (BaseKind.MERGE_BASE, base)
    assert changes(change) == [("tracks/fast/mine/run.py", Status.ADDED)]
    assert change.existing == {"", "tracks", "tracks/fast"}


def test_modified_and_deleted_files_are_told_apart_and_renames_are_not_guessed(builder: Builder) -> None:
    base = builder.commit({"a": "1", "b": "2", "c": "3"}, branch=MAIN)
    head = builder.commit({"a": "changed", "moved": "2", "c": "3"}, [base])
    assert changes(GitRepository(builder.path).change(head)) == [
        ("a", Status.MODIFIED),
        ("b", Status.DELETED),
        ("moved", Status.ADDED),
    ]


def test_a_file_that_becomes_a_folder_is_deleted_and_its_content_added(builder: Builder) -> None:
    base = builder.commit({"a": "1"}, branch=MAIN)
    head = builder.commit({"a": {"b": "2"}}, [base])
    assert changes(GitRepository(builder.path).change(head)) == [("a", Status.DELETED), ("a/b", Status.ADDED)]


def test_merging_main_repeatedly_leaves_only_the_pull_requests_own_change(builder: Builder) -> None:
    base = builder.commit(BASE, branch=MAIN)
    first = builder.commit(with_new(), [base], "Mine")
    later = builder.commit({**BASE, "later.txt": "on main"}, [base], "Theirs", branch=MAIN)
    head = builder.commit({**with_new(), "later.txt": "on main"}, [first, later], "Merge main")
    repository = GitRepository(builder.path)
    change = repository.change(head)
    assert change.base_sha == later
    assert changes(change) == [("tracks/fast/mine/run.py", Status.ADDED)]
    assert [commit.message for commit in repository.commits(head, change.base_sha)] == ["Merge main", "Mine"]


def test_a_merged_pull_request_is_compared_with_where_it_left_the_branch(builder: Builder) -> None:
    base = builder.commit(BASE, branch=MAIN)
    head = builder.commit(with_new(), [base], "Mine")
    other = builder.commit({**BASE, "later.txt": "on main"}, [base], "Theirs")
    merge = builder.commit({**with_new(), "later.txt": "on main"}, [other, head], "Merge pull request #1")
    builder.commit({"README.md": "all gone"}, [merge], branch=MAIN)
    repository = GitRepository(builder.path)
    change = repository.change(head)
    assert (change.base, change.base_sha) == (BaseKind.MERGED, base)
    assert changes(change) == [("tracks/fast/mine/run.py", Status.ADDED)]
    assert [commit.message for commit in repository.commits(head, change.base_sha)] == ["Mine"]


def test_a_head_that_is_an_old_state_of_main_changes_nothing(builder: Builder) -> None:
    base = builder.commit(BASE)
    builder.commit({"README.md": "new"}, [base], branch=MAIN)
    change = GitRepository(builder.path).change(base)
    assert (changes(change), kinds(change)) == ([], [ProblemKind.NO_CHANGE])
    assert GitRepository(builder.path).commits(base, change.base_sha) == ()


def test_without_common_history_the_whole_tree_counts_and_is_said_to(builder: Builder) -> None:
    builder.commit(BASE, branch=MAIN)
    head = builder.commit(with_new())
    change = GitRepository(builder.path).change(head)
    assert (change.base, change.base_sha, len(change.files)) == (BaseKind.NONE, None, 3)
    assert kinds(change) == [ProblemKind.NO_COMMON_HISTORY]


def test_a_head_that_the_repository_lacks_is_a_problem(builder: Builder) -> None:
    builder.commit(BASE, branch=MAIN)
    repository = GitRepository(builder.path)
    missing = "12" * 20
    assert kinds(repository.change(missing)) == [ProblemKind.MISSING_OBJECT]
    assert [p.kind for p in repository.listing(missing, "tracks").problems] == [ProblemKind.MISSING_OBJECT]
    assert repository.commits(missing, None) == ()


def test_a_missing_tree_is_named_with_its_path_and_the_rest_is_read(builder: Builder) -> None:
    base = builder.commit(BASE, branch=MAIN)
    head = builder.commit({**BASE, "new": {"a": "1", "gone": (TREE, "34" * 20)}}, [base])
    change = GitRepository(builder.path).change(head)
    assert changes(change) == [("new/a", Status.ADDED)]
    assert [(p.kind, p.location.path) for p in change.problems] == [(ProblemKind.MISSING_OBJECT, "new/gone")]


def test_a_missing_blob_has_no_size_and_cannot_be_read(builder: Builder) -> None:
    head = builder.commit({"f": {"weights.bin": (BLOB, "56" * 20)}}, branch=MAIN)
    [entry] = GitRepository(builder.path).files_under(head, "f")
    assert entry.size is None
    with pytest.raises(KeyError):
        entry.read(10)
    assert [p.kind for p in file_problems([entry])] == [ProblemKind.MISSING_OBJECT]


def test_files_are_listed_recursively_and_read_up_to_a_limit(builder: Builder) -> None:
    head = builder.commit({"f": {"b.txt": "12345", "a": {"c.txt": "6"}}, "other": "x"}, branch=MAIN)
    first, second = GitRepository(builder.path).files_under(head, "f")
    assert [(e.path, e.name, e.size) for e in (first, second)] == [("f/a/c.txt", "c.txt", 1), ("f/b.txt", "b.txt", 5)]
    assert second.read(5) == b"12345"
    with pytest.raises(ValueError, match="more than the 4"):
        second.read(4)
    assert second.content_id == builder.blob(b"12345")


def test_a_folder_that_is_not_there_has_no_files(builder: Builder) -> None:
    head = builder.commit(BASE, branch=MAIN)
    assert GitRepository(builder.path).files_under(head, "tracks/slow") == ()
    assert GitRepository(builder.path).files_under(head, "README.md") == ()


def test_links_keep_their_mode_and_are_problems(builder: Builder) -> None:
    target = builder.blob(b"/etc/passwd")
    head = builder.commit({"f": {"data": (LINK, target), "lib": (GITLINK, "78" * 20)}}, branch=MAIN)
    files = GitRepository(builder.path).files_under(head, "f")
    assert [(e.path, e.mode, e.size) for e in files] == [("f/data", LINK, 11), ("f/lib", GITLINK, None)]
    assert [p.kind for p in file_problems(files)] == [ProblemKind.SYMLINK, ProblemKind.GITLINK]


@pytest.mark.parametrize("name", ["two\nlines", "quote\"'", "a space", "-dash", "π", "(bracket)"])
def test_any_name_is_listed_as_it_is(builder: Builder, name: str) -> None:
    base = builder.commit({"a": "1"}, branch=MAIN)
    head = builder.commit({"a": "1", name: {"run.py": "2"}}, [base])
    repository = GitRepository(builder.path)
    assert changes(repository.change(head)) == [(f"{name}/run.py", Status.ADDED)]
    assert [e.read(10) for e in repository.files_under(head, name)] == [b"2"]


def test_a_name_that_is_no_utf8_is_made_printable_and_still_read(builder: Builder) -> None:
    base = builder.commit({"a": "1"}, branch=MAIN)
    head = builder.commit({"a": "1", b"caf\xe9": {"run.py": "2"}}, [base])
    repository = GitRepository(builder.path)
    [file] = repository.change(head).files
    assert file.path == "caf\\xe9/run.py"
    assert [e.read(10) for e in repository.files_under(head, "caf\\xe9")] == [b"2"]


def test_a_tree_that_expands_to_billions_of_files_stops_at_the_limit(builder: Builder) -> None:
    base = builder.commit({"a": "1"}, branch=MAIN)
    tree = builder.tree({f"{n}.txt": "x" for n in range(10)})
    for _ in range(10):
        tree = builder.tree({str(n): (TREE, tree) for n in range(10)})
    head = builder.commit({"a": "1", "bomb": (TREE, tree)}, [base])
    change = GitRepository(builder.path).change(head)
    assert len(change.files) <= MAX_FILES
    assert kinds(change) == [ProblemKind.LIMIT]


def test_nested_empty_folders_cost_no_more_than_the_limit(builder: Builder) -> None:
    tree = builder.raw_tree(b"")
    for _ in range(20):
        tree = builder.tree({str(n): (TREE, tree) for n in range(10)})
    head = builder.commit({"bomb": (TREE, tree)}, branch=MAIN)
    listing = GitRepository(builder.path).listing(head, "bomb")
    assert [p.kind for p in listing.problems] == [ProblemKind.LIMIT]


def test_folders_nested_too_deep_are_not_entered(builder: Builder) -> None:
    tree = builder.tree({"file": "x"})
    for _ in range(1000):
        tree = builder.tree({"d": (TREE, tree)})
    head = builder.commit({"deep": (TREE, tree)}, branch=MAIN)
    listing = GitRepository(builder.path).listing(head, "deep")
    assert listing.files == ()
    assert [(p.kind, p.location.path.count("/")) for p in listing.problems] == [(ProblemKind.LIMIT, MAX_DEPTH + 1)]


def test_commits_are_newest_first_cut_and_limited(builder: Builder) -> None:
    sha = base = builder.commit(BASE, branch=MAIN)
    for number in range(5):
        sha = builder.commit(with_new(run=str(number)), [sha], f"{number} " + "x" * 30_000, author="Bob")
    commits = GitRepository(builder.path).commits(sha, base, limit=3)
    assert [commit.message[:1] for commit in commits] == ["4", "3", "2"]
    assert {(len(commit.message), commit.author) for commit in commits} == {(MAX_MESSAGE_BYTES, "Bob")}
    assert commits[0].authored_at.tzinfo is UTC


def test_a_pull_request_takes_its_row_or_else_its_head_commit(builder: Builder) -> None:
    builder.commit(BASE, branch=MAIN)
    builder.pull(3, builder.commit(with_new(), message="Add mine\n\nbody", author="Bob"))
    repository = GitRepository(builder.path)
    row = {"author": "eve", "title": "Mine", "created_at": "2026-04-01T10:00:00+02:00"}
    told, found = repository.pull_request(3, row), repository.pull_request(3)
    assert (told.author, told.title, told.created_at) == ("eve", "Mine", datetime(2026, 4, 1, 8, tzinfo=UTC))
    assert (found.author, found.title, found.head_sha) == ("Bob", "Add mine", repository.head_of(3))
    with pytest.raises(KeyError):
        repository.pull_request(4)


def test_the_base_agrees_with_libgit2_on_a_criss_cross_history(builder: Builder) -> None:
    root = builder.commit({"a": "0"})
    left, right = builder.commit({"a": "1"}, [root]), builder.commit({"b": "1"}, [root])
    tip = builder.commit({"a": "1", "b": "1"}, [left, right], branch=MAIN)
    head = builder.commit({"a": "1", "b": "2"}, [right, left])
    found = GitRepository(builder.path).change(head).base_sha
    assert found == str(pygit2.Repository(builder.path).merge_base(tip, head))


@pytest.mark.parametrize("raw", [b"garbage", b"100644 a\x00short", b"100644 a/../b\x00" + b"\x01" * 20])
def test_a_malformed_tree_is_no_exception(builder: Builder, raw: bytes) -> None:
    base = builder.commit(BASE, branch=MAIN)
    head = builder.commit({**BASE, "x": (TREE, builder.raw_tree(raw))}, [base])
    repository = GitRepository(builder.path)
    for changed in repository.change(head).files:
        assert path_problems(changed.path) is not None
    assert len(repository.files_under(head, "x")) <= 1
