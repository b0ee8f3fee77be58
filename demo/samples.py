"""The sample submissions: one folder each below `demo/samples/`, told by `sample.toml`.

A sample holds only what makes it differ: settings, edits, parts of the script that replace those of `base/`, and the
figures of its runs. `demo.compose` makes the script from it, `demo.logs` the logs, `demo.folder` all files.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

SAMPLES = Path(__file__).parent / "samples"
BASE = "base"
QUANTISATION = 0.0011  # bits per byte that eight bits a weight cost the small models here

Number = int | float


@dataclass(frozen=True, slots=True)
class Edit:
    """Text that stands exactly once and is replaced; `where` is a part of the script or a file of the submission."""

    where: str
    find: str
    replace: str

    def apply(self, text: str) -> str:
        """Raises ValueError where `find` does not stand exactly once."""
        if text.count(self.find) != 1:
            raise ValueError(f"{self.where}: {self.find!r} stands {text.count(self.find)} times, not once")
        return text.replace(self.find, self.replace)


@dataclass(frozen=True, slots=True)
class Run:
    """The figures of one training run, from which its log follows.

    `val_bpb` is the headline, `trained_bpb` the score at the end of training; milliseconds, bytes and tokens as the
    script counts them. `settings` are environment variables of this run alone, by their names in lower case.
    """

    seed: int
    val_bpb: float
    steps: int
    train_ms: int
    eval_ms: int
    model_bytes: int
    trained_bpb: float
    gpu: str
    val_tokens: int
    bytes_per_token: float
    settings: Mapping[str, Number] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sample:
    """One pull request of the demo. `report` overrides keys of the metadata; `outside` is path → text elsewhere."""

    name: str
    number: int
    author: str
    title: str
    created_at: datetime
    track: str
    folder: str
    based_on: str = ""
    copy_of: str = ""
    stacked_on: str = ""
    merged_at: datetime | None = None
    packed: bool = False
    logs: bool = True
    message: str = ""
    model_params: int | None = None
    settings: Mapping[str, Number] = field(default_factory=dict)
    edits: tuple[Edit, ...] = ()
    headline: tuple[str, ...] = ()
    runs: tuple[Run, ...] = ()
    report: Mapping[str, Any] = field(default_factory=dict)
    outside: Mapping[str, str] = field(default_factory=dict)

    @property
    def path(self) -> Path:
        """Where the sample's own files are kept."""
        return SAMPLES / self.name

    @property
    def score(self) -> float:
        """The mean headline over its runs, in bits per byte."""
        return sum(run.val_bpb for run in self.runs) / len(self.runs)


def load_samples(root: Path = SAMPLES) -> tuple[Sample, ...]:
    """All samples in order of their numbers; what one is based on or copies is filled in."""
    read = {path.parent.name: _read(path) for path in sorted(root.glob("*/sample.toml"))}
    filled = [_fill(sample, read) for sample in read.values()]
    return tuple(sorted(filled, key=lambda sample: sample.number))


def _read(path: Path) -> Sample:
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    common = data.pop("run", {})
    data["runs"] = tuple(_run({**common, **own}) for own in data.get("runs", ()))
    data["edits"] = tuple(Edit(**edit) for edit in data.get("edits", ()))
    data["headline"] = tuple(data.get("headline", ()))
    return Sample(name=path.parent.name, **data)


def _run(data: dict[str, Any]) -> Run:
    data.setdefault("trained_bpb", data["val_bpb"] - QUANTISATION)
    data.setdefault("gpu", "NVIDIA L4")
    data.setdefault("val_tokens", 1_190_400)
    data.setdefault("bytes_per_token", 2.08)
    return Run(**data)


def _fill(sample: Sample, all_samples: Mapping[str, Sample]) -> Sample:
    """A copy has script and runs of the original; a sample based on another adds to that one's script."""
    if sample.copy_of:
        original = _fill(all_samples[sample.copy_of], all_samples)
        return replace(
            sample,
            based_on=original.name,
            settings=original.settings,
            edits=original.edits,
            headline=original.headline,
            runs=original.runs,
        )
    if not sample.based_on:
        return sample
    parent = _fill(all_samples[sample.based_on], all_samples)
    return replace(
        sample,
        settings={**parent.settings, **sample.settings},
        edits=(*parent.edits, *sample.edits),
        headline=sample.headline or parent.headline,
    )
