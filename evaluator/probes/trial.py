"""One trial: a submission is executed on given streams, and what it printed is read."""

from __future__ import annotations

import contextlib
import hashlib
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from evaluator import accounting, shards
from evaluator.execution import Ended, Executor, Job, Limits, Reason
from evaluator.probes.data import ProbeData
from evaluator.probes.streams import Streams
from evaluator.regular import NotRegularError, read_regular
from rules.reading.logs import read_log
from rules.submission import Quantity, Score, TrainLog

DATASET = "/data/datasets/fineweb"
TOKENIZERS = "/data/tokenizers"
LIMITS = Limits(wall_seconds=120.0, memory_bytes=8 << 30)
_FILE_LIMIT = 64_000_000
_FOLDER_LIMIT = 256_000_000
_CUDA = re.compile(
    r"cuda (?:is )?(?:required|not available|unavailable)|requires? (?:a )?(?:cuda|gpu)|no cuda|not compiled with cuda"
    r"|found no nvidia driver|cuda must be available|torch\.cuda\.is_available|cuda-capable device",
    re.I,
)
_MISSING = re.compile(r"(?:ModuleNotFoundError|ImportError): No module named ['\"]([\w.]{1,80})")


class InfrastructureError(Exception):
    """The machine failed, not the submission."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How a probe runs a submission. `tokens` are scored of each validation stream, a multiple of usual lengths.

    `seed` draws the streams and must be unknown to the submission; `model_seed` is what it is told.
    """

    seed: int
    tokens: int = 32_768
    iterations: int = 60
    train_seconds: float = 30.0
    model_seed: int = 1337
    alpha: float = 1e-9
    limits: Limits = LIMITS
    gpus: tuple[int, ...] = ()
    threads: int = 1
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of it. `reason` says why there is no score, "" where there is one."""

    streams: Streams
    ended: Ended
    log: TrainLog
    score: Score | None
    reason: str = ""

    @property
    def finals(self) -> list[Score]:
        """All score lines that a headline may come from."""
        return self.log.final_scores

    @property
    def tokens(self) -> int:
        """Tokens that the score is of: those written, or fewer where the log states fewer."""
        told = self.log.last(Quantity.VAL_TOKENS)
        return self.streams.scored if told is None else min(self.streams.scored, max(1, int(told.value)))


@dataclass(slots=True)
class Trials:
    """Trials of one submission. The same streams are run once."""

    folder: Path
    entry: str
    data: ProbeData
    executor: Executor
    settings: Settings
    heard: Callable[[str], None] | None = None  # progress, for people
    known: dict[str, Trial] = field(default_factory=dict)

    def of(self, streams: Streams) -> Trial:
        """The trial on these streams. Raises UnavailableError without a sandbox, InfrastructureError for our faults."""
        if streams.name not in self.known:
            self.known[streams.name] = self.again(streams)
        return self.known[streams.name]

    def again(self, streams: Streams) -> Trial:
        """Run on these streams once more, as a control."""
        if self.heard:
            self.heard(f"running on {streams.name} data: {streams.scored:,} validation tokens")
        with tempfile.TemporaryDirectory(prefix="fairway-probe-") as scratch, _open(Path(scratch)) as root:
            ended = self.executor.execute(self._job(root, streams))
        if ended.reason is Reason.INFRASTRUCTURE:
            raise InfrastructureError(ended.detail or "the machine failed")
        return _read(streams, ended, self.settings)

    def _job(self, root: Path, streams: Streams) -> Job:
        work, dataset = root / "work", root / "dataset"
        work.mkdir()
        dataset.mkdir()
        copy_submission(self.folder, work)
        _spread(streams.val, dataset, self.data.val_names)
        _spread(streams.train, dataset, self.data.train_names)
        tokenizer = f"{TOKENIZERS}/{self.data.tokenizer.name}"
        if self.data.sidecars:
            beside = tuple(map(accounting.sidecar_of, self.data.val_names))
            _spread(self.data.bytes_of(streams.val), dataset, beside)
        model = root / "tokenizer"
        model.write_bytes(self.data.tokenizer.read_bytes())
        return Job(
            argv=("python", self.entry),
            work=work,
            limits=self.settings.limits,
            environment={**environment(self.settings, self.data.vocab_size, tokenizer), **self.settings.environment},
            read_only={DATASET: dataset, tokenizer: model},
            gpus=self.settings.gpus,
        )


def environment(settings: Settings, vocab_size: int, tokenizer: str) -> dict[str, str]:
    """What scripts of the competition read. Nothing in it says that this is a probe."""
    return {
        "DATA_PATH": DATASET,
        "TOKENIZER_PATH": tokenizer,
        "VOCAB_SIZE": str(vocab_size),
        "MAX_WALLCLOCK_SECONDS": f"{settings.train_seconds:g}",
        "SEED": str(settings.model_seed),
        "ITERATIONS": str(settings.iterations),
        "VAL_LOSS_EVERY": "0",
        "RUN_ID": f"run_seed{settings.model_seed}",
        "OMP_NUM_THREADS": str(settings.threads),
        "PYTHONUNBUFFERED": "1",
    }


def copy_submission(folder: Path, work: Path) -> None:
    """Copy regular files; links are left out, and what is too large is refused. Raises NotRegularError."""
    total = 0
    for path in sorted(folder.rglob("*")):
        target = work / path.relative_to(folder)
        if path.is_symlink() or any(parent.is_symlink() for parent in path.relative_to(folder).parents):
            continue
        if path.is_dir():
            target.mkdir(parents=True, exist_ok=True)
        elif path.is_file():
            content = read_regular(path, _FILE_LIMIT)
            total += len(content)
            if total > _FOLDER_LIMIT:
                raise NotRegularError(f"the folder holds more than {_FOLDER_LIMIT:,} bytes")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)


def _spread(tokens: shards.Tokens, folder: Path, names: tuple[str, ...]) -> None:
    """Write a split under the names of the competition's shards; a short one needs the first few only."""
    few = names[: max(1, min(len(names), 4, len(tokens) // 8192))]
    size = -(-len(tokens) // len(few))
    for number, name in enumerate(few):
        shards.write(folder / name, tokens[number * size : (number + 1) * size])


@contextlib.contextmanager
def _open(scratch: Path) -> Iterator[Path]:
    """The folder, passable for the other user that jobs run as; what that user left is removed even if unwritable."""
    scratch.chmod(0o755)  # holds nothing that is secret
    try:
        yield scratch
    finally:
        shutil.rmtree(scratch / "work", ignore_errors=True)


def _read(streams: Streams, ended: Ended, settings: Settings) -> Trial:
    log, _ = read_log("log.txt", hashlib.sha256(ended.log).hexdigest(), ended.log)
    final = [score for score in log.final_scores if score.val_loss is not None] or log.final_scores
    score = final[-1] if final and ended.ok else None
    return Trial(streams, ended, log, score, "" if score else why_not(ended, settings))


def why_not(ended: Ended, settings: Settings) -> str:
    """Why a trial has no score: never an accusation, since the submission may need what is not here."""
    text = ended.text
    if _CUDA.search(text) and not settings.gpus:
        return "the submission needs a CUDA GPU, and this machine has none"
    if missing := _MISSING.search(text):
        return f"the submission imports {missing[1]!r}, which is not installed here"
    if ended.reason is Reason.WALL:
        return f"it did not end within {settings.limits.wall_seconds:g} s"
    if ended.reason is not Reason.EXITED:
        return f"it was ended: {ended.detail or ended.reason.value}"
    if ended.exit_code:
        last = next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "it printed nothing")
        return f"it ended with exit code {ended.exit_code}: {last[:200]}"
    return "it printed no final score line that Fairway can read (such as `final_… val_loss:X val_bpb:Y`)"
