"""What is asked of a runner: everything by hash, so that the evidence says what ran."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol


class Rung(StrEnum):
    """The ladder of runs; each step needs the one before."""

    SMOKE = "smoke"  # imports, and three steps
    PROBE = "probe"  # proof by arithmetic, in about a minute
    SEED = "seed"  # one full run
    FULL = "full"  # as many as the track asks for

    @property
    def before(self) -> Rung | None:
        """The step that must have succeeded first."""
        order = list(Rung)
        place = order.index(self)
        return order[place - 1] if place else None


@dataclass(frozen=True, slots=True)
class InputFile:
    """A file of the submission: its path relative to the submission's folder, SHA-256 of its content, bytes."""

    path: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Dataset:
    """The data that a run uses: a folder of shards and a tokenizer, named by what the runner has and hashed by content.

    `name` is looked up on the runner (never a path of ours); `sha256` is the digest over names and contents of all
    shards (`evaluator.shards.digest`), empty where the caller asks the runner to tell. `second_slice` names a further
    set of validation shards that participants never had. `transforms_text`: the tokenizer does not tell the bytes of
    the text that is scored.
    """

    name: str
    sha256: str = ""
    tokenizer: str = ""
    tokenizer_sha256: str = ""
    second_slice: str = ""
    transforms_text: bool = False


@dataclass(frozen=True, slots=True)
class Claimed:
    """What the submission states, to be compared: bits per byte, bytes, seconds; None where it states nothing."""

    val_bpb: float | None = None
    artifact_bytes: int | None = None
    train_seconds: float | None = None
    eval_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class RunLimits:
    """Seconds for training, evaluation and all of it; bytes of memory, disk, artifact; processes.

    `train_tolerance_seconds` and `eval_tolerance_seconds` are what a clock may run over before it is over time.
    """

    train_seconds: float
    eval_seconds: float
    total_seconds: float
    memory_bytes: int
    work_bytes: int
    artifact_bytes: int
    processes: int = 4096
    train_tolerance_seconds: float = 0.0
    eval_tolerance_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class RunRequest:
    """One run: which files, which command, with which seed, on what, within which limits.

    `id` is unique for each attempt and names the run everywhere. `seed` is chosen by us after the head was frozen; the
    same number seeds generated data. `command` begins with the program ("python", "torchrun"); `environment` is what
    the competition's scripts read besides what the runner sets itself (DATA_PATH, TOKENIZER_PATH, SEED, RUN_ID).
    `tolerance` is how far, in the metric, a measured score may lie from the claimed one.
    """

    id: str
    rung: Rung
    repository: str
    number: int
    head_sha: str
    attempt: int
    seed: int
    files: tuple[InputFile, ...]
    entry: str
    command: tuple[str, ...]
    dataset: Dataset
    limits: RunLimits
    gpus: int = 0
    environment: Mapping[str, str] = field(default_factory=dict)
    claimed: Claimed = Claimed()
    tolerance: float = 0.0
    rules_version: str = ""
    cost_per_hour: float = 0.0
    queued_at: str = ""  # UTC, ISO 8601

    def as_json(self) -> dict[str, Any]:
        """Plain values; `request_of` is the way back."""
        from dataclasses import asdict

        return asdict(self)


def request_of(data: Mapping[str, Any]) -> RunRequest:
    """A request from its JSON. Raises ValueError for one of another shape."""
    from pydantic import TypeAdapter

    return TypeAdapter(RunRequest).validate_python(dict(data))


class Inputs(Protocol):
    """Where the contents of a request's files are."""

    def file(self, sha256: str) -> Path:
        """The path of a file with this content. Raises KeyError where there is none."""
        ...
