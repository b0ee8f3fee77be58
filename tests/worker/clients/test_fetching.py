"""A pull request as a snapshot: the same by API and by git, within limits, and readable afterwards."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC
from pathlib import Path

import pygit2
import pytest
from pygit2.enums import FileMode

from demo.github.faults import secondary_limit, server_error
from demo.github.values import PullRequest
from rules.competition import Competition, load
from rules.reading.assemble import read_submission
from rules.submission import BaseKind, ProblemKind, Status
from rules.submission import PullRequest as PullRequestValue
from tests.standin import AUTHOR, ORGANIZER, StandIn
from worker.clients.clone import Clone, CloneLimits
from worker.clients.fetching import FetchLimits, Snapshot, fetch_snapshot, snapshot_files
from worker.clients.gateway import AbsentError, LimitedError, Repo, UnavailableError
from worker.clients.github import GitHubGateway
from worker.content import ContentStore

FOLDER = "entries/sprint/2026-03-02_New"
SCRIPT = b"import os\nseed = int(os.environ['SEED'])\nprint('val_bpb', 1.5)\n"
REPORT = b'{"author": "pat", "val_bpb": 1.5}\n'
BY_GIT = FetchLimits(api_files=-1)
ENTRY: Mapping[str, bytes | None] = {
    f"{FOLDER}/train.py": SCRIPT,
    f"{FOLDER}/report.json": REPORT,
    f"{FOLDER}/WRITEUP.md": "# Größer\n".encode(),
    f"{FOLDER}/logs/seed_1.log": b"step:1 train_loss:2.0\n" * 50,
    f"{FOLDER}/model.bin": bytes(range(256)) * 20,
}
BASE: Mapping[str, bytes | None] = {
    "entries/sprint/old/train.py": b"".join(b"old_step(%d)\n" % n for n in range(60)),
    "entries/sprint/old/WRITEUP.md": b"# Old\n",
    "entries/sprint/older/train.py": b"older = True\n",
    "shared/data.py": b"shared = 1\n",
}


class Fetched:
    """Fetches pull requests of the stand-in."""

    def __init__(self, github: StandIn, gateway: GitHubGateway, repo: Repo, folder: Path) -> None:
        self.github, self.gateway, self.repo, self.folder = github, gateway, repo, folder
        self.content = ContentStore(folder / "contents")
        self.competition: Competition = load(Path("demo/competition.toml"))

    def __call__(self, pull: PullRequest, limits: FetchLimits | None = None, known: Sequence[str] = ()) -> Snapshot:
        facts = self.gateway.pull_request(self.repo, pull.number)
        return fetch_snapshot(
            self.gateway,
            self.repo,
            facts,
            self.competition,
            self.content,
            self.folder / "git",
            known_folders=frozenset(known),
            limits=limits,
        )

    def elsewhere(self) -> Fetched:
        """The same on another machine."""
        return Fetched(self.github, self.gateway, self.repo, self.folder / "elsewhere")

    def open(self, *commits: Mapping[str, bytes | None]) -> PullRequest:
        head = None
        for files in commits:
            head = self.github.people.commit(self.github.repository, AUTHOR, files, parent=head)
        assert head is not None
        return self.github.people.open_pull_request(self.github.repository, AUTHOR, head, "Try it")

    def count(self, path: str) -> int:
        return self.github.state.log.count("*", path)


@pytest.fixture
def fetched(github: StandIn, gateway: GitHubGateway, repo: Repo, tmp_path: Path) -> Fetched:
    github.people.push_branch(github.repository, ORGANIZER, BASE)
    return Fetched(github, gateway, repo, tmp_path)


def links(github: StandIn) -> str:
    """A commit with a symbolic link, a link to another repository and a script that may be executed."""
    git = pygit2.Repository(str(github.repository.git))
    tip = git.references["refs/heads/main"].peel(pygit2.Commit)
    index = pygit2.Index()
    index.read_tree(tip.tree)
    index.add(pygit2.IndexEntry(f"{FOLDER}/train.py", git.create_blob(SCRIPT), FileMode.BLOB_EXECUTABLE))
    index.add(pygit2.IndexEntry(f"{FOLDER}/data", git.create_blob(b"../../../../etc"), FileMode.LINK))
    index.add(pygit2.IndexEntry(f"{FOLDER}/sub", tip.id, FileMode.COMMIT))
    who = pygit2.Signature("pat", "pat@example.org", 1_772_450_000, 60)
    return str(git.create_commit(None, who, who, "Links\n\nCo-Authored-By: x\n", index.write_tree(git), [tip.id]))


def merged_main(fetched: Fetched) -> PullRequest:
    """A head that merged the main branch on its way."""
    github = fetched.github
    first = github.people.commit(github.repository, AUTHOR, ENTRY)
    main = github.people.push_branch(github.repository, ORGANIZER, {"entries/sprint/other/train.py": b"other = 1\n"})
    git = pygit2.Repository(str(github.repository.git))
    index = pygit2.Index()
    index.read_tree(git[main].peel(pygit2.Tree))
    for path, data in ENTRY.items():
        index.add(pygit2.IndexEntry(path, git.create_blob(data or b""), FileMode.BLOB))
    who = pygit2.Signature("pat", "pat@example.org", 1_772_450_000, 0)
    tree, parents = index.write_tree(git), [git[first].id, git[main].id]
    head = str(git.create_commit(None, who, who, "Merge main\n", tree, parents))
    return github.people.open_pull_request(github.repository, AUTHOR, head, "Merged")


CHANGES: dict[str, Callable[[Fetched], PullRequest]] = {
    "a new folder": lambda f: f.open(ENTRY),
    "two commits": lambda f: f.open(ENTRY, {f"{FOLDER}/train.py": SCRIPT + b"\n", f"{FOLDER}/model.bin": None}),
    "an old folder changed": lambda f: f.open({"entries/sprint/old/WRITEUP.md": b"# Newer\n"}),
    "a file added to an old folder": lambda f: f.open({"entries/sprint/old/notes.txt": b"more\n"}),
    "a file renamed": lambda f: f.open(
        {"entries/sprint/old/train.py": None, "entries/sprint/old/run.py": BASE["entries/sprint/old/train.py"]}
    ),
    "a folder renamed": lambda f: f.open(
        {
            "entries/sprint/old/train.py": None,
            f"{FOLDER}/train.py": BASE["entries/sprint/old/train.py"],
            "entries/sprint/old/WRITEUP.md": None,
        }
    ),
    "a file copied": lambda f: f.open(
        {f"{FOLDER}/train.py": BASE["entries/sprint/old/train.py"], "entries/sprint/old/WRITEUP.md": b"# Changed\n"}
    ),
    "everything deleted": lambda f: f.open(dict.fromkeys(BASE)),
    "files elsewhere": lambda f: f.open({"shared/data.py": b"shared = 2\n", "new/tool.py": b"x = 1\n"}),
    "a folder without Python and the script at the top": lambda f: f.open(
        {f"{FOLDER}/WRITEUP.md": b"# Words\n", f"{FOLDER}/report.json": REPORT, "train.py": SCRIPT}
    ),
    "the script at the top alone": lambda f: f.open({"train.py": SCRIPT}),
    "two new folders": lambda f: f.open({**ENTRY, "entries/open/second/train.py": b"x = 1\n"}),
    "odd names": lambda f: f.open({f"{FOLDER}/a b\n\"c'/ü.py": b"x = 1\n", f"{FOLDER}/-rf": b"x", **ENTRY}),
    "links": lambda f: f.github.people.open_pull_request(f.github.repository, AUTHOR, links(f.github), "Links"),
    "main merged on the way": merged_main,
}


@pytest.mark.parametrize("name", CHANGES)
def test_api_and_git_tell_the_same(fetched: Fetched, name: str) -> None:
    pull = CHANGES[name](fetched)
    by_api, by_git = fetched(pull), fetched.elsewhere()(pull, BY_GIT)
    gone = {file.path for file in by_api.changed if file.status is Status.DELETED}
    assert [replace(f, mode=0) if f.path in gone else f for f in by_api.changed] == [
        replace(f, mode=0) if f.path in gone else f for f in by_git.changed
    ]
    assert by_api.entries == by_git.entries
    assert by_api.existing == by_git.existing
    assert (by_api.folder, by_api.base, by_api.problems) == (by_git.folder, by_git.base, by_git.problems)
    assert [one.sha for one in by_api.commits] == [one.sha for one in by_git.commits]
    assert [one.message.strip() for one in by_api.commits] == [one.message.strip() for one in by_git.commits]
    assert by_api.scope(fetched.competition) == replace(
        by_git.scope(fetched.competition), changed=by_api.changed, outside=by_api.scope(fetched.competition).outside
    )


def test_submission_costs_few_requests(fetched: Fetched) -> None:
    pull = fetched.open(ENTRY)
    snapshot = fetched(pull)
    assert snapshot.folder == FOLDER
    assert [entry.path for entry in snapshot.entries] == sorted(ENTRY)
    assert fetched.count("/repos/*/git/blobs/*") == 0
    assert fetched.count("/repos/*") == 4
    for entry in snapshot.entries:
        assert fetched.content.read(entry.content_id, 10_000) == ENTRY[entry.path]
        assert entry.size == len(ENTRY[entry.path] or b"")


WORDS: Mapping[str, bytes | None] = {f"{FOLDER}/WRITEUP.md": b"# Words\n", f"{FOLDER}/report.json": REPORT}


@pytest.mark.parametrize("limits", [None, BY_GIT])
@pytest.mark.parametrize(
    ("files", "read"),
    [
        ({**WORDS, "train.py": SCRIPT}, {*WORDS, "train.py"}),
        ({"train.py": SCRIPT}, {"train.py"}),
        ({**WORDS, "shared/data.py": b"shared = 2\n"}, set(WORDS)),
        ({**ENTRY, "train.py": b"print(1)\n"}, set(ENTRY)),
    ],
)
def test_changed_script_at_the_top_is_read_where_the_folder_holds_no_python(
    fetched: Fetched, files: Mapping[str, bytes | None], read: set[str], limits: FetchLimits | None
) -> None:
    snapshot = fetched(fetched.open(files), limits)
    assert {entry.path for entry in snapshot.entries} == read
    for entry in snapshot.entries:
        assert fetched.content.read(entry.content_id, 10_000) == files[entry.path]
        assert entry.size == len(files[entry.path] or b"")


def test_one_or_two_new_contents_need_no_clone(fetched: Fetched) -> None:
    fetched(fetched.open({f"{FOLDER}/train.py": SCRIPT, f"{FOLDER}/report.json": REPORT}))
    assert fetched.count("/repos/*/git/blobs/*") == 2
    assert fetched.count("*.git/*") == 0


def test_contents_come_by_api_where_git_does_not_answer(fetched: Fetched) -> None:
    fetched.github.state.faults.plan(server_error(), path="*.git/*", times=None)
    snapshot = fetched(fetched.open(ENTRY))
    assert fetched.count("/repos/*/git/blobs/*") == len(ENTRY)
    assert all(fetched.content.has(entry.content_id) for entry in snapshot.entries)


def test_contents_that_are_here_are_not_fetched_again(fetched: Fetched) -> None:
    fetched(fetched.open(ENTRY))
    before = fetched.count("/repos/*/git/blobs/*")
    fetched(fetched.open({**ENTRY, f"{FOLDER}/train.py": SCRIPT + b"# again\n"}))
    assert fetched.count("/repos/*/git/blobs/*") == before + 1


def test_many_files_come_by_git(fetched: Fetched) -> None:
    logs = {f"{FOLDER}/logs/{n:03d}.log": b"step:%d loss:1\n" % n for n in range(80)}
    snapshot = fetched(fetched.open({**ENTRY, **logs}))
    assert len(snapshot.entries) == 85
    assert fetched.count("/repos/*/git/blobs/*") == 0
    assert fetched.count("/repos/*/pulls/*/files") == 0
    assert fetched.count("*.git/git-upload-pack") > 0
    assert all(entry.size == len(fetched.content.read(entry.content_id, 10_000)) for entry in snapshot.entries)


def test_large_files_of_a_small_change_come_by_git(fetched: Fetched) -> None:
    big = b"".join(b"step:%d train_loss:%d.5\n" % (n, n % 7) for n in range(250_000))
    snapshot = fetched(fetched.open({**ENTRY, f"{FOLDER}/train.log": big}))
    assert fetched.count("/repos/*/git/blobs/*") == 0
    (entry,) = (one for one in snapshot.entries if one.path.endswith("/train.log"))
    assert entry.size == len(big)
    assert fetched.content.read(entry.content_id, 10_000_000) == big


def test_large_opaque_file_is_fetched_only_when_somebody_reads_it(fetched: Fetched) -> None:
    weights = os.urandom(1_500_000)
    snapshot = fetched(fetched.open({**ENTRY, f"{FOLDER}/weights.ptz": weights}))
    (entry,) = (one for one in snapshot.entries if one.path.endswith(".ptz"))
    assert entry.size == len(weights)
    assert not fetched.content.has(entry.content_id)
    files = snapshot_files(snapshot, fetched.content, fetched.gateway, fetched.repo)
    (file,) = (one for one in files if one.path.endswith(".ptz"))
    with pytest.raises(ValueError, match="1,500,000 bytes"):
        file.read(1_000_000)
    assert file.read(2_000_000) == weights
    assert fetched.content.has(entry.content_id)


def test_history_is_deepened_until_it_meets(fetched: Fetched, monkeypatch: pytest.MonkeyPatch) -> None:
    from worker.clients import listing

    monkeypatch.setattr(listing, "DEPTHS", (2, 5, 2_147_483_647))
    pull = fetched.open(ENTRY)
    for n in range(20):
        fetched.github.people.push_branch(fetched.github.repository, ORGANIZER, {"count": b"%d" % n})
    pull.base_sha = str(pygit2.Repository(str(fetched.github.repository.git)).references["refs/heads/main"].target)
    snapshot = fetched(pull, BY_GIT)
    assert (snapshot.base, snapshot.folder) == (BaseKind.MERGE_BASE, FOLDER)
    assert [file.path for file in snapshot.changed] == sorted(ENTRY)


def test_head_without_a_common_history_counts_whole(fetched: Fetched) -> None:
    git = pygit2.Repository(str(fetched.github.repository.git))
    index = pygit2.Index()
    for path, data in ENTRY.items():
        index.add(pygit2.IndexEntry(path, git.create_blob(data or b""), FileMode.BLOB))
    who = pygit2.Signature("pat", "pat@example.org", 1_772_450_000, 0)
    head = str(git.create_commit(None, who, who, "Alone\n", index.write_tree(git), []))
    pull = fetched.github.people.open_pull_request(fetched.github.repository, AUTHOR, head, "Alone")
    snapshot = fetched(pull, BY_GIT)
    assert (snapshot.base, snapshot.folder) == (BaseKind.NONE, FOLDER)
    assert [problem.kind for problem in snapshot.problems] == [ProblemKind.NO_COMMON_HISTORY]


def test_pull_request_that_changes_nothing_says_so(fetched: Fetched) -> None:
    head = fetched.github.people.commit(fetched.github.repository, AUTHOR, {})
    pull = fetched.github.people.open_pull_request(fetched.github.repository, AUTHOR, head, "Empty")
    for snapshot in (fetched(pull), fetched(pull, BY_GIT)):
        assert [problem.kind for problem in snapshot.problems] == [ProblemKind.NO_CHANGE]
        assert (snapshot.folder, snapshot.entries) == ("", ())


def test_tree_too_large_for_the_api_is_read_by_git(fetched: Fetched) -> None:
    pull = fetched.open(ENTRY)
    fetched.github.state.tree_limit = 6
    snapshot = fetched(pull)
    assert [entry.path for entry in snapshot.entries] == sorted(ENTRY)
    assert all(entry.size == len(ENTRY[entry.path] or b"") for entry in snapshot.entries)


def test_files_beyond_the_limit_are_a_problem_and_the_small_ones_come(fetched: Fetched) -> None:
    large = {f"{FOLDER}/{name}.log": os.urandom(300_000).hex().encode() for name in "ab"}
    limits = FetchLimits(most_bytes=700_000)
    snapshot = fetched(fetched.open({**ENTRY, **large}), limits)
    (problem,) = snapshot.problems
    assert (problem.kind, problem.location.path) == (ProblemKind.LIMIT, f"{FOLDER}/b.log")
    assert "700,000 bytes" in problem.detail
    sizes = {entry.path: fetched.content.has(entry.content_id) for entry in snapshot.entries}
    assert sizes == {**dict.fromkeys(ENTRY, True), f"{FOLDER}/a.log": True, f"{FOLDER}/b.log": False}


def test_fetch_of_files_that_is_stopped_is_a_problem(fetched: Fetched, monkeypatch: pytest.MonkeyPatch) -> None:
    from worker.clients import clone

    monkeypatch.setattr(clone, "POLL_SECONDS", 0.002)
    pull = fetched.open({**ENTRY, f"{FOLDER}/train.log": os.urandom(6_000_000)})
    limits = FetchLimits(api_bytes=0, clone=CloneLimits(fetched_bytes=100_000))
    snapshot = fetched(pull, limits)
    assert [(problem.kind, problem.location.path) for problem in snapshot.problems] == [(ProblemKind.LIMIT, "")]
    assert "100,000 bytes" in snapshot.problems[0].detail


def test_history_that_is_too_large_is_a_problem(fetched: Fetched) -> None:
    limits = FetchLimits(api_files=-1, clone=CloneLimits(fetched_bytes=-1))
    snapshot = fetched(fetched.open(ENTRY), limits)
    assert [problem.kind for problem in snapshot.problems] == [ProblemKind.LIMIT]
    assert (snapshot.base, snapshot.changed) == (BaseKind.NONE, ())


@pytest.mark.parametrize("limits", [None, BY_GIT])
def test_folder_that_an_earlier_pull_request_brought_is_not_the_submission(
    fetched: Fetched, limits: FetchLimits | None
) -> None:
    second = {f"entries/open/mine/{name}": b"x = 1\n" for name in ("train.py", "WRITEUP.md")}
    pull = fetched.open({**ENTRY, **second})
    assert fetched(pull, limits).folder == FOLDER
    stacked = fetched(pull, limits, known=[FOLDER, "entries/sprint/unrelated"])
    assert stacked.folder == "entries/open/mine"
    assert stacked.known_folders == {FOLDER}
    scope = stacked.scope(fetched.competition)
    assert (scope.folder, scope.earlier_folders) == ("entries/open/mine", (FOLDER,))


def test_snapshot_survives_as_json(fetched: Fetched) -> None:
    pull = CHANGES["links"](fetched)
    snapshot = fetched(pull, BY_GIT)
    kept = json.loads(json.dumps(snapshot.as_json()))
    assert Snapshot.from_json(kept) == snapshot
    assert snapshot.commits[0].authored_at.tzinfo is UTC
    with pytest.raises(ValueError, match="form 0"):
        Snapshot.from_json({**kept, "form": 0})


def test_submission_is_read_from_the_snapshot_on_another_machine(fetched: Fetched) -> None:
    snapshot = fetched(fetched.open(ENTRY))
    other = fetched.elsewhere()
    files = snapshot_files(Snapshot.from_json(snapshot.as_json()), other.content, other.gateway, other.repo)
    read = read_submission(
        PullRequestValue(1, snapshot.head_sha),
        snapshot.scope(fetched.competition),
        files,
        fetched.competition,
        commits=snapshot.commits,
        problems=snapshot.problems,
    )
    assert read.script is not None
    assert read.script.path == f"{FOLDER}/train.py"
    assert read.metadata is not None
    assert read.metadata.data["author"] == "pat"
    assert [log.path for log in read.logs] == [f"{FOLDER}/logs/seed_1.log"]
    assert read.problems == ()


def test_links_are_never_read(fetched: Fetched) -> None:
    snapshot = fetched(CHANGES["links"](fetched))
    for file in snapshot_files(snapshot, fetched.content, fetched.gateway, fetched.repo):
        if file.mode != FileMode.BLOB_EXECUTABLE:
            with pytest.raises(KeyError):
                file.read(1_000)
    assert fetched.count("/repos/*/git/blobs/*") == 1


def test_blob_that_github_lost_is_missing_and_a_fault_is_no_verdict(fetched: Fetched) -> None:
    snapshot = fetched(fetched.open(ENTRY))
    other = fetched.elsewhere()
    (file, *_) = snapshot_files(snapshot, other.content, other.gateway, other.repo)
    faults = fetched.github.state.faults
    faults.plan(server_error(), path="*/git/blobs/*")
    with pytest.raises(UnavailableError):
        file.read(10_000)
    faults.plan(server_error(404), path="*/git/blobs/*")
    with pytest.raises(KeyError):
        file.read(10_000)
    faults.plan(secondary_limit(9), path="*/git/blobs/*")
    with pytest.raises(LimitedError):
        file.read(10_000)


def test_what_is_fetched_later_has_a_limit_too(fetched: Fetched) -> None:
    snapshot, other = fetched(fetched.open(ENTRY)), fetched.elsewhere()
    files = snapshot_files(snapshot, other.content, other.gateway, other.repo, later_bytes=100)
    by_name = {file.name: file for file in files}
    assert by_name["train.py"].read(1_000) == SCRIPT
    with pytest.raises(ValueError, match="more than is fetched"):
        by_name["model.bin"].read(10_000)


@pytest.mark.parametrize("limits", [None, FetchLimits(api_bytes=0)])
def test_submission_with_a_lost_blob_is_fetched_without_it(fetched: Fetched, limits: FetchLimits | None) -> None:
    pull = fetched.open(ENTRY)
    (lost,) = (one for one in fetched.gateway.changed_files(fetched.repo, pull.number) if one.path.endswith("train.py"))
    git = pygit2.Repository(str(fetched.github.repository.git))
    assert git.read(lost.blob_sha)[1] == SCRIPT
    (Path(git.path) / "objects" / lost.blob_sha[:2] / lost.blob_sha[2:]).unlink()
    fetched.github.state.faults.plan(server_error(404), path=f"*/git/blobs/{lost.blob_sha}", times=None)
    snapshot = fetched(pull, limits)
    here = {entry.path for entry in snapshot.entries if fetched.content.has(entry.content_id)}
    assert here == set(ENTRY) - {lost.path}


def test_sizes_that_could_not_be_asked_for_are_asked_for_again(fetched: Fetched) -> None:
    pull = fetched.open(ENTRY)
    fetched.github.state.faults.plan(server_error(), path="*/git/trees/*")
    with pytest.raises(UnavailableError):
        fetched(pull, BY_GIT)
    assert all(entry.size is not None for entry in fetched(pull, BY_GIT).entries)


def test_content_that_git_left_out_is_a_fault_on_the_way(fetched: Fetched, monkeypatch: pytest.MonkeyPatch) -> None:
    pull = fetched.open(ENTRY)
    monkeypatch.setattr(Clone, "fetch_contents", lambda *_: None)
    with pytest.raises(UnavailableError, match="did not bring"):
        fetched(pull, replace(BY_GIT, api_bytes=0))


def test_content_that_cannot_be_kept_is_a_fault_of_ours(fetched: Fetched, monkeypatch: pytest.MonkeyPatch) -> None:
    snapshot, other = fetched(fetched.open(ENTRY)), fetched.elsewhere()
    (file, *_) = snapshot_files(snapshot, other.content, other.gateway, other.repo)
    monkeypatch.setattr(ContentStore, "put", lambda *_: None)
    with pytest.raises(UnavailableError, match="cannot be read here"):
        file.read(10_000)


def test_head_that_is_gone_is_absent(fetched: Fetched) -> None:
    facts = fetched.gateway.pull_request(fetched.repo, fetched.open(ENTRY).number)
    gone = replace(facts, head_sha="1" * 40)
    with pytest.raises(AbsentError):
        fetch_snapshot(
            fetched.gateway,
            fetched.repo,
            gone,
            fetched.competition,
            fetched.content,
            fetched.folder / "git",
            limits=BY_GIT,
        )


def test_full_disk_is_a_fault_of_ours(fetched: Fetched, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(ContentStore, "put", full)
    with pytest.raises(UnavailableError, match="No space left"):
        fetched(fetched.open(ENTRY))


def test_damaged_blob_is_a_fault_on_the_way(fetched: Fetched, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(GitHubGateway, "blob", lambda *_: b"something else")
    with pytest.raises(UnavailableError, match="damaged"):
        fetched(fetched.open({f"{FOLDER}/train.py": SCRIPT}))
