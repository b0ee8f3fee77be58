"""Turn a case written as data into a Submission, and findings into what a case expects.

A case holds `files` (text) and `base64` (binary), by path inside the submission folder; `outside` lists further
changed paths of the pull request; `baseline` holds files at the top of the
repository; `twins`, `kin` and `refused` are what earlier pull requests say about it;
`track` is a track's name (default: the first) or "" for a folder of no track.
`expect` lists where findings must stand, in any order: "train_gpt.py:2", "train_gpt.py" or "" for no place.
"""

from __future__ import annotations

import base64
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rules import catalog
from rules.competition import Competition, builtin
from rules.reading.assemble import read_submission
from rules.reading.folder import blob_id, memory_files
from rules.rule import Finding
from rules.submission import (
    BaseKind,
    ChangedFile,
    Commit,
    Kin,
    PullRequest,
    Refused,
    Scope,
    Status,
    Submission,
    Twin,
)

CASES = Path(__file__).parent / "cases"
FOLDER = "2026-04-10_Sample"
_KEYS = {
    *("name", "expect", "severity", "says", "files", "base64", "track", "outside", "modified", "other_folders"),
    *("pull_request", "commits", "twins", "baseline", "kin", "refused"),
}


@dataclass(frozen=True)
class Case:
    """One case of a rule."""

    code: str
    name: str
    expect: tuple[str, ...]
    data: Mapping[str, Any] = field(repr=False)


def cases(code: str | None = None) -> Iterator[Case]:
    """All cases, or those of one rule. Raises ValueError for a key that no case may have."""
    for path in sorted(CASES.glob(f"{code or '*'}.toml")):
        for data in tomllib.loads(path.read_text(encoding="utf-8"))["case"]:
            unknown = set(data) - _KEYS
            if unknown:
                raise ValueError(f"{path.name}: case {data.get('name')!r} has unknown keys {sorted(unknown)}")
            yield Case(path.stem, data["name"], tuple(data["expect"]), data)


def submission_of(data: Mapping[str, Any], competition: Competition | None = None) -> Submission:
    """The submission that a case describes."""
    competition = competition or builtin()
    track = competition.track(data.get("track", competition.tracks[0].name))
    folder = f"{track.folder if track else 'elsewhere'}/{FOLDER}"
    contents = {f"{folder}/{path}": text.encode() for path, text in data.get("files", {}).items()}
    contents |= {f"{folder}/{path}": base64.b64decode(text) for path, text in data.get("base64", {}).items()}
    files = memory_files(contents)
    changed = [ChangedFile(f.path, Status.ADDED, f.mode, f.content_id) for f in files]
    outside = [ChangedFile(path, Status.ADDED, 0o100644, "0" * 40) for path in data.get("outside", ())]
    outside += [ChangedFile(path, Status.MODIFIED, 0o100644, "0" * 40) for path in data.get("modified", ())]
    scope = Scope(
        folder=folder,
        track=track.name if track else None,
        base=BaseKind.MERGE_BASE,
        other_folders=tuple(data.get("other_folders", ())),
        outside=tuple(outside),
        changed=(*changed, *outside),
    )
    submission = read_submission(
        _pull_request(data.get("pull_request", {})),
        scope,
        files,
        competition,
        commits=[_commit(item) for item in data.get("commits", ())],
        twins=[Twin(**item) for item in data.get("twins", ())],
        known={blob_id(text.encode()): name for name, text in data.get("baseline", {}).items()},
    )
    kin = tuple(Kin(**item) for item in data.get("kin", ()))
    return replace(submission, kin=kin, refused=tuple(_refused(item) for item in data.get("refused", ())))


def _refused(data: Mapping[str, Any]) -> Refused:
    return Refused(data["number"], tuple(data["reasons"]), data["ruled_on"])


def _pull_request(data: Mapping[str, Any]) -> PullRequest:
    created = data.get("created_at", datetime(2026, 4, 10, tzinfo=UTC))
    return PullRequest(
        number=data.get("number", 7),
        head_sha="f" * 40,
        author=data.get("author", "somebody"),
        title=data.get("title", "Record: a sample"),
        created_at=created,
    )


def _commit(data: Mapping[str, Any]) -> Commit:
    return Commit("e" * 40, data.get("message", "Add a sample"), data["authored_at"], data.get("author", "somebody"))


def findings_of(case: Case) -> list[Finding]:
    """Apply the case's own rule."""
    entry = next(e for e in catalog.entries() if e.rule.code == case.code)
    return list(entry.check(submission_of(case.data), builtin()))


def place(finding: Finding, folder: str) -> str:
    """How a case writes a finding's location: relative to the submission folder."""
    if finding.location is None:
        return ""
    path = finding.location.path.removeprefix(f"{folder}/")
    return path if finding.location.line is None else f"{path}:{finding.location.line}"
