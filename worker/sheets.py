"""What is kept of each pull request of a local repository to compare others with. Made in any order, in any process."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from rules.competition import Competition
from rules.lineage.kin import baseline_of, parents_named
from rules.lineage.signature import Script, Signature, signature_of_tokens, tokens_of
from rules.reading.assemble import SOURCE_LIMIT, TEXT_LIMIT, Siblings
from rules.reading.citations import find_citations
from rules.reading.entry import pick_script
from rules.reading.git import GitRepository
from rules.reading.metadata import read_metadata
from rules.reading.readme import read_readme
from rules.reading.source import read_source
from rules.reading.source.unpack import may_launch
from rules.reading.text import decode
from rules.submission import Citation, Commit, FileEntry, Language, Problem, PullRequest, Scope, SourceFile
from worker.earlier import Placed
from worker.triage import listing_of, scope_of

SCRIPTS_LOOKED_AT = 60  # where none has the required name
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Sheet:
    """What is kept of a pull request to compare others with; without a signature where it has no script.

    `changed_at` is when its head was made where that is after its creation. `parents` and `named` are the numbers that
    its README, submission.json, title and commits name, as parents and at all. `plain` are the content ids of scripts
    that look as if they launched something, and were followed and do not.
    """

    pull_request: PullRequest
    signature: Signature | None = None
    script: Script = Script(b"")  # noqa: RUF009 - immutable
    baseline: frozenset[int] = frozenset()
    changed_at: datetime | None = None
    parents: tuple[int, ...] = ()
    named: frozenset[int] = frozenset()
    plain: frozenset[str] = frozenset()


@dataclass(slots=True)
class SheetReader:
    """Makes sheets; what is identical is worked on once."""

    repository: GitRepository
    competition: Competition
    _scripts: dict[tuple[str, ...], tuple[Signature | None, Script, frozenset[str]]] = field(default_factory=dict)
    _baselines: dict[str, frozenset[int]] = field(default_factory=dict)

    def read(self, placed: Placed) -> Sheet:
        """The sheet of one pull request."""
        change, scope = scope_of(self.repository, placed, self.competition)
        pull_request = placed.pull_request
        files = listing_of(self.repository, pull_request.head_sha, scope, self.competition).files
        signature, script, plain = self._script(scope, files)
        commits = self.repository.commits(pull_request.head_sha, change.base_sha)
        citations = self._citations(scope, files, commits, pull_request)
        return Sheet(
            pull_request,
            signature,
            script,
            self.baseline(change.base_sha),
            next((c.authored_at for c in commits[:1] if _after(c.authored_at, pull_request.created_at)), None),
            parents_named(citations),
            frozenset(c.number for c in citations),
            plain,
        )

    def _script(self, scope: Scope, files: Sequence[FileEntry]) -> tuple[Signature | None, Script, frozenset[str]]:
        """The signature and the lines of the script that is scored, and which of those looked at launch nothing."""
        chosen = _scripts_among(scope, files, self.competition)
        key = tuple(file.content_id for file in chosen)
        known = self._scripts.get(key)
        if known is None:
            code, plain = _entry_code(scope, chosen, files, self.competition)
            tokens = tokens_of(code) if code is not None else ()
            known = self._scripts[key] = signature_of_tokens(tokens), Script.of(tokens), plain
        return known

    def baseline(self, base_sha: str | None) -> frozenset[int]:
        """The lines of the repository's own script as the pull request found it."""
        name = self.competition.files.baseline_name
        content_id = next((i for i, n in self.repository.top_files(base_sha).items() if n == name), "")
        if content_id and content_id not in self._baselines:
            self._baselines[content_id] = baseline_of(self._text(content_id))
        return self._baselines.get(content_id, frozenset())

    def _text(self, content_id: str) -> str:
        try:
            return self.repository.blob(content_id, SOURCE_LIMIT).decode("utf-8", "replace")
        except (KeyError, ValueError):
            return ""

    def _citations(
        self, scope: Scope, files: Sequence[FileEntry], commits: Sequence[Commit], pull_request: PullRequest
    ) -> tuple[Citation, ...]:
        names = self.competition.files
        readme = _read(_named(scope, files, names.readme), read_readme)
        metadata = _read(_named(scope, files, names.metadata), read_metadata)
        return find_citations(readme, commits, metadata, pull_request.title, pull_request.number)


def _named(scope: Scope, files: Sequence[FileEntry], name: str) -> FileEntry | None:
    wanted = f"{scope.folder}/{name}".casefold() if scope.folder else name.casefold()
    return next((file for file in files if file.path.casefold() == wanted), None)


def _read(file: FileEntry | None, read: Callable[[str, bytes], tuple[T, tuple[Problem, ...]]]) -> T | None:
    """A file as its reader understands it, None where it is not there or cannot be had."""
    try:
        return None if file is None else read(file.path, file.read(TEXT_LIMIT))[0]
    except (KeyError, ValueError):
        return None


def _scripts_among(scope: Scope, files: Sequence[FileEntry], competition: Competition) -> list[FileEntry]:
    """The file of the required name, else every Python file that the entry may be."""
    required = _named(scope, files, competition.files.script)
    if required is not None:
        return [required]
    return [file for file in files if file.name.casefold().endswith(".py")][:SCRIPTS_LOOKED_AT]


def _entry_code(
    scope: Scope, chosen: Sequence[FileEntry], files: Sequence[FileEntry], competition: Competition
) -> tuple[str | None, frozenset[str]]:
    """The script that is scored, unpacked, and the content ids of those that were followed and launch nothing.

    Only what may launch something else is parsed.
    """
    sources: list[SourceFile] = []
    plain: set[str] = set()
    for file in chosen:
        try:
            data = file.read(SOURCE_LIMIT)
        except (KeyError, ValueError):
            continue
        if data.startswith(b"PK") or may_launch(code := decode(data).text):
            siblings = Siblings(file, files, SOURCE_LIMIT)
            read = read_source(file.path, file.content_id, data, siblings, trees=False)
            sources += read
            if len(read) == 1 and not (read[0].layers or read[0].problems or siblings.used):
                plain.add(file.content_id)
        elif len(chosen) == 1:
            return code, frozenset()
        else:
            sources.append(_as_it_is(file, len(data), code))
    script = pick_script(scope.folder, sources, competition.files.script)
    return None if script is None else script.code, frozenset(plain)


def _as_it_is(file: FileEntry, size: int, code: str) -> SourceFile:
    """A script that launches nothing, so that its code is the text; not parsed."""
    return SourceFile(file.path, file.content_id, size, Language.PYTHON, code, code)


def _after(moment: datetime, created_at: datetime | None) -> bool:
    return created_at is not None and moment > created_at
