"""Triages put together by hand, for the tests of the report."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from rules.analysis.summary import summarize
from rules.rule import Evidence, Finding, Location, Severity
from rules.screening import Triage
from rules.submission import (
    BaseKind,
    Citation,
    Claim,
    Disclosure,
    FileEntry,
    Measurement,
    Mention,
    Metadata,
    PullRequest,
    Quantity,
    Scope,
    Score,
    Submission,
    TrainLog,
)
from rules.techniques import Technique

FOLDER = "records/track_10min_16mb/2026-04-10_Sample"
LOG = f"{FOLDER}/train_seed42.log"
SCRIPT = f"{FOLDER}/train_gpt.py"
METADATA = f"{FOLDER}/submission.json"
README = f"{FOLDER}/README.md"
HEAD = "0123456789abcdef0123456789abcdef01234567"


def file_entry(path: str) -> FileEntry:
    return FileEntry(path, 0o100644, 1, "0" * 40, lambda limit: b"")


def measurement(quantity: Quantity, value: float, line: int) -> Measurement:
    return Measurement(quantity, value, Location(LOG, line), quote=f"{quantity}: {value}")


def train_log(path: str = LOG, *, seed: int = 42, val_bpb: float = 1.0821, **figures: float) -> TrainLog:
    """A log with a seed, a final score and further figures by the name of their quantity."""
    found = [measurement(Quantity(name), value, line) for line, (name, value) in enumerate(figures.items(), 20)]
    return TrainLog(
        path=path,
        content_id=hashlib.sha1(path.encode()).hexdigest(),
        size=100,
        scores=(
            Score("final_int8_zlib_roundtrip", val_bpb, None, Location(path, 90), final=True, quote="final score"),
        ),
        measurements=(Measurement(Quantity.SEED, seed, Location(path, 3)), *found),
    )


def claim(quantity: Quantity, value: float, line: int = 2) -> Claim:
    return Claim(quantity, value, Location(METADATA, line), key=quantity.value)


def submission(
    *,
    logs: Sequence[TrainLog] = (),
    claims: Sequence[Claim] = (),
    paths: Sequence[str] = (SCRIPT, METADATA, README, LOG),
    **more: Any,
) -> Submission:
    return Submission(
        pull_request=more.pop("pull_request", PullRequest(7, HEAD, "somebody", "Record: a sample")),
        scope=more.pop("scope", Scope(FOLDER, "record", BaseKind.MERGE_BASE)),
        files=tuple(map(file_entry, paths)),
        metadata=Metadata(METADATA, {}, claims=tuple(claims)),
        logs=tuple(logs),
        **more,
    )


def finding(
    code: str = "E05",
    severity: Severity = Severity.BLOCK,
    message: str = "16,024,793 bytes; the cap is 16,000,000.",
    *,
    path: str | None = LOG,
    line: int | None = 12,
    evidence: Sequence[Evidence] = (),
    fix: str = "",
) -> Finding:
    location = None if path is None else Location(path, line)
    return Finding(code, "artifact-over-16mb", "over-cap", severity, message, location, fix, tuple(evidence))


def triage(*findings: Finding, techniques: Sequence[str] = (), **more: Any) -> Triage:
    names = tuple(Technique(name, name, Location(SCRIPT, 5)) for name in techniques)
    made = submission(**more)
    return Triage(made, findings, names, summarize(made))


def parent(number: int, line: int = 4) -> Citation:
    return Citation(number, Mention.PARENT, f"built on #{number}", Location(README, line))


def disclosure(agent: str, line: int = 9) -> Disclosure:
    return Disclosure(agent, f"Co-Authored-By: {agent}", Location(README, line))
