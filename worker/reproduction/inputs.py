"""What a run is given: the submission's files by hash, and the request that names them."""

from __future__ import annotations

import hashlib
import json
import posixpath
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from evaluator.reproduction.limits import limits_of
from evaluator.request import Claimed, Dataset, InputFile, Rung, RunLimits, RunRequest
from rules.competition import Competition
from worker import subjects
from worker.clients.fetching import snapshot_files
from worker.clients.snapshot import Snapshot
from worker.pipeline import Context
from worker.reproduction import policy
from worker.store.models import Run, SubmissionRow
from worker.store.runs import INCUMBENT

MOST_FILE = 100_000_000  # bytes


class NothingToRunError(Exception):
    """The submission has no script that could be run: its own fault, which a rule has said. The message says what."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """A submission's files on this machine: `paths` by SHA-256, `entry` relative to the folder."""

    files: tuple[InputFile, ...]
    entry: str
    paths: Mapping[str, Path]

    def file(self, sha256: str) -> Path:
        """Where a content is. Raises KeyError."""
        return self.paths[sha256]


def gather(context: Context, submission: SubmissionRow, competition: Competition) -> Gathered:
    """Bring the files here, whichever machine fetched them. Raises the gateway's errors and NothingToRunError.

    Links, and what is larger than anything that is read, are left out.
    """
    snapshot = Snapshot.from_json(submission.snapshot or {})
    repo = subjects.repo_of(submission.pull_request.repository)
    files, paths = list[InputFile](), dict[str, Path]()
    for file in snapshot_files(snapshot, context.content, context.github, repo):
        path = posixpath.relpath(file.path, snapshot.folder)
        if not snapshot.folder or path.startswith("../"):
            continue
        try:
            data = file.read(MOST_FILE)
        except (KeyError, ValueError):
            continue
        sha256 = hashlib.sha256(data).hexdigest()
        files.append(InputFile(path, sha256, len(data)))
        paths[sha256] = context.content.path(file.content_id)
    return Gathered(tuple(files), _entry(files, competition), paths)


def request_for(run: Run, submission: SubmissionRow, competition: Competition, gathered: Gathered) -> RunRequest:
    """What the runner is asked for, with the seed that was chosen when the head was frozen.

    `submission` is the one whose code is run.
    """
    chosen, claims = competition.reproduction, policy.claims_of(submission)
    row = submission.pull_request
    return RunRequest(
        id=str(run.id),
        rung=Rung.FULL if run.rung == INCUMBENT else Rung(run.rung),
        repository=row.repository.full_name,
        number=row.number,
        head_sha=run.head_sha,
        attempt=run.attempt,
        seed=run.seed,
        files=gathered.files,
        entry=gathered.entry,
        command=tuple(word.replace("{script}", gathered.entry) for word in chosen.command),
        dataset=Dataset(
            chosen.dataset,
            tokenizer=chosen.tokenizer,
            second_slice=chosen.second_slice,
            transforms_text=competition.fingerprints.transforms_text(chosen.dataset, chosen.tokenizer),
        ),
        limits=_limits(run, submission, competition),
        gpus=chosen.gpus,
        environment=dict(chosen.environment),
        claimed=Claimed(
            val_bpb=claims.get("val_bpb"),
            artifact_bytes=None if claims.get("artifact_bytes") is None else int(claims["artifact_bytes"]),
            train_seconds=claims.get("train_seconds"),
            eval_seconds=claims.get("eval_seconds"),
        ),
        tolerance=chosen.tolerance,
        rules_version=version("fairway"),
        cost_per_hour=chosen.budget.cost_per_hour,
        queued_at=run.requested_at.astimezone(UTC).isoformat(),
    )


def as_row(request: RunRequest) -> dict[str, object]:
    """The request for its row, in plain values."""
    plain: dict[str, object] = json.loads(json.dumps(request.as_json()))
    return plain


def seconds_since(moment: datetime | None, now: datetime) -> float:
    """Seconds by the database's clock; 0 for what never began."""
    return 0.0 if moment is None else max(0.0, (now - moment).total_seconds())


def _limits(run: Run, submission: SubmissionRow, competition: Competition) -> RunLimits:
    chosen = competition.reproduction
    track = competition.track((submission.entry or {}).get("track"))
    return limits_of(
        competition,
        policy.total_seconds(run.rung, submission, competition),
        memory_bytes=chosen.memory_bytes,
        work_bytes=chosen.work_bytes,
        processes=chosen.processes,
        timed=track is None or track.timed,
    )


def _entry(files: list[InputFile], competition: Competition) -> str:
    """The script: by its name, else the largest Python file of the folder."""
    wanted = competition.files.script
    if any(file.path == wanted for file in files):
        return wanted
    scripts = [file for file in files if file.path.endswith(".py") and "/" not in file.path]
    if not scripts:
        raise NothingToRunError(f"the submission's folder holds no `{wanted}` that could be run")
    return max(scripts, key=lambda file: file.size).path
