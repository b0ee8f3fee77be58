"""Files beside the entry that it needs to run: what it imports, runs, builds or loads by name.

A file counts when the program names it: by an import, or as a string that is exactly its name or its path in the
folder. What a script merely mentions in longer text does not count.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rules.analysis.index import index_of
from rules.analysis.program import program_sources
from rules.rule import Evidence, Location
from rules.submission import FileEntry, Language, SourceFile, Submission

CODE_LANGUAGES = (Language.PYTHON, Language.CUDA, Language.C)
RUNS = "runs"  # role of the line of a launcher that runs the helper
SIBLING = "sibling"  # form of a layer that is another file of the folder
_CODE_ENDINGS = (".py", ".pyx", ".c", ".cc", ".cpp", ".cxx", ".cu", ".cuh", ".h", ".hpp", ".so", ".rs", ".zig")
_ARRAY_ENDINGS = (".npy", ".npz", ".pt", ".pth", ".safetensors", ".pkl", ".pickle")


@dataclass(frozen=True, slots=True)
class Helper:
    """A file that the program needs, and the line that names it, None where that line is not found."""

    entry: FileEntry
    named: Evidence | None


def code_helpers(submission: Submission) -> tuple[Helper, ...]:
    """Code beside the entry: what it imports, and what it executes or builds by name."""
    program = program_sources(submission)
    if not program:
        return ()
    paths = {source.path for source in program[1:]}
    own = {source.path.partition("!/")[0] for source in program[:1]}
    needed = (f for f in submission.files if f.path in paths and f.path not in own)
    imported = [Helper(f, _import_of(f, program)) for f in needed]
    named = {h.entry.path: h for h in (*_executed(submission, program[0]), *_named(submission, program, _CODE_ENDINGS))}
    return (*imported, *(h for path, h in named.items() if path not in paths | own))


def array_helpers(submission: Submission) -> tuple[Helper, ...]:
    """Arrays in the folder that the program names."""
    return tuple(_named(submission, program_sources(submission), _ARRAY_ENDINGS))


def _import_of(entry: FileEntry, program: tuple[SourceFile, ...]) -> Evidence | None:
    """The first line of the program that imports a file."""
    stem = entry.path.removesuffix("/__init__.py").removesuffix(".py").rsplit("/", 1)[-1]
    for source in program:
        for item in index_of(source).imports:
            if stem in (item.module.rsplit(".", 1)[-1], item.name):
                return source.evidence(item.line, "imports")
    return None


def _executed(submission: Submission, script: SourceFile) -> Iterator[Helper]:
    """The file beside a launcher that the launcher reads and runs: its code is then read as the launcher's own."""
    layer = next((layer for layer in script.layers if layer.form == SIBLING), None)
    if layer is None:
        return
    line = script.text.split("\n")[layer.line - 1 : layer.line]
    for entry in submission.files:
        if entry.path != script.path and entry.name.endswith(_CODE_ENDINGS) and entry.name in script.text:
            yield Helper(entry, Evidence(Location(script.path, layer.line), "".join(line).strip()[:300], RUNS))


def _named(submission: Submission, program: tuple[SourceFile, ...], endings: tuple[str, ...]) -> list[Helper]:
    """Files of the folder with such an ending whose name stands in the program as a string, each once."""
    candidates = {f.name: f for f in submission.files if f.name.casefold().endswith(endings)}
    candidates |= {submission.inside(f.path): f for f in candidates.values()}
    found: dict[str, Helper] = {}
    if not candidates:
        return []
    for source in program:
        for text in index_of(source).strings:
            entry = candidates.get(text.value.removeprefix("./").lstrip("/"))
            if entry is not None and entry.path != source.path:
                found.setdefault(entry.path, Helper(entry, source.evidence(text.line, "names")))
    return list(found.values())
