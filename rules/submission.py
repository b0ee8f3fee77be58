"""The values that readers produce and rules read.

All of them are immutable. Numbers carry their unit in the name of their quantity; lines count from 1; paths are
relative to the repository's root, as a person sees them in the pull request.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from rules.rule import Evidence, Location


class Quantity(StrEnum):
    """What a number means; the unit is part of the name."""

    VAL_BPB = "val_bpb"  # bits per byte
    VAL_LOSS = "val_loss"  # nats per token
    ARTIFACT_BYTES = "artifact_bytes"  # code + compressed model
    MODEL_BYTES = "model_bytes"  # compressed model
    CODE_BYTES = "code_bytes"
    TRAIN_SECONDS = "train_seconds"
    EVAL_SECONDS = "eval_seconds"
    STEPS = "steps"
    WORLD_SIZE = "world_size"  # GPUs
    SEED = "seed"
    VAL_TOKENS = "val_tokens"
    VAL_BYTES = "val_bytes"
    TRAIN_SHARDS = "train_shards"
    RESERVE_SECONDS = "reserve_seconds"  # subtracted from the training cap
    CALIBRATION_SECONDS = "calibration_seconds"
    PRECOMPUTE_SECONDS = "precompute_seconds"  # work on validation tokens outside the evaluation timer


@dataclass(frozen=True, slots=True)
class Claim:
    """A number that the submission states about itself, and where.

    `key` is the path of keys inside submission.json ("seed_results.42.val_bpb") or the phrase elsewhere.
    """

    quantity: Quantity
    value: float
    location: Location
    key: str = ""
    seed: int | None = None


@dataclass(frozen=True, slots=True)
class Measurement:
    """A number found in a log, in a file or by a run, with the line that shows it."""

    quantity: Quantity
    value: float
    location: Location
    label: str = ""
    quote: str = ""


class ProblemKind(StrEnum):
    """What a reader could not do."""

    UNDECODABLE = "undecodable"  # text in no encoding that we know
    INVALID_JSON = "invalid-json"
    NOT_AN_OBJECT = "not-an-object"  # JSON, but no object at the top
    EMPTY = "empty"
    SYNTAX = "syntax"  # no Python of any version that we read
    UNPACK_FAILED = "unpack-failed"  # a launcher whose payload was not recovered
    LIMIT = "limit"  # a limit on bytes, depth, count or time was reached
    MISSING_OBJECT = "missing-object"  # the repository lacks it
    LFS_POINTER = "lfs-pointer"
    SYMLINK = "symlink"
    GITLINK = "gitlink"
    HOSTILE_PATH = "hostile-path"  # control characters, bidirectional marks, backslashes
    NO_COMMON_HISTORY = "no-common-history"
    NO_CHANGE = "no-change"


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that a reader met and could not take in; rules turn it into a finding."""

    kind: ProblemKind
    location: Location
    detail: str = ""


class Status(StrEnum):
    """What a pull request does with a path."""

    ADDED = "added"
    MODIFIED = "modified"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class ChangedFile:
    """One path of the pull request's diff against its merge base. `content_id` is git's blob id at the head."""

    path: str
    status: Status
    mode: int
    content_id: str


@dataclass(frozen=True, slots=True)
class FileEntry:
    """One file of the submission folder at the head. `size` in bytes; None where the object is missing."""

    path: str
    mode: int
    size: int | None
    content_id: str
    _load: Callable[[int], bytes] = field(repr=False, compare=False)

    @property
    def name(self) -> str:
        """The last component of the path."""
        return self.path.rsplit("/", 1)[-1]

    def read(self, limit: int) -> bytes:
        """Return the content when it has at most `limit` bytes.

        Raises ValueError above the limit and KeyError where the repository lacks the object.
        """
        return self._load(limit)


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit of the pull request, newest first; `message` is cut at a limit."""

    sha: str
    message: str
    authored_at: datetime
    author: str


class BaseKind(StrEnum):
    """How the change was told apart from what was there."""

    MERGE_BASE = "merge-base"
    MERGED = "merged"  # against the first parent of the commit that merged it
    NONE = "none"  # no common history, or a folder on disk: the whole tree counts


@dataclass(frozen=True, slots=True)
class PullRequest:
    """What is known of a pull request before its files are read. `created_at` is in UTC."""

    number: int
    head_sha: str
    author: str = ""
    title: str = ""
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Scope:
    """Which folder is the submission, and what else the pull request touches.

    `folder` is "" where none was found. `track` is the competition's name of the track, None outside of all tracks.
    `other_folders` are further new submission folders, `earlier_folders` those that an earlier pull request brought,
    because this one is made on its branch; `outside` are changed files that belong to none of these folders.
    """

    folder: str
    track: str | None
    base: BaseKind
    other_folders: tuple[str, ...] = ()
    outside: tuple[ChangedFile, ...] = ()
    changed: tuple[ChangedFile, ...] = ()
    earlier_folders: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Metadata:
    """submission.json as read: `data` holds what could be read of it, {} for nothing. `text` is the decoded file."""

    path: str
    data: Mapping[str, object]
    claims: tuple[Claim, ...] = ()
    track: str | None = None
    author: str | None = None
    github_id: str | None = None
    name: str | None = None
    text: str = ""

    def first(self, quantity: Quantity) -> Claim | None:
        """The leading claim of that quantity that is not tied to one seed."""
        return next((c for c in self.claims if c.quantity is quantity and c.seed is None), None)

    def by_seed(self, quantity: Quantity) -> dict[int, Claim]:
        """Claims of that quantity for each seed."""
        return {c.seed: c for c in self.claims if c.quantity is quantity and c.seed is not None}


@dataclass(frozen=True, slots=True)
class Score:
    """One score line of a log. `final` marks a label that stands for a headline, not for a diagnostic.

    `val_loss` in nats per token, `val_bpb` in bits per byte, `eval_seconds` as printed on that line.
    """

    label: str
    val_bpb: float | None
    val_loss: float | None
    location: Location
    final: bool
    eval_seconds: float | None = None
    step: int | None = None
    quote: str = ""


@dataclass(frozen=True, slots=True)
class Setting:
    """The value of a hyperparameter as text, and where it stands."""

    name: str
    value: str
    location: Location


@dataclass(frozen=True, slots=True)
class SourceDump:
    """The copy of the script that many logs begin with: its hash over normalised text, its lines and where it ends."""

    sha256: str
    lines: int
    first_line: int
    last_line: int


@dataclass(frozen=True, slots=True)
class TrainLog:
    """A training log: everything that it prints and that a rule may need.

    `settings` maps a hyperparameter's lower-case name to its last printed value; `gates` maps a counter of the
    n-gram tilt family ("within_gate") to its value; `prefixes` maps the word before the first colon of a line to the
    first line that begins so; `openings` maps the words that a line begins with, up to the first sign or digit
    ("Compiling the model for evaluation"), to the first such line; `val_path`/`train_path` are data paths as printed.
    `gpu` is the accelerator's name.
    """

    path: str
    content_id: str
    size: int
    scores: tuple[Score, ...] = ()
    measurements: tuple[Measurement, ...] = ()
    settings: Mapping[str, Setting] = field(default_factory=dict)
    gates: Mapping[str, Measurement] = field(default_factory=dict)
    prefixes: Mapping[str, int] = field(default_factory=dict)
    paths: tuple[Setting, ...] = ()
    gpu: Setting | None = None
    source_dump: SourceDump | None = None
    stopped_by_cap: Measurement | None = None
    truncated: bool = False
    notes: tuple[Evidence, ...] = ()
    openings: Mapping[str, int] = field(default_factory=dict)

    def all(self, quantity: Quantity) -> list[Measurement]:
        """Measurements of that quantity in the order of the log."""
        return [m for m in self.measurements if m.quantity is quantity]

    def last(self, quantity: Quantity) -> Measurement | None:
        """The last measurement of that quantity."""
        return next((m for m in reversed(self.measurements) if m.quantity is quantity), None)

    @property
    def final_scores(self) -> list[Score]:
        """Score lines that a headline may come from, in the order of the log."""
        return [s for s in self.scores if s.final and s.val_bpb is not None]

    @property
    def seed(self) -> int | None:
        """The seed that the log prints."""
        found = self.last(Quantity.SEED)
        return None if found is None else int(found.value)


class Language(StrEnum):
    """What a source file is written in."""

    PYTHON = "python"
    CUDA = "cuda"
    C = "c"
    SHELL = "shell"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Layer:
    """One step of unpacking: `form` names it ("lzma+b85"), `line` is the payload's line in the enclosing text."""

    form: str
    line: int
    size: int


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A source file as shipped and as it runs.

    `text` is the decoded file with LF line ends, `code` the innermost unpacked text (`text` where nothing is packed),
    `tree` the parsed `code` of a Python file, None where it does not parse. A file out of a packed archive has the
    launcher's path, an exclamation mark and its own name as path.
    """

    path: str
    content_id: str
    size: int
    language: Language
    text: str
    code: str
    layers: tuple[Layer, ...] = ()
    tree: ast.Module | None = field(default=None, repr=False, compare=False)
    problems: tuple[Problem, ...] = ()

    @property
    def packed(self) -> bool:
        """Whether what runs had to be unpacked first."""
        return bool(self.layers)

    def locate(self, line: int | None) -> Location:
        """Where a line of `code` stands for a person who reads the pull request."""
        if not self.layers or line is None:
            return Location(self.path, line)
        return Location(self.path, self.layers[0].line, unpacked_line=line)

    def evidence(self, line: int, role: str = "") -> Evidence:
        """Quote a line of `code`."""
        lines = self.code.split("\n", line)
        quote = lines[line - 1].strip() if 0 < line <= len(lines) else ""
        return Evidence(self.locate(line), quote[:300], role)


class Mention(StrEnum):
    """How another pull request is mentioned."""

    PARENT = "parent"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Citation:
    """Another pull request that the text names, with the phrase around it."""

    number: int
    kind: Mention
    phrase: str
    location: Location


@dataclass(frozen=True, slots=True)
class Disclosure:
    """A coding agent that the author names, and where."""

    agent: str
    phrase: str
    location: Location


@dataclass(frozen=True, slots=True)
class Readme:
    """The folder's README as read. `text` has LF line ends; `claims` are numbers that it states in plain form."""

    path: str
    text: str
    claims: tuple[Claim, ...] = ()


@dataclass(frozen=True, slots=True)
class Twin:
    """An earlier pull request that ships an identical file of some substance."""

    number: int
    author: str
    path: str
    their_path: str


@dataclass(frozen=True, slots=True)
class Kin:
    """An earlier pull request that this one resembles or names as a parent.

    `similarity` is the share of token lines in common, in the same order and beyond the repository's baseline, 0 to 1;
    None where the other's script is not known. `author` is "" where it is not known.
    """

    number: int
    author: str
    similarity: float | None
    cited: bool
    same_author: bool


@dataclass(frozen=True, slots=True)
class Refused:
    """A pull request that was ruled invalid before this one was opened, with the categories of the reasons."""

    number: int
    reasons: tuple[str, ...]
    ruled_on: date


@dataclass(frozen=True, slots=True)
class ParentScript:
    """An earlier submission as needed to tell what is new against it.

    `settings` maps lower-case names to the values of its runs as text, `techniques` names to what more is known of them
    ("last 4 layers").
    """

    number: int
    author: str
    source: SourceFile
    settings: Mapping[str, str]
    techniques: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Submission:
    """One pull request at one head commit, as read.

    `files` are all files of the submission folder at the head; `sources` its source files with the main script first;
    `script` is the entry that is scored. `problems` is what readers could not take in. `copies` maps a file of the
    folder to the file at the top of the repository that it repeats byte for byte. `kin` are the nearest earlier ones of
    others, those named as parents, and the author's own, in this order; `refused` are invalid ones, named as parents
    or near; `parent` is the script that this one is compared with.
    """

    pull_request: PullRequest
    scope: Scope
    files: tuple[FileEntry, ...] = ()
    metadata: Metadata | None = None
    logs: tuple[TrainLog, ...] = ()
    sources: tuple[SourceFile, ...] = ()
    script: SourceFile | None = None
    readme: Readme | None = None
    commits: tuple[Commit, ...] = ()
    citations: tuple[Citation, ...] = ()
    disclosures: tuple[Disclosure, ...] = ()
    problems: tuple[Problem, ...] = ()
    twins: tuple[Twin, ...] = ()
    copies: Mapping[str, str] = field(default_factory=dict)
    kin: tuple[Kin, ...] = ()
    refused: tuple[Refused, ...] = ()
    parent: ParentScript | None = None

    @property
    def folder(self) -> str:
        """The submission's folder without a slash at the end, "" where none was found."""
        return self.scope.folder

    def file(self, name: str) -> FileEntry | None:
        """The file of that name at the top of the folder, whatever the case of its letters."""
        wanted = f"{self.folder}/{name}".casefold() if self.folder else name.casefold()
        return next((f for f in self.files if f.path.casefold() == wanted), None)

    def inside(self, path: str) -> str:
        """`path` relative to the submission folder."""
        return path.removeprefix(f"{self.folder}/")

    def python_sources(self) -> Iterator[SourceFile]:
        """Python files, the entry first."""
        return (s for s in self.sources if s.language is Language.PYTHON)
