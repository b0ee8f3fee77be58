"""Is this file a training log? By what it says, whatever its name."""

from __future__ import annotations

import re

from rules.reading.logs.page import Page
from rules.reading.text import decode

_LOOK = 65_536  # bytes at either end that are looked at
_NOT_LOGS = (
    *(".py", ".pyi", ".ipynb", ".json", ".jsonl", ".ndjson", ".csv", ".tsv", ".yaml", ".yml", ".toml", ".cfg", ".ini"),
    *(
        ".sh",
        ".bash",
        ".bat",
        ".ps1",
        ".sbatch",
        ".slurm",
        ".c",
        ".h",
        ".cc",
        ".cpp",
        ".hpp",
        ".cu",
        ".cuh",
        ".rs",
        ".lean",
    ),
    *(".html", ".svg", ".xml", ".tex", ".diff", ".patch", ".gitignore", ".model", ".vocab", ".png", ".pdf"),
)
_PROSE = (".md", ".rst", ".markdown")
_NAMED_LOG = (".log", ".txt", ".out", ".err")

# Words that only a training program prints, each before a number.
_SIGNS = tuple(
    re.compile(pattern)
    for pattern in (
        r"train_loss\"?[:=] ?\d",
        r"val_loss\"?[:=] ?\d",
        r"(?:val_)?bpb\"?[:=] ?\d",
        r"train_time\"?[:=] ?\d",
        r"\bstep[:= ]{1,3}\d+ ?/ ?\d+",
        r"\n *\d+/\d+ (?:train|val)_loss",
        r"warmup_step: ?\d",
        r"stopping_early",
        r"(?:serialized model|total submission size|code size)[^\n:]{0,40}: \d",
        r"world_size: ?\d",
        r"model_params: ?\d",
        r"step_avg: ?\d",
        r"\beval_time: ?\d",
        r"peak memory allocated: \d",
        r"\n\| nvidia-smi \d",
    )
)
_SCRIPT = re.compile(r"\n(?:import torch|from torch|class hyperparameters)")


def looks_like_log(name: str, head: bytes) -> bool:
    """Whether the file `name` with the content `head` is a log of training or evaluation.

    `head` may be the whole file: at most 64 kB at either end are looked at. Of a log that begins with a copy of its
    script the first 64 kB may show nothing else; its name decides then.
    """
    base = name.rsplit("/", 1)[-1].casefold()
    if base.endswith(_NOT_LOGS) or base.startswith(("readme", "requirements", "license")):
        return False
    if len(head) <= 2 * _LOOK:
        text = decode(head).text
    else:
        text = decode(head[:_LOOK]).text + "\n" + decode(head[-_LOOK:]).text
    plain = "\n" + Page.of("", text).plain
    signs = sum(1 for sign in _SIGNS if sign.search(plain))
    if base.endswith(_PROSE):
        return signs >= 6 and not re.search(r"\n#{1,4} \w", plain)
    return signs >= 2 or (base.endswith(_NAMED_LOG) and len(head) >= _LOOK and bool(_SCRIPT.search(plain)))
