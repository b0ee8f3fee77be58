"""Screening one fetched submission: the CPU-bound part of the pipeline, on values alone.

It reads a snapshot's contents from the content store and nothing else: no network, no database, no secret. What is not
in the store is named in the answer, so that the caller can bring it and ask again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from rules import catalog, techniques
from rules.competition import Competition
from rules.lineage.kin import Neighbour, parents_named, related
from rules.lineage.news import parent_script
from rules.lineage.signature import Script, Signature, signature_of_tokens, tokens_of
from rules.precedents import Code, Precedent, PrecedentIndex, code_of, findings_of, guilt_of
from rules.reading.assemble import read_submission
from rules.reading.cache import Memory
from rules.report.contract import entry
from rules.report.links import Links
from rules.report.markdown import render
from rules.rule import Finding, internal_error
from rules.screening import screen
from rules.submission import FileEntry, ParentScript, PullRequest, Refused, Submission, Twin
from worker.clients.snapshot import Snapshot, SnapshotFile, check_readable
from worker.content import ContentStore

NO_SCRIPT = Script(b"")
_READING = ("competition", "pull_request", "snapshot", "content_folder", "twins", "absent")  # what is read, and how


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be screened.

    `absent` are content ids that cannot be had; `links` is None where the report should hold none. `precedents` are
    those that stand, with what innocent code shares marked. `neighbours` are the nearest earlier submissions, `refused`
    the earlier ones that were ruled invalid, `parent` the likest with its snapshot. With `only_signature` no rule is
    applied and the answer holds what the nearest are found by.
    """

    competition: Competition
    pull_request: PullRequest
    snapshot: Mapping[str, Any]
    content_folder: Path
    twins: tuple[Twin, ...] = ()
    absent: frozenset[str] = frozenset()
    links: Links | None = None
    precedents: tuple[Precedent, ...] = ()
    neighbours: tuple[Neighbour, ...] = ()
    refused: tuple[Refused, ...] = ()
    parent: tuple[PullRequest, Mapping[str, Any]] | None = None
    only_signature: bool = False


@dataclass(frozen=True, slots=True)
class Screened:
    """The triage as in the JSON contract, its report in Markdown, and content ids that were wanted and not there.

    `code` and `guilt` are the submission's code and what its findings rest on, for precedents; `inherited` names the
    rulings whose guilty lines it keeps. `signature` and `script` stand for its script, `parents` are the numbers
    that it names as parents.
    """

    entry: dict[str, Any]
    report: str
    missing: tuple[str, ...] = ()
    code: bytes = b""
    guilt: tuple[dict[str, Any], ...] = ()
    inherited: tuple[str, ...] = ()
    signature: Signature | None = None
    script: Script = NO_SCRIPT
    parents: tuple[int, ...] = ()


class ScreeningError(Exception):
    """The screening ran out of time or memory, or ended its process."""


Screen = Callable[[Request], Screened]

_memory = Memory()
_signed_last: tuple[Request, Submission, _Loader] | None = None
"""What was read to sign it, for the screening that follows; that one takes it away."""


def screen_here(request: Request) -> Screened:
    """Screen in this process and thread."""
    started = time.process_time()
    submission, loader = _submission(request)
    if request.only_signature:
        return _signed(request, submission, loader)
    submission = related(submission, request.neighbours, request.refused)
    submission = replace(submission, parent=_parent(request))
    code, inherited, rulings = _compared(submission, request)
    triage = screen(submission, request.competition, inherited)
    if loader.missing:
        forget()  # what was read without them must not be remembered
    told = entry(triage, time.process_time() - started)
    return Screened(
        told,
        render(triage, request.competition, request.links),
        tuple(loader.missing),
        code.packed(),
        tuple(guilt.as_json() for guilt in guilt_of(told["findings"], code)),
        rulings,
    )


def _submission(request: Request) -> tuple[Submission, _Loader]:
    """The submission as it was read to sign it just now, else read anew."""
    global _signed_last
    last, _signed_last = _signed_last, None
    if last is not None and _reads_the_same(last[0], request):
        return last[1], last[2]
    loader = _Loader(ContentStore(request.content_folder), request.absent)
    return _read(request.pull_request, request.snapshot, request, loader), loader


def _reads_the_same(one: Request, other: Request) -> bool:
    """Whether two requests are for the same reading, whatever is to be done with it."""
    return all(getattr(one, name) == getattr(other, name) for name in _READING)


def _read(
    pull_request: PullRequest, data: Mapping[str, Any], request: Request, loader: _Loader, twins: bool = True
) -> Submission:
    snapshot = Snapshot.from_json(data)
    return read_submission(
        pull_request,
        snapshot.scope(request.competition),
        tuple(loader.entry(file) for file in snapshot.entries),
        request.competition,
        commits=snapshot.commits,
        twins=request.twins if twins else (),
        known=snapshot.top_files,
        problems=snapshot.problems,
        memory=_memory,
    )


def _signed(request: Request, submission: Submission, loader: _Loader) -> Screened:
    """What the nearest earlier submissions are found by."""
    global _signed_last
    if loader.missing:
        forget()
    else:
        _signed_last = (request, submission, loader)
    tokens = tokens_of(submission.script.code) if submission.script is not None else ()
    return Screened(
        {},
        "",
        tuple(loader.missing),
        signature=signature_of_tokens(tokens),
        script=Script.of(tokens),
        parents=parents_named(submission.citations),
    )


def _parent(request: Request) -> ParentScript | None:
    """The likest earlier submission, as far as its contents are still in the store."""
    if request.parent is None:
        return None
    loader = _Loader(ContentStore(request.content_folder), request.absent)
    try:
        return parent_script(_read(*request.parent, request, loader, twins=False))
    except Exception:  # a submission that is at fault by itself hides nothing of this one
        return None
    finally:
        if loader.missing:
            forget()


def _compared(submission: Submission, request: Request) -> tuple[Code, list[Finding], tuple[str, ...]]:
    """The code of a submission, the findings of precedents, and whose guilty lines it keeps."""
    number = request.pull_request.number
    try:
        code = code_of(submission)
        found = PrecedentIndex(request.precedents).matches(code, request.pull_request.created_at)
        matches = [match for match in found if match.precedent.number != number]
        return code, findings_of(matches), tuple(sorted({match.precedent.ruling for match in matches}))
    except Exception as error:  # a fault of ours hides no finding of a rule
        return Code(), [internal_error("precedents", error)], ()


@dataclass(slots=True)
class _Loader:
    """Reads contents from the store and remembers which were wanted in vain."""

    content: ContentStore
    absent: frozenset[str]
    missing: dict[str, None] = field(default_factory=dict)

    def entry(self, file: SnapshotFile) -> FileEntry:
        """The file as its readers know it."""
        return FileEntry(file.path, file.mode, file.size, file.content_id, partial(self._load, file))

    def _load(self, file: SnapshotFile, limit: int) -> bytes:
        check_readable(file, limit)
        if file.content_id in self.absent:
            raise KeyError(file.path)
        try:
            return self.content.read(file.content_id, limit)
        except KeyError:
            self.missing[file.content_id] = None
            raise


def warm_up() -> None:
    """Import the rules and what they use, which otherwise the first submission waits for."""
    catalog.entries()
    techniques.detectors()


def forget() -> None:
    """Drop what was read before: after a fault, or to free its memory."""
    global _memory, _signed_last
    _memory, _signed_last = Memory(), None
