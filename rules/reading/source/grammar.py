"""Source text → syntax tree, by the grammar of Python 3.12 and newer, bounded in size and depth. Never raises."""

from __future__ import annotations

import ast
import gc
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rules.reading.source.depth import too_deep
from rules.reading.source.fstrings import MalformedError, Skipped, scan
from rules.reading.source.modern import parse_modern
from rules.submission import ProblemKind

TEXT_LIMIT = 2_000_000  # characters of a file, embedded payloads included
CODE_LIMIT = 600_000  # characters outside of strings: a tree takes about 300 bytes for each
DEPTH_LIMIT = 200  # levels of a tree; scripts of the field are about 20 levels deep


@dataclass(frozen=True, slots=True)
class Fault:
    """What kept a text from becoming a tree, and on which of its lines."""

    kind: ProblemKind
    line: int | None
    detail: str


def parse(code: str) -> tuple[ast.Module | None, Fault | None]:
    """Parse Python source. Exactly one of the two results is None."""
    fault = _too_large(code)
    if fault is not None:
        return None, fault
    tree, fault = _attempt(ast.parse, code)
    if tree is None and fault is not None and fault.kind is ProblemKind.SYNTAX:
        tree, modern_fault = _attempt(parse_modern, code)
        fault = fault if modern_fault is not None and _vague(modern_fault) else modern_fault
    if tree is not None and (line := too_deep(tree, code, DEPTH_LIMIT)) is not None:
        return None, Fault(ProblemKind.LIMIT, line, f"nested deeper than {DEPTH_LIMIT} levels")
    return tree, fault


def _too_large(code: str) -> Fault | None:
    if len(code) > TEXT_LIMIT:
        return Fault(ProblemKind.LIMIT, None, f"{len(code):,} characters; source is parsed up to {TEXT_LIMIT:,}")
    if len(code) <= CODE_LIMIT:
        return None
    try:
        strings = sum(item.end - item.start for item in scan(code) if isinstance(item, Skipped))
    except MalformedError:
        strings = 0
    if len(code) - strings <= CODE_LIMIT:
        return None
    return Fault(
        ProblemKind.LIMIT, None, f"{len(code) - strings:,} characters of code; up to {CODE_LIMIT:,} are parsed"
    )


def _vague(fault: Fault) -> bool:
    """Whether a fault tells less than that of the older grammar, which knows a line."""
    return fault.kind is ProblemKind.SYNTAX and fault.line is None


def _attempt(parser: Callable[[str], ast.Module], code: str) -> tuple[ast.Module | None, Fault | None]:
    """Run a parser, and say as a value what it raises."""
    try:
        with uninterrupted():
            return parser(code), None
    except SyntaxError as error:
        return None, Fault(ProblemKind.SYNTAX, error.lineno or None, error.msg or "invalid syntax")
    except ValueError as error:
        return None, Fault(ProblemKind.SYNTAX, None, str(error)[:200])
    except (RecursionError, MemoryError):
        return None, Fault(ProblemKind.LIMIT, None, "nested too deeply to be parsed")


@contextmanager
def uninterrupted() -> Iterator[None]:
    """No garbage collection and no warnings while trees are made: nodes come by the ten thousand, none is garbage."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        if collecting:
            gc.enable()
