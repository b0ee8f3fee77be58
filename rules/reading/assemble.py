"""From a change and the files of its folder to a Submission.

The order is fixed: files, metadata, logs, sources, entry, README, citations, disclosures. A file is read once, by the
reader that its name and its first bytes choose; what has been read is remembered by content, so that a log or script
shared by several pull requests is worked on once.
"""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from rules.competition import Competition
from rules.reading.cache import Memory
from rules.reading.citations import find_citations
from rules.reading.disclosures import find_disclosures
from rules.reading.entry import pick_script
from rules.reading.logs import looks_like_log, read_log
from rules.reading.metadata import read_metadata
from rules.reading.paths import file_problems, mode_problem
from rules.reading.readme import read_readme
from rules.reading.source import language_of, read_source
from rules.rule import Location
from rules.submission import (
    Commit,
    FileEntry,
    Metadata,
    Problem,
    ProblemKind,
    PullRequest,
    Readme,
    Scope,
    SourceFile,
    Submission,
    TrainLog,
    Twin,
)

SOURCE_LIMIT = 4_000_000
TEXT_LIMIT = 4_000_000
LOG_READ_LIMIT = 256_000_000
HEAD_BYTES = 65_536
LOGS_PER_SUBMISSION = 200
SOURCES_PER_SUBMISSION = 400
OPAQUE_ENDINGS = (
    *(".bin", ".pt", ".pth", ".ptz", ".safetensors", ".ckpt", ".npz", ".npy", ".model", ".vocab", ".onnx"),
    *(".png", ".jpg", ".jpeg", ".gif", ".webp", ".svg", ".pdf", ".ipynb", ".html", ".csv", ".json", ".jsonl"),
    *(".zip", ".tar", ".gz", ".xz", ".zst", ".br", ".bz2", ".7z", ".so", ".o", ".a", ".whl", ".pyc", ".mp4"),
)  # read by the rules that need them, as bytes
LFS_MAGIC = b"version https://git-lfs.github.com/spec/"


@dataclass(slots=True)
class _Parts:
    """What has been read so far."""

    metadata: Metadata | None = None
    readme: Readme | None = None
    logs: list[TrainLog] = field(default_factory=list)
    sources: list[SourceFile] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def read_submission(
    pull_request: PullRequest,
    scope: Scope,
    files: Sequence[FileEntry],
    competition: Competition,
    *,
    commits: Sequence[Commit] = (),
    twins: Sequence[Twin] = (),
    known: Mapping[str, str] | None = None,
    problems: Sequence[Problem] = (),
    memory: Memory | None = None,
    plain: Collection[str] = (),
) -> Submission:
    """Read the files of a submission folder. Never raises on what a participant wrote: see `Submission.problems`.

    `known` maps the content ids of the repository's own files to their names; `plain` are the content ids of scripts
    that were seen to launch nothing.
    """
    parts = _Parts(problems=list(dict.fromkeys([*problems, *file_problems(files)])))
    reader = _Reader(scope.folder, competition, files, memory or Memory(), parts, plain)
    for entry in files:
        reader.read(entry)
    script = pick_script(scope.folder, parts.sources, competition.files.script)
    ordered = sorted(parts.sources, key=lambda s: s is not script)
    citations = find_citations(parts.readme, commits, parts.metadata, pull_request.title, pull_request.number)
    return Submission(
        pull_request=pull_request,
        scope=scope,
        files=tuple(files),
        metadata=parts.metadata,
        logs=tuple(parts.logs),
        sources=tuple(ordered),
        script=script,
        readme=parts.readme,
        commits=tuple(commits),
        citations=tuple(citations),
        disclosures=tuple(find_disclosures(commits, parts.readme, [f.path for f in files])),
        problems=tuple(parts.problems),
        twins=tuple(twins),
        copies={f.path: known[f.content_id] for f in files if f.content_id in known} if known else {},
    )


class Siblings(Mapping[str, bytes]):
    """Other files of the same folder by name, read when asked for; `used` tells whether any was."""

    def __init__(self, entry: FileEntry, files: Sequence[FileEntry], limit: int) -> None:
        base = posixpath.dirname(entry.path)
        self._files = {f.name: f for f in files if posixpath.dirname(f.path) == base and f.path != entry.path}
        self._limit = limit
        self.used = False

    def __getitem__(self, name: str) -> bytes:
        """The content. Raises KeyError where there is none that can be read."""
        self.used = True
        try:
            return self._files[name].read(self._limit)
        except ValueError as error:
            raise KeyError(name) from error

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)


class _Reader:
    """Reads one file after the other into `_Parts`."""

    def __init__(
        self,
        folder: str,
        competition: Competition,
        files: Sequence[FileEntry],
        memory: Memory,
        parts: _Parts,
        plain: Collection[str],
    ) -> None:
        self._top = f"{folder}/" if folder else ""
        self._names = competition.files
        self._files = files
        self._memory = memory
        self._parts = parts
        self._plain = plain

    def read(self, entry: FileEntry) -> None:
        """Choose the reader by place, name and first bytes."""
        if mode_problem(entry.path, entry.mode) is not None or entry.size is None:
            return
        name = entry.path.removeprefix(self._top)
        if name.casefold() == self._names.metadata.casefold():
            self._read_metadata(entry)
        elif name.casefold() == self._names.readme.casefold():
            self._read_readme(entry)
        elif entry.name.casefold().endswith(OPAQUE_ENDINGS):
            return
        else:
            self._read_source_or_log(entry)

    def _bytes(self, entry: FileEntry, limit: int) -> bytes | None:
        """The content, or None with the reason among the problems."""
        place = Location(entry.path)
        try:
            data = entry.read(limit)
        except KeyError:
            detail = "the repository lacks this object"
            self._parts.problems.append(Problem(ProblemKind.MISSING_OBJECT, place, detail))
            return None
        except ValueError:
            detail = f"{entry.size or 0:,} bytes; files of this kind are read up to {limit:,}"
            self._parts.problems.append(Problem(ProblemKind.LIMIT, place, detail))
            return None
        if data.startswith(LFS_MAGIC):
            self._parts.problems.append(Problem(ProblemKind.LFS_POINTER, place, "a Git LFS pointer, not the file"))
            return None
        return data

    def _read_metadata(self, entry: FileEntry) -> None:
        data = self._bytes(entry, TEXT_LIMIT)
        if data is not None:
            self._parts.metadata, problems = read_metadata(entry.path, data)
            self._parts.problems += problems

    def _read_readme(self, entry: FileEntry) -> None:
        data = self._bytes(entry, TEXT_LIMIT)
        if data is not None:
            self._parts.readme, problems = read_readme(entry.path, data)
            self._parts.problems += problems

    def _read_source_or_log(self, entry: FileEntry) -> None:
        named_source = language_of(entry.path, b"") is not None
        data = self._bytes(entry, SOURCE_LIMIT if named_source else LOG_READ_LIMIT)
        if data is None:
            return
        if named_source:
            self._read_source(entry, data)
            return
        if looks_like_log(entry.name, data):
            self._read_log(entry, data)
        elif language_of(entry.path, data[:HEAD_BYTES]) is not None:
            self._read_source(entry, data)

    def _read_source(self, entry: FileEntry, data: bytes) -> None:
        if len(self._parts.sources) >= SOURCES_PER_SUBMISSION:
            self._limit(entry, f"more than {SOURCES_PER_SUBMISSION} source files; this one is not read")
            return
        siblings = Siblings(entry, self._files, SOURCE_LIMIT)
        follow = entry.content_id not in self._plain
        self._parts.sources += self._memory.sources(
            entry,
            lambda: read_source(entry.path, entry.content_id, data, siblings, follow=follow),
            keep=lambda: not siblings.used,
        )

    def _read_log(self, entry: FileEntry, data: bytes) -> None:
        if len(self._parts.logs) >= LOGS_PER_SUBMISSION:
            self._limit(entry, f"more than {LOGS_PER_SUBMISSION} logs; this one is not read")
            return
        log, problems = self._memory.log(entry, lambda: read_log(entry.path, entry.content_id, data))
        self._parts.logs.append(log)
        self._parts.problems += problems

    def _limit(self, entry: FileEntry, detail: str) -> None:
        self._parts.problems.append(Problem(ProblemKind.LIMIT, Location(entry.path), detail))
