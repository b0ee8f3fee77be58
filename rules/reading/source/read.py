"""A source file's bytes → SourceFile: decoded, unpacked without running anything, parsed. Never raises."""

from __future__ import annotations

from collections.abc import Mapping

from rules.reading.source.grammar import Fault, parse
from rules.reading.source.language import language_of
from rules.reading.text import decode
from rules.rule import Location
from rules.submission import Language, Problem, SourceFile


def read_source(
    path: str, content_id: str, data: bytes, siblings: Mapping[str, bytes] | None = None
) -> tuple[SourceFile, ...]:
    """Read a source file; behind it come the members of an archive that it packs, as `<path>!/<member>`."""
    decoded = decode(data)
    problems = list(decoded.problems_at(path))
    language = language_of(path, data[:256]) or Language.OTHER
    tree = None
    if language is Language.PYTHON:
        tree, fault = parse(decoded.text)
        problems += [_problem(path, fault)] if fault else []
    source = SourceFile(
        path=path,
        content_id=content_id,
        size=len(data),
        language=language,
        text=decoded.text,
        code=decoded.text,
        tree=tree,
        problems=tuple(problems),
    )
    return (source,)


def _problem(path: str, fault: Fault) -> Problem:
    return Problem(fault.kind, Location(path, fault.line), fault.detail)
