"""What a submission weighs: the shipped script plus the compressed model, beside what its log adds up.

The log is written by the script that is measured, so its total is a claim like any other: it may count a script that
was compressed for the counting only, an older script, or the model alone. Here the script counts as it lies in the
folder and the model as the log states it (or as the committed file weighs).
"""

from __future__ import annotations

import lzma
from dataclasses import dataclass
from functools import lru_cache

from rules.analysis.headline import headlines_of
from rules.submission import FileEntry, Measurement, Quantity, SourceFile, Submission, TrainLog

LAUNCHER_BYTES = 200  # import, decode, decompress and exec around a payload
_PACK_LIMIT = 4_000_000
_MODEL_ENDINGS = (".ptz", ".int8", ".int6", ".int5", ".int4", ".lzma", ".xz", ".br", ".zst", ".zlib", ".brotli")


@dataclass(frozen=True, slots=True)
class Size:
    """The artifact of one run, in bytes.

    `total` and `model` are the log's; `script` is the shipped file; `packed` what the script needs when it is packed
    into a launcher, at most `script`.
    """

    log: TrainLog
    certain: bool
    total: Measurement | None
    model: Measurement | None
    script: int | None
    packed: int | None

    @property
    def computed(self) -> int | None:
        """Shipped script plus model, None where either is unknown."""
        return None if self.script is None or self.model is None else self.script + int(self.model.value)

    @property
    def computed_packed(self) -> int | None:
        """Packed script plus model, None where either is unknown."""
        return None if self.packed is None or self.model is None else self.packed + int(self.model.value)

    @property
    def counted_code(self) -> int | None:
        """What the log's total holds besides the model."""
        return None if self.total is None or self.model is None else int(self.total.value - self.model.value)


def sizes_of(submission: Submission) -> tuple[Size, ...]:
    """The size of each run that the headline rests on, of every log with a size where there is no headline."""
    runs = [(run.log, run.certain) for run in headlines_of(submission)]
    sized = [run for run in runs if _shows_size(run[0])]
    if not sized:
        sized = [(log, False) for log in submission.logs if _shows_size(log)]
    script = submission.script
    shipped = script_bytes(submission)
    packed = None if script is None or shipped is None else min(shipped, packed_bytes(script))
    return tuple(
        Size(log, certain, log.last(Quantity.ARTIFACT_BYTES), log.last(Quantity.MODEL_BYTES), shipped, packed)
        for log, certain in sized
    )


def script_bytes(submission: Submission) -> int | None:
    """The size of the shipped script; a file inside a packed archive weighs what its launcher weighs."""
    script = submission.script
    if script is None:
        return None
    shipped = script.path.partition("!/")[0]
    entry = next((f for f in submission.files if f.path == shipped), None)
    return script.size if entry is None or entry.size is None else entry.size


def packed_bytes(source: SourceFile) -> int:
    """Bytes of a launcher that holds the script: LZMA, then base 85. A packed script is left as it is shipped."""
    return source.size if source.packed else _packed(source.text)


@lru_cache(maxsize=64)
def _packed(text: str) -> int:
    raw = text.encode("utf-8", "replace")[:_PACK_LIMIT]
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME}]
    return -(-len(lzma.compress(raw, format=lzma.FORMAT_RAW, filters=filters)) * 5 // 4) + LAUNCHER_BYTES


def committed_models(submission: Submission) -> tuple[FileEntry, ...]:
    """Files in the folder that look like a compressed model, largest first."""
    found = [f for f in submission.files if f.name.casefold().endswith(_MODEL_ENDINGS) and f.size is not None]
    return tuple(sorted(found, key=lambda f: -(f.size or 0)))


def _shows_size(log: TrainLog) -> bool:
    return any(m.quantity in (Quantity.ARTIFACT_BYTES, Quantity.MODEL_BYTES) for m in log.measurements)
