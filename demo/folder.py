"""The files of a sample submission: script, logs, metadata and write-up, made from the sample's few figures."""

from __future__ import annotations

import json
from pathlib import Path
from string import Template
from typing import Any

from demo.compose import script, settings_of, shipped
from demo.logs import HEADLINE, Script, model_params, nats_per_token, train_log
from demo.samples import Run, Sample
from rules.competition import Competition

Files = dict[str, bytes]


def submission_files(sample: Sample, competition: Competition) -> Files:
    """Path in the repository → content, for the sample's folder alone."""
    names = competition.files
    code = shipped(sample)
    files = {names.script: code, names.metadata: _report(sample, len(code)), names.readme: _writeup(sample, len(code))}
    if sample.logs:
        about = _about(sample, len(code))
        files |= {f"seed_{run.seed}.log": train_log(run, about).encode() for run in sample.runs}
    for edit in sample.edits:
        if edit.where in files:
            files[edit.where] = edit.apply(files[edit.where].decode()).encode()
    folder = submission_folder(sample, competition)
    return {f"{folder}/{name}": content for name, content in files.items()}


def write_folder(sample: Sample, competition: Competition, root: Path) -> Path:
    """Write the sample's files below `root`, laid out as in the repository; returns the submission folder."""
    for path, content in submission_files(sample, competition).items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    return root / submission_folder(sample, competition)


def submission_folder(sample: Sample, competition: Competition) -> str:
    """The submission's folder in the repository."""
    track = competition.track(sample.track)
    if track is None:
        raise ValueError(f"{sample.name}: the competition has no track {sample.track!r}")
    return f"{track.folder}/{sample.folder}"


def _about(sample: Sample, code_bytes: int) -> Script:
    settings = settings_of(script(sample))
    return Script(settings, code_bytes, sample.model_params or model_params(settings), sample.headline or HEADLINE)


def _report(sample: Sample, code_bytes: int) -> bytes:
    data: dict[str, Any] = {
        "name": sample.title,
        "author": sample.author,
        "github_id": sample.author,
        "track": sample.track,
        "date": sample.created_at.date().isoformat(),
        "val_bpb": round(sample.score, 8),
        "seeds": [run.seed for run in sample.runs],
        "seed_results": {str(run.seed): _result(run, code_bytes) for run in sample.runs},
        "bytes_total": max(run.model_bytes for run in sample.runs) + code_bytes,
        "bytes_code": code_bytes,
    }
    return (json.dumps({**data, **sample.report}, indent=2) + "\n").encode()


def _result(run: Run, code_bytes: int) -> dict[str, float]:
    return {
        "val_bpb": round(run.val_bpb, 8),
        "val_loss": round(nats_per_token(run.val_bpb, run.bytes_per_token), 8),
        "artifact_bytes": run.model_bytes + code_bytes,
        "train_time_ms": run.train_ms,
        "eval_time_ms": run.eval_ms,
    }


def _writeup(sample: Sample, code_bytes: int) -> bytes:
    rows = [
        f"| {run.seed} | {run.val_bpb:.4f} | {run.steps} | {run.train_ms / 1000:.1f} s | {run.eval_ms / 1000:.1f} s "
        f"| {run.model_bytes + code_bytes:,} |"
        for run in sample.runs
    ]
    head = "| seed | val_bpb | steps | training | evaluation | bytes |\n|---|---|---|---|---|---|"
    text = (sample.path / "WRITEUP.md").read_text(encoding="utf-8")
    table = "\n".join((head, *rows))
    return Template(text).substitute(title=sample.title, score=f"{sample.score:.4f}", results=table).encode()
