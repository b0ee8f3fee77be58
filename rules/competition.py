"""A competition's parameters, read from a TOML file into a strict model.

Unknown keys are refused and every complaint names the line, because a configuration that is silently ignored is worse
than none. Nothing else in Fairway knows a folder, a limit or a fingerprint of a particular competition.
"""

from __future__ import annotations

import json
import re
from datetime import date
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from rules.layers import TomlError, complaints, line_of, lines_of, merged, read_toml

DEFAULT = "parameter_golf"

Positive = Annotated[int, Field(gt=0)]
Seconds = Annotated[float, Field(ge=0)]


class CompetitionError(Exception):
    """A competition file that cannot be used. The message says what, in which line, and how to mend it."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Track(_Strict):
    """One track: a folder below which each submission adds one folder of its own.

    `timed` tells whether the limits on seconds and hardware apply, `seeds` how many runs a claim needs (0: any),
    `record` whether its claims compete for the record.
    """

    name: str
    folder: Annotated[str, Field(pattern=r"^[^/].*[^/]$")]
    timed: bool
    seeds: Annotated[int, Field(ge=0)]
    record: bool
    aliases: tuple[str, ...] = ()


class Metric(_Strict):
    """The figure that is compared. `unit` is for people; lower is better unless said otherwise."""

    name: str
    unit: str
    better: Literal["lower", "higher"]
    decimals: Positive


class Files(_Strict):
    """What a submission folder holds. `log` asks for at least one training log, recognised by content.

    `baseline` is the repository's own script, at its top, that everybody begins with; "" for one named like `script`.
    """

    metadata: str
    script: str
    readme: str
    required: tuple[str, ...]
    log: bool
    baseline: Annotated[str, Field(pattern=r"^[^/]*$")] = ""

    @property
    def baseline_name(self) -> str:
        """The name of the repository's own script."""
        return self.baseline or self.script


class Artifact(_Strict):
    """The size cap in bytes; `mistaken_caps` are values that people take for it (mebibytes)."""

    max_bytes: Positive
    mistaken_caps: tuple[int, ...] = ()
    folder_max_bytes: Positive


class Limits(_Strict):
    """Seconds for training and evaluation; tolerance is what a clock checked once a step may run over.

    `calibration_overrun_seconds` is how far calibration may run past the training limit without more than a note.
    """

    train_seconds: Seconds
    train_tolerance_seconds: Seconds
    eval_seconds: Seconds
    eval_tolerance_seconds: Seconds
    calibration_overrun_seconds: Seconds = 0.0


class Hardware(_Strict):
    """The reference machine: so many accelerators whose name contains `gpu`.

    `kindred` are names of accelerators with the same chip and other memory: runs on them are for a person to judge.
    """

    world_size: Positive
    gpu: str
    kindred: tuple[str, ...] = ()


class Significance(_Strict):
    """When a gain is a record: `margin` in `unit`, one-sided at `level`, from `since` on.

    `test` "welch" takes the runs' own deviations (a one-sample t test where the record is a single value), "z" the
    pooled one of all submissions.
    """

    since: date
    margin: Annotated[float, Field(ge=0)]
    unit: Literal["nats per token", "metric"]
    level: Annotated[float, Field(gt=0, lt=1)]
    test: Literal["welch", "z"] = "welch"


class Scores(_Strict):
    """What a score may plausibly be.

    `suspicious_below` is a floor that no accepted method reached; `largest_step` is the largest accepted gain over the
    record of the day; `agreement` is how far a claim may lie from the log line that shows it; `pooled_deviation` is
    the standard deviation between seeds over all submissions.
    """

    suspicious_below: float
    implausible_above: float
    largest_step: float
    agreement: float
    pooled_deviation: float


class Incumbent(_Strict):
    """The record from the day `since` on; `runs` are the scores of its runs, whose mean is `score`, where known."""

    since: date
    score: float
    runs: tuple[float, ...] = ()


class Tokenizer(_Strict):
    """Validation tokens of the official split in one tokenization, before rounding to whole sequences.

    `name` is what logs and paths call it; `official` tells whether the organizers published the tokenization.
    """

    name: str
    vocab_size: Positive
    val_tokens: Positive
    official: bool
    transforms_text: bool = False


class Fingerprints(_Strict):
    """What the logs of a run on the official data print.

    `val_tokens_rounding` is how many tokens a log may show fewer than the split has (whole sequences and batches);
    `val_bytes` is the UTF-8 size of the split, `val_bytes_tolerance` the share by which a count may differ;
    `foreign_train_shards` are counts that only a rebuilt data set has.
    """

    tokenizers: tuple[Tokenizer, ...]
    val_tokens_rounding: Positive
    val_documents: Positive
    val_bytes: Positive
    val_bytes_tolerance: Annotated[float, Field(gt=0, lt=1)]
    train_shards: tuple[int, ...]
    foreign_train_shards: tuple[int, ...]

    def transforms_text(self, *names: str) -> bool:
        """Whether names of a data set and its tokenizer are those of one whose text was transformed."""
        told = " ".join(names).casefold()
        return any(t.transforms_text and all(part in told for part in t.name.split("-")) for t in self.tokenizers)


class Rulers(_Strict):
    """Who may rule: accounts by name or number and everyone who has one of these permissions on the repository.

    A number is the account's `id` in GitHub's API. Unlike a login it never passes to somebody else.
    """

    permissions: tuple[Literal["write", "maintain", "admin"], ...]
    users: tuple[str | int, ...] = ()


class Publishing(_Strict):
    """What is said on a pull request besides the check run.

    `fail_on` are verdicts that make the check fail, none unless asked for. Without `comment` and `labels` none are
    begun; those that stand already are kept true. `bulletin`: one issue of the repository tells what happens in the
    competition; it is edited in place.
    """

    fail_on: tuple[Literal["likely-invalid", "needs-review", "incomplete"], ...] = ()
    comment: bool = True
    labels: bool = True
    bulletin: bool = False


Weight = Literal["note", "review", "block"]


class Budget(_Strict):
    """What runs may cost. Minutes are GPU minutes (of the machine for a run without GPU); 0 allows none.

    `cost_per_hour` is the price of the machine that a run has to itself, in `currency`; `cost_per_day` caps a day's.
    """

    minutes_per_day: Annotated[float, Field(ge=0)] = 0.0
    minutes_per_author: Annotated[float, Field(ge=0)] = 0.0
    minutes_per_submission: Annotated[float, Field(ge=0)] = 0.0
    cost_per_hour: Annotated[float, Field(ge=0)] = 0.0
    cost_per_day: Annotated[float, Field(ge=0)] = 0.0
    currency: str = "USD"


class Weights(_Strict):
    """How much a run's result weighs. What we measured over a limit is certain; the others are for a person."""

    differs: Weight = "review"
    failed: Weight = "review"
    over_time: Weight = "block"
    over_cap: Weight = "block"


class Reproduction(_Strict):
    """Runs of submissions on machines of ours; without `runner` there are none.

    `automatic` is the last step of the ladder (smoke, probe, seed, full) that record candidates without a blocking
    finding take by themselves; a seed and a full reproduction are always asked for by somebody who rules. `command`
    begins with the program, `{script}` stands for the submission's script. `dataset`, `tokenizer` and `second_slice`
    are names that the runner knows. `gpus` 0 runs on the CPU; `seeds` 0 takes as many as the track asks for.
    `tolerance` is how far a measured score may lie from the claimed one, in the metric. With `incumbent` a full
    reproduction runs the record of the day too, with the same seeds, in turn with the candidate, and compares them.

    `smoke_seconds` and `probe_seconds` limit those steps as a whole, `setup_seconds` is what a full run may take beyond
    the limits on training and evaluation, `untimed_seconds` the whole of a run in a track without limits.
    """

    runner: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$")] = "none"
    automatic: Literal["none", "smoke", "probe"] = "none"
    command: Annotated[tuple[str, ...], Field(min_length=1)] = ("python", "{script}")
    environment: dict[str, str] = {}
    dataset: str = ""
    tokenizer: str = ""
    second_slice: str = ""
    gpus: Annotated[int, Field(ge=0, le=64)] = 0
    seeds: Annotated[int, Field(ge=0, le=20)] = 0
    incumbent: bool = False
    tolerance: Annotated[float, Field(ge=0)] = 0.0
    smoke_seconds: Annotated[float, Field(gt=0)] = 300.0
    probe_seconds: Annotated[float, Field(gt=0)] = 600.0
    setup_seconds: Seconds = 600.0
    untimed_seconds: Annotated[float, Field(gt=0)] = 7_200.0
    memory_bytes: Positive = 32_000_000_000
    work_bytes: Positive = 8_000_000_000
    processes: Positive = 4_096
    budget: Budget = Budget()
    weights: Weights = Weights()

    @property
    def runs(self) -> bool:
        """Whether anything is ever run."""
        return self.runner != "none"


class Competition(_Strict):
    """All parameters of one competition."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
    title: str
    metric: Metric
    tracks: Annotated[tuple[Track, ...], Field(min_length=1)]
    files: Files
    artifact: Artifact
    limits: Limits
    hardware: Hardware
    significance: Annotated[tuple[Significance, ...], Field(min_length=1)]
    scores: Scores
    frontier: Annotated[tuple[Incumbent, ...], Field(min_length=1)]
    fingerprints: Fingerprints
    rulers: Rulers
    publishing: Publishing = Publishing()
    reproduction: Reproduction = Reproduction()

    @model_validator(mode="after")
    def _consistent(self) -> Competition:
        for what, names in (("track", [t.name for t in self.tracks]), ("folder", [t.folder for t in self.tracks])):
            if len(set(names)) != len(names):
                raise ValueError(f"each {what} may stand only once")
        for what, days in (
            ("frontier", [i.since for i in self.frontier]),
            ("significance", [s.since for s in self.significance]),
        ):
            if days != sorted(days):
                raise ValueError(f"`{what}` must be in order of `since`")
        return self

    @property
    def track_folders(self) -> dict[str, str]:
        """Folder → name of the track."""
        return {track.folder: track.name for track in self.tracks}

    def track(self, name: str | None) -> Track | None:
        """The track of that name."""
        return next((t for t in self.tracks if t.name == name), None)

    def incumbent(self, day: date) -> Incumbent:
        """The record on the morning of `day`; the first one before any."""
        return next((i for i in reversed(self.frontier) if i.since < day), self.frontier[0])

    def significance_on(self, day: date) -> Significance:
        """What a record had to show on that day."""
        return next((s for s in reversed(self.significance) if s.since <= day), self.significance[0])


def parse(text: str, name: str = "competition.toml") -> Competition:
    """Read a competition from TOML. Raises CompetitionError with line and remedy.

    A file with `extends = "parameter-golf"` says only what differs from that shipped competition: its tables are merged
    with the shipped ones key by key, its lists take the place of theirs.
    """
    try:
        own = read_toml(text, name)
    except TomlError as error:
        raise CompetitionError(str(error)) from None
    below = own.pop("extends", None)
    data = own if below is None else merged(_extended(below, text, name), own)
    try:
        return Competition.model_validate_json(_as_json(data))
    except ValidationError as error:
        raise CompetitionError(complaints(error.errors(), text, name, below)) from None


def load(path: Path) -> Competition:
    """Read a competition from a file. Raises CompetitionError."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CompetitionError(f"{path}: cannot be read: {error}") from None
    return parse(text, str(path))


@cache
def builtin(name: str = DEFAULT) -> Competition:
    """The competition shipped under `rules/competitions/`. Raises CompetitionError for an unknown name."""
    text = _shipped(name)
    if text is None:
        raise CompetitionError(f"no competition named {name!r} is shipped; give the path of a TOML file instead")
    return parse(text, f"{name}.toml")


def _folder() -> Traversable:
    return resources.files("rules").joinpath("competitions")


def _shipped(name: str) -> str | None:
    file = _folder().joinpath(f"{name.replace('-', '_')}.toml")
    return file.read_text(encoding="utf-8") if re.fullmatch(r"[a-z0-9_-]+", name) and file.is_file() else None


def _extended(below: object, text: str, name: str) -> dict[str, Any]:
    """The tables of the shipped competition that a file extends. Raises CompetitionError."""
    shipped = _shipped(below) if isinstance(below, str) else None
    if shipped is not None:
        return read_toml(shipped, str(below))
    line = line_of(lines_of(text), ("extends",))
    known = sorted(f.name[:-5].replace("_", "-") for f in _folder().iterdir() if f.name.endswith(".toml"))
    raise CompetitionError(
        f"{name}:{line}: `extends`: no competition of this name is shipped: write one of "
        f"{', '.join(map(repr, known))}, or remove the line and give all tables"
    )


def _as_json(data: dict[str, object]) -> bytes:
    """TOML's values as JSON: pydantic's strict mode takes tuples and dates from JSON, not from lists and strings."""
    return json.dumps(data, default=lambda value: value.isoformat()).encode()
