"""Every limit is the demo competition's own: a good sample that crosses one of them, and no other, is flagged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from demo.folder import submission_files, submission_folder
from demo.repository import COMPETITION
from demo.samples import Sample, load_samples
from rules.competition import load
from rules.reading.assemble import read_submission
from rules.reading.folder import memory_files
from rules.rule import Severity
from rules.screening import Triage, screen
from rules.submission import BaseKind, ChangedFile, PullRequest, Scope, Status

SAMPLES = {sample.name: sample for sample in load_samples()}
CROSSED: Mapping[str, tuple[str, Mapping[str, Any], list[str]]] = {
    "all figures as they are": ("wider-mlp", {}, []),
    "a step past the minute": ("wider-mlp", {"train_ms": 60_150}, []),
    "a quarter of a second past the minute": ("wider-mlp", {"train_ms": 60_250}, ["E01"]),
    "an evaluation of 29 seconds": ("window-ttt", {"eval_ms": 29_000}, []),
    "an evaluation of 31 seconds": ("window-ttt", {"eval_ms": 31_000}, ["E02"]),
    "31 seconds on the line above the headline": ("wider-mlp", {"eval_ms": 31_000}, ["E02"]),
    "an artifact just below a million bytes": ("wider-mlp", {"model_bytes": 983_000}, []),
    "an artifact just above a million bytes": ("wider-mlp", {"model_bytes": 985_000}, ["E05"]),
    "the other competition's hardware": ("wider-mlp", {"gpu": "NVIDIA H100 80GB HBM3"}, ["E09"]),
    "half of the split": ("wider-mlp", {"val_tokens": 595_200}, ["C08"]),
    "an hour in the open track": ("retention-loop", {"train_ms": 3_600_000, "eval_ms": 600_000}, []),
    "too many bytes in the open track": ("retention-loop", {"model_bytes": 1_000_000}, ["E05"]),
}


def triage(sample: Sample) -> Triage:
    """Read and screen the sample's folder as a pull request of its own."""
    competition = load(COMPETITION)
    files = memory_files(submission_files(sample, competition))
    changed = tuple(ChangedFile(f.path, Status.ADDED, f.mode, f.content_id) for f in files)
    scope = Scope(submission_folder(sample, competition), sample.track, BaseKind.NONE, changed=changed)
    request = PullRequest(sample.number, "0" * 40, sample.author, sample.title, sample.created_at)
    return screen(read_submission(request, scope, files, competition), competition)


def codes(found: Triage) -> list[str]:
    """The codes of the findings that weigh more than a note."""
    return sorted({f.code for f in found.findings if f.severity is not Severity.NOTE})


@pytest.mark.parametrize("what", CROSSED)
def test_limits_are_those_of_the_competition(what: str) -> None:
    name, figures, expected = CROSSED[what]
    sample = SAMPLES[name]
    changed = replace(sample, runs=tuple(replace(run, **figures) for run in sample.runs))
    assert codes(triage(changed)) == expected


def test_as_many_seeds_as_the_track_asks_for() -> None:
    sample = SAMPLES["wider-mlp"]
    assert len(sample.runs) == 2
    assert codes(triage(sample)) == []
    assert codes(triage(replace(sample, runs=sample.runs[:1]))) == ["F02"]


def test_unreadable_metadata_is_told_by_the_name_that_the_competition_gives_it() -> None:
    found = triage(SAMPLES["broken-report"])
    told = [f for f in found.findings if f.severity is not Severity.NOTE]
    assert [f.location.path.rsplit("/", 1)[-1] for f in told if f.location] == ["report.json"]
