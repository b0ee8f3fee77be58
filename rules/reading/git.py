"""Pull requests of a local git repository: what each changes, its files and its commits.

Everything goes through one object database in this process. The repository is only read, and what it holds is
untrusted: trees, files and histories are walked within limits, and what is missing or too much becomes a `Problem`.
"""

from __future__ import annotations

import heapq
import re
from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property, partial

import pygit2
from pygit2.enums import ObjectType

from rules.reading.commits import moment_of, value_of
from rules.reading.history import History
from rules.reading.paths import GITLINK_MODE, Listing, printable
from rules.reading.trees import Change, Trees
from rules.rule import Location
from rules.submission import BaseKind, ChangedFile, Commit, FileEntry, Problem, ProblemKind, PullRequest

# Repositories may belong to another user than the one who runs Fairway. Git refuses them because it would run hooks
# and configured programs; nothing of the kind happens here.
pygit2.settings.owner_validation = False

_MAX_TREE_BYTES = 16_000_000
_PULL_REF = re.compile(r"refs/(?:remotes/[^/]+/)?(?:pull|pr)/([1-9][0-9]{0,8})(?:/head)?$", re.ASCII)
_REMOTE_HEAD = "refs/remotes/origin/HEAD"
_BRANCHES = ("refs/heads/main", "refs/heads/master", "refs/remotes/origin/main", "refs/remotes/origin/master")
_WHOLE = Location("")


class UnreadableRepository(Exception):  # noqa: N818 - it names what is there, as its callers read it
    """A path at which pull requests cannot be read. The message says what, where, and how to mend it."""


class GitRepository:
    """The pull requests of one repository, as they were when it was opened.

    `default_branch` is a full reference name ("refs/heads/main"); where it is not given, the repository's own is used.
    """

    def __init__(self, path: str, default_branch: str | None = None) -> None:
        try:
            self._repository = pygit2.Repository(path)
        except (pygit2.GitError, KeyError, ValueError) as error:
            mend = "give the folder of a clone, or make one with: git clone --mirror URL"
            raise UnreadableRepository(f"{path!r} cannot be read as a git repository ({error}); {mend}") from error
        self._path = path
        self._wanted_branch = default_branch
        self._odb = self._repository.odb
        self._trees = Trees(self._read_tree)

    def pull_request_numbers(self) -> list[int]:
        """The numbers of all pull requests whose heads were fetched, in ascending order."""
        return sorted(self._heads)

    def head_of(self, number: int) -> str | None:
        """The head commit of a pull request, None where no reference names it."""
        reference = self._heads.get(number)
        return None if reference is None else self._target(reference)

    def default_branch(self) -> str:
        """The full name of the branch that pull requests are compared with.

        Raises UnreadableRepository where there is none.
        """
        for name in self._branch_candidates():
            reference = self._resolve(name)
            if reference is not None:
                return str(reference.name)
        mend = "fetch its main branch too: git fetch origin '+refs/heads/*:refs/heads/*'"
        raise UnreadableRepository(f"{self._path!r} has no default branch to compare pull requests with; {mend}")

    def change(self, head_sha: str) -> Change:
        """What a head changes against the best merge base with the default branch, without detection of renames.

        Where the default branch already holds the head, it is compared with where it left the branch that it was
        merged into. A head on the first-parent line was never merged: it changes nothing.
        """
        if head_sha not in self._odb:
            detail = f"commit {head_sha[:12]} is not in the repository; fetch the pull request again"
            return Change(BaseKind.NONE, None, (), (Problem(ProblemKind.MISSING_OBJECT, _WHOLE, detail),))
        merge = self._history.merge_of(head_sha)
        if head_sha in self._history and merge is None:
            return _nothing(BaseKind.MERGE_BASE, head_sha)
        try:
            base = self._merge_base(head_sha)
        except (pygit2.GitError, KeyError, ValueError) as error:
            detail = f"its history cannot be followed ({error}); fetch the repository in full depth"
            return Change(BaseKind.NONE, None, (), (Problem(ProblemKind.MISSING_OBJECT, _WHOLE, detail),))
        if base is None:
            return self._rootless_change(head_sha)
        return self._compare(BaseKind.MERGE_BASE if merge is None else BaseKind.MERGED, base, head_sha)

    def listing(self, head_sha: str, folder: str) -> Listing:
        """All files below `folder` at the head, sorted by path, and what could not be listed."""
        try:
            top = self._trees.find(self._tree_of(head_sha), folder)
            files, problems = ([], []) if top is None else self._trees.list(top, folder)
        except (KeyError, ValueError) as error:
            detail = f"the folder at commit {head_sha[:12]} cannot be listed ({error}); fetch the pull request again"
            return Listing((), (Problem(ProblemKind.MISSING_OBJECT, Location(folder), detail),))
        return Listing(tuple(self.entry(file) for file in files), tuple(problems))

    def files_under(self, head_sha: str, folder: str) -> tuple[FileEntry, ...]:
        """All files below `folder` at the head, sorted by path: `listing` without its problems."""
        return self.listing(head_sha, folder).files

    def top_files(self, sha: str | None) -> dict[str, str]:
        """Content id → name of the files at the top of a commit's tree; empty where it cannot be read."""
        try:
            entries = {} if sha is None else self._trees.entries(self._tree_of(sha))
        except (KeyError, ValueError):
            return {}
        return {e.object_id.hex(): printable(name) for name, e in entries.items() if not e.is_tree}

    def entry(self, file: ChangedFile) -> FileEntry:
        """A changed file as one that can be read. A link to another repository and a deleted file have no size."""
        if not file.content_id or file.mode == GITLINK_MODE:
            return FileEntry(file.path, file.mode, None, file.content_id, partial(_refuse, file.path))
        load = partial(self._read_blob, file.content_id)
        return FileEntry(file.path, file.mode, self._size(file.content_id), file.content_id, load)

    def blob(self, content_id: str, limit: int) -> bytes:
        """A content of at most `limit` bytes. Raises ValueError above the limit and KeyError where it is not there."""
        return self._read_blob(content_id, limit)

    def commits(self, head_sha: str, base_sha: str | None, limit: int = 200) -> tuple[Commit, ...]:
        """The pull request's own commits, newest first, without what came in by merging the default branch."""
        found: list[Commit] = []
        seen = {head_sha}
        waiting = self._queue([head_sha])
        while waiting and len(found) < limit:
            _, sha = heapq.heappop(waiting)
            if sha == base_sha or not self._history.is_own(sha, head_sha):
                continue
            commit = self._commit(sha)
            found.append(value_of(commit))
            parents = [str(parent) for parent in commit.parent_ids if str(parent) not in seen]
            seen.update(parents)
            for item in self._queue(parents):
                heapq.heappush(waiting, item)
        return tuple(found)

    def pull_request(self, number: int, row: Mapping[str, str] | None = None) -> PullRequest:
        """What is known of a pull request: from `row` (author, title, created_at) or else from its head commit.

        Raises KeyError where no reference names the number.
        """
        head = self.head_of(number)
        if head is None:
            raise KeyError(number)
        known = dict(row) if row is not None else self._told_by_commit(head)
        created = moment_of(known.get("created_at", ""))
        return PullRequest(number, head, known.get("author", ""), known.get("title", ""), created)

    @cached_property
    def _heads(self) -> dict[int, str]:
        """References of pull requests by number; `refs/pull/N/head` wins over a remote's copy."""
        found: dict[int, str] = {}
        for raw in sorted(self._repository.raw_listall_references()):
            name = raw.decode("utf-8", "replace")
            match = _PULL_REF.match(name)
            if match is not None and int(match[1]) not in found:
                found[int(match[1])] = name
        return found

    @cached_property
    def _tip(self) -> str:
        tip = self._target(self.default_branch())
        assert tip is not None  # default_branch() has just resolved it
        return tip

    @cached_property
    def _history(self) -> History:
        return History(self._tip, self._parents_of)

    def _branch_candidates(self) -> tuple[str, ...]:
        """A clone's own HEAD is whatever its user works on; a mirror's is the default branch."""
        if self._wanted_branch is not None:
            return (self._wanted_branch,)
        own = ("HEAD",)
        return (*own, *_BRANCHES) if self._repository.is_bare else (_REMOTE_HEAD, *_BRANCHES, *own)

    def _resolve(self, name: str) -> pygit2.Reference | None:
        """The reference that a name stands for in the end, None where it leads nowhere."""
        try:
            return self._repository.lookup_reference(name).resolve()
        except (KeyError, ValueError, pygit2.GitError):
            return None

    def _target(self, name: str) -> str | None:
        reference = self._resolve(name)
        return None if reference is None else str(reference.target)

    def _merge_base(self, head_sha: str) -> str | None:
        """The best common ancestor; libgit2 is asked only where there is more than one candidate, since it is slow."""
        bases = self._history.bases(head_sha)
        if bases is not None and len(bases) <= 1:
            return bases[0] if bases else None
        merge = self._history.merge_of(head_sha)
        tip = self._tip if merge is None else self._parents_of(merge)[0]
        found = self._repository.merge_base(tip, head_sha)
        return None if found is None else str(found)

    def _rootless_change(self, head_sha: str) -> Change:
        if self._repository.is_shallow:
            detail = "the clone is shallow and no common history was found; fetch it with: git fetch --unshallow"
            return Change(BaseKind.NONE, None, (), (Problem(ProblemKind.MISSING_OBJECT, _WHOLE, detail),))
        change = self._compare(BaseKind.NONE, None, head_sha)
        detail = "the head has no commit in common with the default branch; all its files count as new"
        problem = Problem(ProblemKind.NO_COMMON_HISTORY, _WHOLE, detail)
        return replace(change, problems=(problem, *change.problems))

    def _compare(self, kind: BaseKind, base_sha: str | None, head_sha: str) -> Change:
        try:
            base_tree = None if base_sha is None else self._tree_of(base_sha)
            change = self._trees.compare(kind, base_sha, base_tree, self._tree_of(head_sha))
        except (KeyError, ValueError) as error:
            detail = f"the change cannot be read ({error}); fetch the pull request again"
            return Change(kind, base_sha, (), (Problem(ProblemKind.MISSING_OBJECT, _WHOLE, detail),))
        return change if change.files or change.problems else _nothing(kind, base_sha)

    def _commit(self, sha: str) -> pygit2.Commit:
        """Raises KeyError where there is no such commit."""
        found = self._repository.get(sha)
        if not isinstance(found, pygit2.Commit):
            raise KeyError(sha)
        return found

    def _parents_of(self, sha: str) -> list[str]:
        return [str(parent) for parent in self._commit(sha).parent_ids]

    def _tree_of(self, sha: str) -> bytes:
        return self._commit(sha).tree_id.raw

    def _queue(self, shas: list[str]) -> list[tuple[int, str]]:
        """Commits that are there, as items of a heap with the newest first."""
        return sorted((-self._commit(sha).commit_time, sha) for sha in shas if sha in self._odb)

    def _told_by_commit(self, sha: str) -> dict[str, str]:
        try:
            commit = value_of(self._commit(sha))
        except KeyError:
            return {}
        title = commit.message.split("\n", 1)[0]
        return {"author": commit.author, "title": title, "created_at": commit.authored_at.isoformat()}

    def _size(self, content_id: str) -> int | None:
        try:
            kind, size = self._odb.read_header(content_id)
        except (KeyError, ValueError, pygit2.GitError):
            return None
        return size if kind == ObjectType.BLOB else None

    def _read_blob(self, content_id: str, limit: int) -> bytes:
        size = self._size(content_id)
        if size is None:
            raise KeyError(content_id)
        if size > limit:
            raise ValueError(f"{size:,} bytes, more than the {limit:,} that are read")
        return self._read(content_id)

    def _read_tree(self, tree_id: bytes) -> bytes:
        name = tree_id.hex()
        try:
            kind, size = self._odb.read_header(name)
        except (ValueError, pygit2.GitError) as error:
            raise KeyError(name) from error
        if kind != ObjectType.TREE:
            raise KeyError(name)
        if size > _MAX_TREE_BYTES:
            raise ValueError(f"a folder's list of names has {size:,} bytes; this one was not looked at")
        return self._read(name)

    def _read(self, object_id: str) -> bytes:
        try:
            return self._odb.read(object_id)[1]
        except (ValueError, pygit2.GitError) as error:
            raise KeyError(object_id) from error


def _refuse(path: str, _limit: int) -> bytes:
    raise KeyError(path)


def _nothing(kind: BaseKind, base_sha: str | None) -> Change:
    detail = "the pull request changes no file; push your commits to its branch"
    return Change(kind, base_sha, (), (Problem(ProblemKind.NO_CHANGE, _WHOLE, detail),))
