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
_CALLED_LOG = (".log", ".out")
_NAMED_LOG = (*_CALLED_LOG, ".txt", ".err")

# What only a training program prints: a word to look for first, and what it must be followed by.
_SIGNS = tuple(
    (word, re.compile(pattern))
    for word, pattern in (
        ("train_loss", r"train_loss\"?[:=] ?\d"),
        ("val_loss", r"val_loss\"?[:=] ?\d"),
        ("bpb", r"bpb\"?(?:[:=] ?| {1,3})\d\.\d"),
        ("l:", r"\ns:\d+/\d+ (?:tl|vl):\d"),
        ("train_time", r"train_time\"?[:=] ?\d"),
        ("step", r"\n *\[?step[:= ]{1,6}\d+ ?/ ?\d+"),
        ("loss", r"\n *\[?(?:step|iter|epoch|s)\b[:= ]{1,6}\d[^\n]{0,60}?\b(?:loss|tl|vl)[:= ]{1,3}\d"),
        ("stopping_early", r"stopping_early"),
        ("size", r"(?:total submission|code) size[^\n:]{0,40}: \d"),
        ("serialized model", r"serialized model[^\n:]{0,40}: \d"),
        ("world", r"world[_ ]size: ?\d"),
        ("model_params", r"model_params: ?\d"),
        ("eval_time", r"eval_time: ?\d"),
        ("warmup_step", r"warmup_step: ?\d"),
        ("step_avg", r"step_avg: ?\d"),
        ("peak memory", r"peak memory allocated: \d"),
        ("nvidia-smi", r"\n\| nvidia-smi \d"),
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
    if base.endswith(_PROSE):
        return _has_signs(plain, 6) and not re.search(r"\n#{1,4} \w", plain)
    return _has_signs(plain, 1 if base.endswith(_CALLED_LOG) else 2) or (
        base.endswith(_NAMED_LOG) and len(head) >= _LOOK and bool(_SCRIPT.search(plain))
    )


def _has_signs(plain: str, enough: int) -> bool:
    """Whether at least `enough` different signs stand in a text."""
    for word, pattern in _SIGNS:
        if word in plain and pattern.search(plain):
            enough -= 1
            if not enough:
                return True
    return False
