"""Tell source code and its language by a file's name, else by its first line."""

from __future__ import annotations

import re

from rules.submission import Language

_BY_ENDING = {
    "py": Language.PYTHON,
    "pyw": Language.PYTHON,
    "pyx": Language.OTHER,
    "cu": Language.CUDA,
    "cuh": Language.CUDA,
    "c": Language.C,
    "cc": Language.C,
    "cpp": Language.C,
    "cxx": Language.C,
    "h": Language.C,
    "hh": Language.C,
    "hpp": Language.C,
    "inl": Language.C,
    "sh": Language.SHELL,
    "bash": Language.SHELL,
    "zsh": Language.SHELL,
    "mojo": Language.OTHER,
    "rs": Language.OTHER,
    "go": Language.OTHER,
    "js": Language.OTHER,
    "ts": Language.OTHER,
    "jl": Language.OTHER,
    "java": Language.OTHER,
    "ptx": Language.OTHER,
    "metal": Language.OTHER,
}
_SHEBANG = re.compile(rb"(?:\xef\xbb\xbf)?#![^\n]{0,200}?\b(python|pypy|bash|dash|zsh|sh)[0-9.]{0,8}\b")


def language_of(path: str, head: bytes) -> Language | None:
    """The language of a file, or None for what is no source file.

    `head` is the beginning of the file, b"" where it was not read: a known ending decides alone, a shebang only
    where the name has no ending of ours.
    """
    name = path.rsplit("/", 1)[-1]
    stem, dot, ending = name.rpartition(".")
    if dot and stem and (known := _BY_ENDING.get(ending.casefold())) is not None:
        return known
    found = _SHEBANG.match(head)
    if found is None:
        return None
    return Language.PYTHON if found[1] in (b"python", b"pypy") else Language.SHELL
