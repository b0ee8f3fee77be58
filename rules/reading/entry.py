"""Choose the entry that is scored among the source files.

In this order: the file of the required name at the top of the folder (then the same name in other letters); else the
Python file at the top that looks most like a training script; else such a file in a subfolder. A file looks like one
by its name ("train…"), by what it reads and prints, and by having a main part. Where the chosen file only unpacks an
archive and runs it, the member of the archive that trains is the entry.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from rules.submission import Language, SourceFile

_TRAINS = ".backward("
_MARKS = ("val_bpb", "val_loss", "DATA_PATH", "TOKENIZER_PATH", "MAX_WALLCLOCK_SECONDS", _TRAINS, "optimizer")
_MAIN = re.compile(r"^(?:if __name__\b|def main\b|main\()", re.MULTILINE)
_TRAINING_NAME = re.compile(r"(?:^|[^a-z])train", re.IGNORECASE)
_LEAST = 3  # marks of a training script where the name does not tell


def pick_script(folder: str, sources: Sequence[SourceFile], wanted: str = "train_gpt.py") -> SourceFile | None:
    """The entry among `sources` of the submission folder, or None where no file looks like one."""
    shipped = [s for s in sources if s.language is Language.PYTHON and "!/" not in s.path]
    top = [s for s in shipped if "/" not in _inside(folder, s)]
    named = [s for s in top if _inside(folder, s) == wanted] or [
        s for s in top if _inside(folder, s).casefold() == wanted.casefold()
    ]
    chosen = named[0] if named else _most_likely(top, wanted) or _most_likely(shipped, wanted)
    return None if chosen is None else _trainer(chosen, sources, wanted)


def _inside(folder: str, source: SourceFile) -> str:
    return source.path.removeprefix(f"{folder}/") if folder else source.path


def _marks(source: SourceFile) -> int:
    """How many marks of a training script the code bears."""
    return sum(mark in source.code for mark in _MARKS) + bool(_MAIN.search(source.code))


def _most_likely(sources: Iterable[SourceFile], wanted: str) -> SourceFile | None:
    """The file that looks most like a training script: by name first, then by marks, length and path."""
    best: tuple[tuple[bool, bool, int, int], SourceFile] | None = None
    for source in sorted(sources, key=lambda s: s.path):
        name, marks = source.path.rsplit("/", 1)[-1], _marks(source)
        named = _TRAINING_NAME.search(name) is not None
        rank = (name.casefold() == wanted.casefold(), named, marks, len(source.code))
        fits = marks > 0 if named else marks >= _LEAST and _TRAINS in source.code
        if fits and (best is None or rank > best[0]):
            best = rank, source
    return None if best is None else best[1]


def _trainer(chosen: SourceFile, sources: Sequence[SourceFile], wanted: str) -> SourceFile:
    """The file itself, or the member of its archive that trains where its own code does not."""
    if not chosen.packed or _TRAINS in chosen.code:
        return chosen
    inside = f"{chosen.path}!/"
    members = [s for s in sources if s.path.startswith(inside) and s.language is Language.PYTHON and _TRAINS in s.code]
    return _most_likely(members, wanted) or chosen
