"""Which source files of a submission make up the program that is scored.

The entry, and every file of the folder that it imports, directly or through another. Ablations, older copies and
data-preparation scripts that nothing imports are no part of it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from rules.analysis.index import index_of
from rules.analysis.nodes import nodes_of
from rules.analysis.once import once
from rules.submission import SourceFile, Submission

FILES_LIMIT = 64  # files of one program
MOST_NAME = 100  # letters of a text that may name a file
_BY_PATH = ("spec_from_file_location", "SourceFileLoader", "import_module")


@once
def program_sources(submission: Submission) -> tuple[SourceFile, ...]:
    """The entry first, then the helper files in the order in which they are met; empty without an entry."""
    if submission.script is None:
        return ()
    found = [submission.script]
    others = [s for s in submission.python_sources() if s is not submission.script]
    for source in found:  # grows while it is walked
        wanted = set(_imported(source)) if others else set()
        taken = [s for s in others if wanted & set(module_names(s.path))]
        others = [s for s in others if s not in taken]
        found += taken
        if len(found) >= FILES_LIMIT:
            break
    return tuple(found[:FILES_LIMIT])


def _imported(source: SourceFile) -> Iterator[str]:
    """Modules that a file may mean: `from a import b` may mean a.py or a/b.py."""
    for item in index_of(source).imports:
        module = item.module.lstrip(".")
        if module:
            yield module
        if item.name:
            yield f"{module}.{item.name}" if module else item.name
    if any(name in source.code for name in _BY_PATH):
        for node in nodes_of(source, ast.Constant):  # the name of a file that is loaded by its path
            if isinstance(node.value, str) and len(node.value) < MOST_NAME:
                yield node.value.rsplit("/", 1)[-1].removesuffix(".py")


def module_names(path: str) -> Iterator[str]:
    """Names under which a file may be imported: for "x/a/b.py" they are "b", "a.b" and "x.a.b"."""
    stem = path.replace("!/", "/").removesuffix(".py").removesuffix("/__init__")
    parts = stem.split("/")
    for start in range(len(parts)):
        yield ".".join(parts[start:])
