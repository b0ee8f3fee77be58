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
from rules.reading.logs.summary import artifact_bytes
from rules.submission import FileEntry, Measurement, Quantity, SourceFile, Submission, TrainLog

LAUNCHER_BYTES = 200  # import, decode, decompress and exec around a payload
_PACK_LIMIT = 4_000_000
_UNPACKED = frozenset(
    ("raw", "uncompressed", "fp32", "bf16", "fp32/bf16", "pt", "torch", "unquantized", "kb", "mb", "kib", "mib")
)
_MODEL_ENDINGS = (".ptz", ".int8", ".int6", ".int5", ".int4", ".lzma", ".xz", ".br", ".zst", ".zlib", ".brotli")


@dataclass(frozen=True, slots=True)
class Size:
    """The artifact of one run, in bytes.

    `total` and `model` are the log's; `script` is the size of the shipped file that holds `source`.
    """

    log: TrainLog
    certain: bool
    total: Measurement | None
    model: Measurement | None
    script: int | None
    source: SourceFile | None

    @property
    def packed(self) -> int | None:
        """What the script needs when it is packed into a launcher, at most what is shipped. Costly: ask when needed."""
        if self.script is None or self.source is None:
            return None
        return min(self.script, packed_bytes(self.source))

    @property
    def computed(self) -> int | None:
        """Shipped script plus model, None where either is unknown."""
        return None if self.script is None or self.model is None else self.script + int(self.model.value)

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
    shipped, script = script_bytes(submission), submission.script
    return tuple(Size(log, sure, artifact_bytes(log), model_bytes(log), shipped, script) for log, sure in sized)


def model_bytes(log: TrainLog) -> Measurement | None:
    """The last exact size of a compressed model.

    One without a codec is that of the weights before compression, and so is one that exceeds the total.
    """
    total = artifact_bytes(log)
    most = total.value if total is not None else float("inf")
    sized = [
        m
        for m in log.all(Quantity.MODEL_BYTES)
        if m.label and _UNPACKED.isdisjoint(m.label.split()) and m.value <= most
    ]
    return sized[-1] if sized else None


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
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 6}]  # higher ones take twice as long for the same size
    return -(-len(lzma.compress(raw, format=lzma.FORMAT_RAW, filters=filters)) * 5 // 4) + LAUNCHER_BYTES


def committed_models(submission: Submission) -> tuple[FileEntry, ...]:
    """Files in the folder that look like a compressed model, largest first."""
    found = [f for f in submission.files if f.name.casefold().endswith(_MODEL_ENDINGS) and f.size is not None]
    return tuple(sorted(found, key=lambda f: -(f.size or 0)))


def _shows_size(log: TrainLog) -> bool:
    return artifact_bytes(log) is not None or model_bytes(log) is not None
