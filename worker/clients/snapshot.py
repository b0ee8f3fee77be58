"""What was fetched of a pull request at one head: a value that a row keeps as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from rules.competition import Competition
from rules.reading.paths import GITLINK_MODE
from rules.reading.scope import find_scope
from rules.reading.trees import Change
from rules.rule import Location
from rules.submission import BaseKind, ChangedFile, Commit, Problem, ProblemKind, Scope, Status

FORM = 1


@dataclass(frozen=True, slots=True)
class SnapshotFile:
    """A file that is read: of the submission folder, or the script at the top. `size` in bytes, None if unknown."""

    path: str
    mode: int
    size: int | None
    content_id: str


def is_plain(file: SnapshotFile) -> bool:
    """Whether it is a regular file, and no link of any kind."""
    return file.mode != GITLINK_MODE and file.mode & 0o170000 == 0o100000


def check_readable(file: SnapshotFile, limit: int) -> None:
    """Raises KeyError for what is no plain file of known size, ValueError for one of more than `limit` bytes."""
    if file.size is None or not is_plain(file):
        raise KeyError(file.path)
    if file.size > limit:
        raise ValueError(f"{file.size:,} bytes, more than the {limit:,} that are read")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A pull request at one head commit, without contents, which are in the content store.

    `folder` is the submission's, "" where none was found; `known_folders` are those of its new folders that an earlier
    pull request brought; `existing` the folders that were there before; `top_files` are content id → name of the files
    at the top of the repository that the pull request leaves alone. Commits come newest first.
    """

    head_sha: str
    base: BaseKind
    base_sha: str | None
    folder: str
    changed: tuple[ChangedFile, ...] = ()
    existing: frozenset[str] = frozenset()
    known_folders: frozenset[str] = frozenset()
    entries: tuple[SnapshotFile, ...] = ()
    commits: tuple[Commit, ...] = ()
    problems: tuple[Problem, ...] = ()
    top_files: Mapping[str, str] = field(default_factory=dict)

    def scope(self, competition: Competition) -> Scope:
        """Which folder is the submission, chosen again from what was seen when it was fetched."""
        change = Change(self.base, self.base_sha, self.changed, (), self.existing)
        required = competition.files.required
        return find_scope(change, competition.track_folders, known_folders=self.known_folders, required=required)

    def as_json(self) -> dict[str, Any]:
        """For a JSON column."""
        return {
            "form": FORM,
            "head_sha": self.head_sha,
            "base": self.base.value,
            "base_sha": self.base_sha,
            "folder": self.folder,
            "changed": [[f.path, f.status.value, f.mode, f.content_id] for f in self.changed],
            "existing": sorted(self.existing),
            "known_folders": sorted(self.known_folders),
            "entries": [[f.path, f.mode, f.size, f.content_id] for f in self.entries],
            "commits": [[c.sha, c.message, c.authored_at.isoformat(), c.author] for c in self.commits],
            "problems": [[p.kind.value, p.location.path, p.location.line, p.detail] for p in self.problems],
            "top_files": dict(self.top_files),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Snapshot:
        """Back from a JSON column. Raises ValueError for a form that this version does not know."""
        if data.get("form") != FORM:
            raise ValueError(f"a snapshot of form {data.get('form')!r}; fetch the pull request again")
        return cls(
            head_sha=data["head_sha"],
            base=BaseKind(data["base"]),
            base_sha=data["base_sha"],
            folder=data["folder"],
            changed=tuple(ChangedFile(path, Status(status), mode, i) for path, status, mode, i in data["changed"]),
            existing=frozenset(data["existing"]),
            known_folders=frozenset(data["known_folders"]),
            entries=tuple(SnapshotFile(*entry) for entry in data["entries"]),
            commits=tuple(_commits(data["commits"])),
            problems=tuple(Problem(ProblemKind(k), Location(path, line), d) for k, path, line, d in data["problems"]),
            top_files=data.get("top_files", {}),
        )


def _commits(rows: Iterable[tuple[str, str, str, str]]) -> Iterable[Commit]:
    for sha, message, authored_at, author in rows:
        yield Commit(sha, message, datetime.fromisoformat(authored_at).astimezone(UTC), author)
