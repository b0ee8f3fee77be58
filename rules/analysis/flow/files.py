"""Which split a file belongs to, told by its name; patterns and folders that give files of both."""

from __future__ import annotations

import ast
import fnmatch
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from rules.analysis.flow.labels import LENGTH, NONE, SEEN, TRAIN, TRAIN_FILE, VAL, VAL_FILE, Labels

_VAL_NAME = re.compile(r"(?:^|[_/.\-*])val(?:id|idation)?(?=[_/.\-*]|$)", re.I)
_TRAIN_NAME = re.compile(r"(?:^|[_/.\-*])train(?:ing)?(?=[_/.\-*]|$)", re.I)
_BYTES_NAME = re.compile(r"(?:^|[_/.-])bytes(?=[_/.*-]|$)", re.I)
_FILE_LIKE = re.compile(r"\.(?:bin|npy|npz|pt|tok|parquet|jsonl?)\b|\*|/|fineweb", re.I)

_SPLITS = {"val": VAL_FILE, "train": TRAIN_FILE}
FILES = frozenset({VAL_FILE, TRAIN_FILE})
EVERY = FILES | {SEEN}  # of several files, some are of one split and some of the other
LONGEST_NAME = 300


def file_labels(text: str) -> Labels:
    """Labels of a text that names a file of the training or validation split."""
    if not 3 <= len(text) <= LONGEST_NAME or "\n" in text or " " in text or not _FILE_LIKE.search(text):
        return NONE
    parts = text.rstrip("/").split("/")
    for number, part in enumerate(reversed(parts)):  # "…/train_and_val/fineweb_train_*.bin" is of one split
        found = {label for label, named in ((VAL_FILE, _VAL_NAME), (TRAIN_FILE, _TRAIN_NAME)) if named.search(part)}
        if found:
            lengths = {LENGTH} if _BYTES_NAME.search(part) else set()  # how many bytes each token stands for
            return frozenset(found | lengths) if len(found) == 1 or number == 0 else NONE
    return NONE


def is_path(text: str) -> bool:
    """Whether a text is, or may be a part of, the path of a file."""
    return " " not in text and _FILE_LIKE.search(text) is not None


def every_split(text: str) -> Labels:
    """Labels of a pattern or a folder of data that gives files of both splits, beside those of `file_labels`."""
    if len(text) > LONGEST_NAME or "fineweb" not in text or " " in text or file_labels(text):
        return NONE
    last = text.rpartition("/")[2]
    return EVERY if all(fnmatch.fnmatchcase(f"fineweb_{split}_000000.bin", last) for split in _SPLITS) else NONE


def text_labels(text: str) -> Labels:
    """Labels of a whole text: of a file that it names, or of a pattern or folder of both splits."""
    return NONE if len(text) > LONGEST_NAME else _text_labels(text)


@lru_cache(maxsize=8_192)  # scripts share most of their texts, and a walk meets each often
def _text_labels(text: str) -> Labels:
    return file_labels(text) | every_split(text)


def in_folder(text: str) -> Labels:
    """Labels of all that stands in a folder."""
    return every_split(f"{text.rstrip('/')}/*")


def folder_labels(name: Any) -> Labels:
    """Labels of a part of a path that is plainly a folder for one split."""
    if not isinstance(name, str) or len(name) > LONGEST_NAME or not name.strip("/").replace("_", "").isalnum():
        return NONE
    return file_labels(f"{name.strip('/')}/_")


def of_file(labels: Labels, name: Labels, folder: Labels = NONE) -> Labels:
    """Labels of a path that is put together: the file's own name tells the split, before those of its folders.

    A name that may be of either split is of that of its folder, where the folder's name tells one.
    """
    if name >= EVERY:
        own = folder & FILES
        return (labels - EVERY) | own if len(own) == 1 else labels | EVERY
    return (labels - FILES) | name if name & FILES else labels


def some_of(labels: Labels) -> Labels:
    """Labels of some names of many: of names of both splits it is not known which are left."""
    return labels - {SEEN} if labels >= FILES else labels


def narrowed(labels: Labels, test: ast.expr, texts_in: Callable[[ast.expr], list[str]], holds: bool = True) -> Labels:
    """Labels of a file's name after a test of it: of names of both splits, and of those of which nothing is known.

    `texts_in` gives the texts that a test compares with. One that is not understood leaves open what is left.
    """
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return narrowed(labels, test.operand, texts_in, not holds)
    if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And) is holds:
        for part in test.values:
            labels = narrowed(labels, part, texts_in, holds)
        return labels
    if isinstance(test, ast.Compare) and isinstance(test.ops[0], (ast.NotIn, ast.NotEq)):
        holds = not holds
    texts = texts_in(test)
    if not labels >= FILES:
        plain = holds and len(texts) == 1 and not isinstance(test, ast.BoolOp) and not labels & FILES
        named = file_labels(texts[0]) & FILES if plain else NONE
        return labels | named if len(named) == 1 else labels
    of_splits = {file for split, file in _SPLITS.items() for text in texts if split in text.lower()}
    if isinstance(test, ast.BoolOp) or len(of_splits) != 1:
        ends = bool(texts) and all(text.startswith(".") for text in texts)
        return labels if ends and not of_splits else labels - {SEEN}
    return (labels - EVERY) | (of_splits if holds else FILES - of_splits)


def of_split(labels: Labels, key: Labels) -> Labels:
    """Labels of what a cache holds under a file's name: nothing of the other split's files."""
    named = key & {VAL_FILE, TRAIN_FILE}
    if len(named) != 1:
        return labels
    return labels - ({TRAIN, TRAIN_FILE} if VAL_FILE in named else {VAL, VAL_FILE})
