"""Which split a file belongs to, told by its name."""

from __future__ import annotations

import re

from rules.analysis.flow.values import LENGTH, NONE, TRAIN, TRAIN_FILE, VAL, VAL_FILE, Labels

_VAL_NAME = re.compile(r"(?:^|[_/.\-*])val(?:id|idation)?(?=[_/.\-*]|$)", re.I)
_TRAIN_NAME = re.compile(r"(?:^|[_/.\-*])train(?:ing)?(?=[_/.\-*]|$)", re.I)
_BYTES_NAME = re.compile(r"(?:^|[_/.-])bytes(?=[_/.*-]|$)", re.I)
_FILE_LIKE = re.compile(r"\.(?:bin|npy|npz|pt|tok|parquet|jsonl?)\b|\*|/|fineweb", re.I)


def file_labels(text: str) -> Labels:
    """Labels of a text that names a file of the training or validation split."""
    if not 3 <= len(text) <= 300 or "\n" in text or " " in text or not _FILE_LIKE.search(text):
        return NONE
    parts = text.rstrip("/").split("/")
    for number, part in enumerate(reversed(parts)):  # "…/train_and_val/fineweb_train_*.bin" is of one split
        found = {label for label, named in ((VAL_FILE, _VAL_NAME), (TRAIN_FILE, _TRAIN_NAME)) if named.search(part)}
        if found:
            lengths = {LENGTH} if _BYTES_NAME.search(part) else set()  # how many bytes each token stands for
            return frozenset(found | lengths) if len(found) == 1 or number == 0 else NONE
    return NONE


def of_file(labels: Labels, name: Labels) -> Labels:
    """Labels of a path that is put together: the file's own name tells the split, before those of its folders."""
    return (labels - {VAL_FILE, TRAIN_FILE}) | name if name & {VAL_FILE, TRAIN_FILE} else labels


def of_split(labels: Labels, key: Labels) -> Labels:
    """Labels of what a cache holds under a file's name: nothing of the other split's files."""
    named = key & {VAL_FILE, TRAIN_FILE}
    if len(named) != 1:
        return labels
    return labels - ({TRAIN, TRAIN_FILE} if VAL_FILE in named else {VAL, VAL_FILE})
