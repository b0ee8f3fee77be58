"""A pull request at its head: listed, and its files brought into the content store, within limits.

A change of few small files is read through GitHub's API; otherwise git fetches it into a shared clone.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from rules.competition import Competition
from rules.reading.assemble import OPAQUE_ENDINGS
from rules.reading.git import GitRepository
from rules.reading.scope import find_scope, new_folders
from rules.reading.trees import Change
from rules.rule import Location
from rules.submission import BaseKind, ChangedFile, FileEntry, Problem, ProblemKind, Scope, Status
from worker.clients.clone import Clone, CloneLimits, TooLargeError, opened
from worker.clients.gateway import (
    AbsentError,
    Gateway,
    PullRequestFacts,
    Repo,
    TruncatedError,
    UnavailableError,
)
from worker.clients.listing import Listed, by_api, by_clone, commits_of
from worker.clients.snapshot import Snapshot, SnapshotFile, check_readable, is_plain
from worker.content import ContentStore

__all__ = ["FetchLimits", "Snapshot", "SnapshotFile", "fetch_snapshot", "snapshot_files"]

SMALL_OPAQUE = 1_000_000
MOST_BLOB = 100_000_000
MOST_LATER = 200_000_000


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """Up to where the API is used, and what is taken at all. Sizes in bytes.

    `api_contents` is small because each content costs one of the hour's 5,000 requests, and what git brings costs none.
    """

    api_files: int = 60
    api_contents: int = 2
    api_bytes: int = 4_000_000
    most_bytes: int = 300_000_000
    clone: CloneLimits = field(default_factory=CloneLimits)


def fetch_snapshot(
    gateway: Gateway,
    repo: Repo,
    facts: PullRequestFacts,
    competition: Competition,
    content: ContentStore,
    git_folder: Path,
    *,
    known_folders: Container[str] = (),
    limits: FetchLimits | None = None,
) -> Snapshot:
    """List a pull request and bring what will be read of it. `known_folders` are those of earlier pull requests.

    Raises the gateway's errors: AbsentError where GitHub no longer has the head, UnavailableError also for a disk that
    is full. What the author made too large is a problem in the snapshot.
    """
    fetch = _Fetch(gateway, repo, facts, competition, content, git_folder, known_folders, limits or FetchLimits())
    try:
        return fetch.snapshot()
    except OSError as error:
        raise UnavailableError(f"this machine cannot keep what was fetched: {error.strerror}") from error


def snapshot_files(
    snapshot: Snapshot, content: ContentStore, gateway: Gateway, repo: Repo, *, later_bytes: int = MOST_LATER
) -> tuple[FileEntry, ...]:
    """The submission's files for `read_submission`. A content that is not here is fetched when it is read.

    Reading may therefore raise the gateway's errors too, which say nothing about the file. At most `later_bytes` are
    fetched so altogether.
    """
    later = _Later(content, gateway, repo, later_bytes)
    return tuple(
        FileEntry(file.path, file.mode, file.size, file.content_id, partial(later.load, file))
        for file in snapshot.entries
    )


@dataclass(slots=True)
class _Later:
    """Loads contents; altogether at most `left` bytes are fetched that were not here."""

    content: ContentStore
    gateway: Gateway
    repo: Repo
    left: int

    def load(self, file: SnapshotFile, limit: int) -> bytes:
        check_readable(file, limit)
        assert file.size is not None  # what has none is not readable
        try:
            return self.content.read(file.content_id, limit)
        except KeyError:
            self.left -= file.size
            if self.left < 0 or file.size > MOST_BLOB:
                raise ValueError("more than is fetched of one pull request") from None
        try:
            _bring_by_api(self.gateway, self.repo, self.content, file.content_id)
        except AbsentError:
            raise KeyError(file.path) from None
        try:
            return self.content.read(file.content_id, limit)
        except KeyError:
            raise UnavailableError(f"{file.content_id[:12]} was fetched and cannot be read here") from None


@dataclass(frozen=True, slots=True)
class _Fetch:
    """One fetch of one pull request."""

    gateway: Gateway
    repo: Repo
    facts: PullRequestFacts
    competition: Competition
    content: ContentStore
    git_folder: Path
    known_folders: Container[str]
    limits: FetchLimits

    def snapshot(self) -> Snapshot:
        """List, learn sizes, bring contents."""
        try:
            listed = self._listed()
        except TooLargeError as error:
            return self._unread(error)
        entries = self._sized(listed)
        problems = [*listed.problems, *self._bring(entries)]
        change = listed.change
        return Snapshot(
            head_sha=self.facts.head_sha,
            base=change.base,
            base_sha=change.base_sha,
            folder=listed.folder,
            changed=change.files,
            existing=change.existing,
            known_folders=self._known(change),
            entries=tuple(self._with_size(entry) for entry in entries),
            commits=commits_of(self.gateway, self.repo, self.facts.number),
            problems=tuple(problems),
            top_files=listed.top_files,
        )

    def _listed(self) -> Listed:
        script = self.competition.files.script
        if self.facts.changed_files <= self.limits.api_files:
            try:
                return by_api(self.gateway, self.repo, self.facts, self._choose, script)
            except UnavailableError:
                pass  # the tree is too large for one answer, or GitHub's API has a fault that git may not have
        with self._clone() as clone:
            return by_clone(clone, self.facts, self._choose, script)

    def _choose(self, change: Change) -> Scope:
        tracks, required = self.competition.track_folders, self.competition.files.required
        return find_scope(change, tracks, known_folders=self.known_folders, required=required)

    def _known(self, change: Change) -> frozenset[str]:
        new = new_folders(change, self.competition.track_folders)
        return frozenset(folder for folder in new if folder in self.known_folders)

    def _clone(self) -> AbstractContextManager[Clone]:
        source = self.gateway.clone_url(self.repo)
        return opened(self.git_folder, str(self.repo.id), source, self.limits.clone)

    def _sized(self, listed: Listed) -> tuple[SnapshotFile, ...]:
        """The entries with their sizes. A clone without contents knows none; GitHub tells them for a folder."""
        if not listed.tree_id or all(not is_plain(e) or e.size is not None for e in listed.entries):
            return listed.entries
        try:
            told = self.gateway.tree(self.repo, listed.tree_id)
        except TruncatedError:
            return listed.entries  # their sizes show once they are here
        sizes = {entry.sha: entry.size for entry in told}
        return tuple(e if e.size is not None else replace(e, size=sizes.get(e.content_id)) for e in listed.entries)

    def _with_size(self, entry: SnapshotFile) -> SnapshotFile:
        return entry if entry.size is not None else replace(entry, size=self.content.size(entry.content_id))

    def _bring(self, entries: Sequence[SnapshotFile]) -> Iterable[Problem]:
        """Bring what readers will want and is not here; what there is too much of becomes a problem."""
        missing = {e.content_id: e for e in entries if _is_wanted(e) and not self.content.has(e.content_id)}
        taken, left = list[SnapshotFile](), self.limits.most_bytes
        for entry in sorted(missing.values(), key=lambda e: e.size or 0):
            left -= entry.size or 0
            if left < 0:
                detail = f"the files have more than {self.limits.most_bytes:,} bytes; this one was not fetched"
                yield Problem(ProblemKind.LIMIT, Location(entry.path), detail)
            else:
                taken.append(entry)
        yield from self._bring_all(taken)

    def _bring_all(self, taken: Sequence[SnapshotFile]) -> Iterable[Problem]:
        few = self._are_few(taken)
        if few and len(taken) <= self.limits.api_contents:
            self._bring_by_api(taken)
            return
        try:
            self._bring_by_git(taken)
        except UnavailableError:  # git has a fault that GitHub's API may not have
            if not few:
                raise
            self._bring_by_api(taken)
        except AbsentError:  # git brings all or nothing; where GitHub lost one of them, the small ones may come
            self._bring_by_api([entry for entry in taken if entry.size is not None][: self.limits.api_files])
        except TooLargeError as error:
            yield Problem(ProblemKind.LIMIT, Location(""), f"fetching the files was stopped at {error}")

    def _are_few(self, taken: Sequence[SnapshotFile]) -> bool:
        """Whether the API could bring them at all."""
        sizes = [entry.size for entry in taken]
        known = sum(size for size in sizes if size is not None)
        return None not in sizes and len(taken) <= self.limits.api_files and known <= self.limits.api_bytes

    def _bring_by_api(self, taken: Sequence[SnapshotFile]) -> None:
        for entry in taken:
            with suppress(AbsentError):  # its reader will say that it is missing
                _bring_by_api(self.gateway, self.repo, self.content, entry.content_id)

    def _bring_by_git(self, taken: Sequence[SnapshotFile]) -> None:
        with self._clone() as clone:
            clone.fetch_contents([entry.content_id for entry in taken])
            repository = GitRepository(str(clone.path))
            for entry in taken:
                read = repository.entry(_as_changed(entry))
                if read.size is None:  # a fault on the way: it says nothing about the file
                    raise UnavailableError(f"git did not bring {entry.content_id[:12]}, which it was asked for")
                if read.size <= MOST_BLOB:
                    self.content.put(entry.content_id, read.read(MOST_BLOB))

    def _unread(self, error: TooLargeError) -> Snapshot:
        detail = f"fetching the pull request was stopped at {error}; nothing of it was read"
        problem = Problem(ProblemKind.LIMIT, Location(""), detail)
        return Snapshot(self.facts.head_sha, BaseKind.NONE, None, "", problems=(problem,))


def _bring_by_api(gateway: Gateway, repo: Repo, content: ContentStore, content_id: str) -> None:
    try:
        content.put(content_id, gateway.blob(repo, content_id))
    except ValueError:
        raise UnavailableError(f"the blob {content_id[:12]} came damaged") from None


def _is_wanted(file: SnapshotFile) -> bool:
    """Whether some reader looks into it; of what is opaque only small files, others are fetched when a rule asks."""
    if not is_plain(file) or (file.size or 0) > MOST_BLOB:
        return False
    opaque = file.path.casefold().endswith(OPAQUE_ENDINGS)
    return not opaque or (file.size is not None and file.size <= SMALL_OPAQUE)


def _as_changed(file: SnapshotFile) -> ChangedFile:
    return ChangedFile(file.path, Status.ADDED, file.mode, file.content_id)
