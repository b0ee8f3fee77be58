"""What a pull request changes, told by GitHub's API or by a clone. Both tell the same."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import pygit2

from rules.reading.git import GitRepository, UnreadableRepository
from rules.reading.top import top_scripts
from rules.reading.trees import TREE_MODE, Change
from rules.rule import Location
from rules.submission import BaseKind, ChangedFile, Commit, Problem, ProblemKind, Scope, Status
from worker.clients.clone import WHOLE_HISTORY, Clone
from worker.clients.gateway import (
    FileFacts,
    Gateway,
    PullRequestFacts,
    Repo,
    TreeFacts,
    UnavailableError,
)
from worker.clients.snapshot import SnapshotFile

MOST_COMMITS, MOST_FILES_TOLD = 200, 3_000
DEPTHS = (50, 1_000, WHOLE_HISTORY)
PLAIN_MODE = 0o100644
_STATUS = {"added": Status.ADDED, "copied": Status.ADDED, "renamed": Status.ADDED, "unchanged": None}

ChooseScope = Callable[[Change], Scope]


@dataclass(frozen=True, slots=True)
class Listed:
    """A change and the files that are read; `tree_id` is git's id of the folder where sizes are not known yet.

    Read are those of the submission folder, and the changed script at the top where no Python is among them.
    `top_files`: content id → name of files at the top of the repository that the change leaves alone.
    """

    change: Change
    folder: str
    entries: tuple[SnapshotFile, ...]
    problems: tuple[Problem, ...] = ()
    tree_id: str = ""
    top_files: Mapping[str, str] = field(default_factory=dict)


def by_api(gateway: Gateway, repo: Repo, facts: PullRequestFacts, choose: ChooseScope, script: str) -> Listed:
    """Ask GitHub's API: a handful of requests for a small change. `script` is the required name of the script.

    Raises UnavailableError where an answer is cut.
    """
    files = gateway.changed_files(repo, facts.number)
    if len(files) >= MOST_FILES_TOLD:
        raise UnavailableError(f"GitHub tells no more than {MOST_FILES_TOLD:,} changed files")
    tree = {entry.path: entry for entry in gateway.tree(repo, facts.head_sha) if entry.mode != TREE_MODE}
    change = change_of(files, tree, facts)
    folder = choose(change).folder
    below = [entry for path, entry in tree.items() if folder and path.startswith(f"{folder}/")]
    scripts = top_scripts(change.files, [entry.path for entry in below], script)
    below += [tree[file.path] for file in scripts if file.path in tree]
    entries = sorted((SnapshotFile(e.path, e.mode, e.size, e.sha) for e in below), key=lambda entry: entry.path)
    touched = {file.path for file in change.files}
    top = {e.sha: path for path, e in tree.items() if "/" not in path and path not in touched}
    return Listed(change, folder, tuple(entries), change.problems, top_files=top)


def commits_of(gateway: Gateway, repo: Repo, number: int) -> tuple[Commit, ...]:
    """The pull request's own commits, newest first. GitHub tells: a shallow clone cannot say whose they are."""
    told = gateway.commits(repo, number)[::-1][:MOST_COMMITS]
    return tuple(Commit(one.sha, one.message, one.authored_at, one.author) for one in told)


def change_of(files: Sequence[FileFacts], tree: Mapping[str, TreeFacts], facts: PullRequestFacts) -> Change:
    """GitHub's list of changed files as a change: a renamed file is one that came and one that went."""
    changed: dict[str, ChangedFile] = {}
    for file in files:
        status = _STATUS.get(file.status, Status.MODIFIED)
        if file.status == "removed":
            changed[file.path] = _gone(file.path)
        elif status is not None:
            now = tree.get(file.path)
            mode, content_id = (PLAIN_MODE, file.blob_sha) if now is None else (now.mode, now.sha)
            changed[file.path] = ChangedFile(file.path, status, mode, content_id)
        if file.status == "renamed" and file.previous_path is not None and file.previous_path not in tree:
            changed.setdefault(file.previous_path, _gone(file.previous_path))
    kind = BaseKind.MERGED if facts.merged else BaseKind.MERGE_BASE
    ordered = tuple(sorted(changed.values(), key=lambda file: file.path))
    problems = () if ordered else (_nothing(),)
    return Change(kind, facts.base_sha, ordered, problems, _existing(ordered, tree))


def by_clone(clone: Clone, facts: PullRequestFacts, choose: ChooseScope, script: str) -> Listed:
    """Fetch commits and folders, deeper until the histories meet, and compare there. `script` as for `by_api`."""
    base = f"refs/fairway/base/{facts.number:d}"
    wanted = {f"refs/pull/{facts.number:d}/head": facts.head_sha, base: facts.base_sha}
    for depth in DEPTHS:
        clone.fetch_commits(wanted, depth)
        repository = _readable(clone, base)
        change = repository.change(facts.head_sha)
        if change.base is not BaseKind.NONE or not clone.is_shallow:
            break
    folder = choose(change).folder
    listing = repository.listing(facts.head_sha, folder) if folder else None
    files = () if listing is None else listing.files
    top = top_scripts(change.files, [file.path for file in files], script)
    entries = sorted((*files, *map(repository.entry, top)), key=lambda entry: entry.path)
    return Listed(
        change,
        folder,
        tuple(SnapshotFile(file.path, file.mode, file.size, file.content_id) for file in entries),
        (*change.problems, *(() if listing is None else listing.problems)),
        _tree_id(clone, facts.head_sha, folder) if folder else "",
        repository.top_files(change.base_sha),
    )


def _readable(clone: Clone, base: str) -> GitRepository:
    try:
        return GitRepository(str(clone.path), base)
    except UnreadableRepository:
        raise UnavailableError("the clone cannot be read") from None


def _tree_id(clone: Clone, head_sha: str, folder: str) -> str:
    """Git's id of the folder, "" where its name cannot be looked up as text."""
    with suppress(KeyError, ValueError, pygit2.GitError):
        return str(pygit2.Repository(str(clone.path)).revparse_single(f"{head_sha}:{folder}").id)
    return ""


def _existing(changed: Sequence[ChangedFile], tree: Mapping[str, TreeFacts]) -> frozenset[str]:
    """The folders of changed files that were there before: those with a file that was not added."""
    added = {file.path for file in changed if file.status is Status.ADDED}
    older = _folders_above([*(path for path in tree if path not in added), *_before(changed)])
    return frozenset(older & _folders_above(file.path for file in changed))


def _before(changed: Iterable[ChangedFile]) -> Iterable[str]:
    return (file.path for file in changed if file.status is not Status.ADDED)


def _folders_above(paths: Iterable[str]) -> set[str]:
    """Every folder that holds one of the paths; "" is the top."""
    found: set[str] = set()
    for path in paths:
        folder = path
        while folder:
            folder = folder.rpartition("/")[0]
            if folder in found:
                break
            found.add(folder)
    return found


def _gone(path: str) -> ChangedFile:
    return ChangedFile(path, Status.DELETED, PLAIN_MODE, "")


def _nothing() -> Problem:
    detail = "the pull request changes no file; push your commits to its branch"
    return Problem(ProblemKind.NO_CHANGE, Location(""), detail)
