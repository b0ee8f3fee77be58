"""A submission folder on this machine as a request: for the command line, where no queue asks."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from evaluator.regular import NotRegularError, read_regular
from evaluator.reproduction.limits import limits_of
from evaluator.reproduction.workplace import MOST_FILE
from evaluator.request import Claimed, Dataset, InputFile, Rung, RunRequest
from rules.competition import Competition
from rules.submission import Quantity, Submission

MOST_FILES = 2_000
SETUP_SECONDS = 900.0  # compiling, quantization and loading, which no limit of a competition counts


class FolderError(Exception):
    """The folder cannot be run. The message says what is missing."""


@dataclass(slots=True)
class FolderInputs:
    """Inputs: a folder's regular files by their hash; links are left out."""

    folder: Path
    files: list[InputFile] = field(default_factory=list)
    _paths: dict[str, Path] = field(default_factory=dict)

    def file(self, sha256: str) -> Path:
        return self._paths[sha256]

    @classmethod
    def of(cls, folder: Path) -> FolderInputs:
        """Read the folder. Raises FolderError for one that is no submission's."""
        found = cls(folder)
        for path in sorted(folder.rglob("*")):
            if path.is_symlink() or not path.is_file() or ".git" in path.relative_to(folder).parts:
                continue
            if len(found.files) == MOST_FILES:
                raise FolderError(f"{folder} holds more than {MOST_FILES:,} files: give the submission's own folder")
            try:
                content = read_regular(path, MOST_FILE)
            except NotRegularError as error:
                raise FolderError(str(error)) from None
            sha256 = hashlib.sha256(content).hexdigest()
            found.files.append(InputFile(path.relative_to(folder).as_posix(), sha256, len(content)))
            found._paths[sha256] = path
        return found


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line leaves open. `command` is the program with its words, `{script}` for the entry."""

    rung: Rung
    seed: int | None = None
    gpus: int = 0
    command: Sequence[str] = ()
    tolerance: float = 0.0
    memory_bytes: int = 16 << 30
    work_bytes: int = 8 << 30
    seconds: float | None = None
    second_slice: str = ""
    transforms_text: bool = False


def request_of_folder(
    inputs: FolderInputs, submission: Submission, competition: Competition, asked: Asked
) -> RunRequest:
    """The request for one run. Raises FolderError where there is no script."""
    entry = competition.files.script
    if all(file.path != entry for file in inputs.files):
        raise FolderError(f"{inputs.folder} holds no {entry}: give the folder with the submission's script")
    seed = secrets.randbits(31) if asked.seed is None else asked.seed
    limits = competition.limits
    total = asked.seconds or limits.train_seconds + limits.eval_seconds + SETUP_SECONDS
    return RunRequest(
        id=f"{inputs.folder.name}-{asked.rung}-{seed}-{secrets.token_hex(4)}",
        rung=asked.rung,
        repository="",
        number=0,
        head_sha="",
        attempt=1,
        seed=seed,
        files=tuple(inputs.files),
        entry=entry,
        command=tuple(word.replace("{script}", entry) for word in asked.command or _usual(asked.gpus)),
        dataset=Dataset("", second_slice=asked.second_slice, transforms_text=asked.transforms_text),
        limits=limits_of(competition, total, memory_bytes=asked.memory_bytes, work_bytes=asked.work_bytes),
        gpus=asked.gpus,
        environment={} if asked.gpus else {"OMP_NUM_THREADS": "1"},  # what runs on a processor here is small
        claimed=_claimed(submission),
        tolerance=asked.tolerance or competition.scores.agreement,
        queued_at=datetime.now(UTC).isoformat(),
    )


def _usual(gpus: int) -> Sequence[str]:
    """How scripts are run: alone, or one process for each GPU."""
    if gpus == 0:
        return ("python", "{script}")
    return ("torchrun", "--standalone", f"--nproc_per_node={gpus}", "{script}")


def _claimed(submission: Submission) -> Claimed:
    """What submission.json states."""

    def stated(quantity: Quantity) -> float | None:
        claim = submission.metadata.first(quantity) if submission.metadata is not None else None
        return None if claim is None else claim.value

    size = stated(Quantity.ARTIFACT_BYTES)
    return Claimed(
        val_bpb=stated(Quantity.VAL_BPB),
        artifact_bytes=None if size is None else int(size),
        train_seconds=stated(Quantity.TRAIN_SECONDS),
        eval_seconds=stated(Quantity.EVAL_SECONDS),
    )
