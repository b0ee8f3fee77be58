"""One step of unpacking: what a script executes, and whether it is a launcher of that or a script of its own."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass

from rules.reading.source.files import VirtualFiles
from rules.reading.source.interpreter import Interpreter
from rules.reading.source.language import language_of
from rules.reading.source.launches import Failure, Run
from rules.reading.source.values import Budget

_LITERAL = 200  # characters from which a literal counts as payload, not as code
_STUB = 4_000  # characters of code that a launcher of another file has at most
_EXECUTES = re.compile(
    r"(?<![.\w])exec\s*\(|\bbuiltins\b|__builtins__|\b(?:runpy|exec_module|load_module|marshal|os\.(?:exec|spawn))"
)
_STARTS = re.compile(r"\b(?:subprocess|os\.system|os\.popen|import_module|__import__)\b")
_DECODES = re.compile(r"\b(?:b85decode|b64decode|a85decode|b32decode|b16decode|fromhex|unhexlify|a2b_\w+|ZipFile)\b")


@dataclass(frozen=True, slots=True)
class Unpacked:
    """`main` is the text that runs as the program, None where that is the script itself.

    `members` are further texts that it brings along, by name. `effects` tells that a launcher does other things too.
    """

    main: Run | None = None
    members: tuple[tuple[str, Run], ...] = ()
    failures: tuple[Failure, ...] = ()
    effects: bool = False


def unpack(
    path: str, data: bytes, code: str, tree: ast.Module, siblings: Mapping[str, bytes], budget: Budget
) -> Unpacked:
    """Follow a script and tell what it launches. `data` is the shipped file, `code` the text that runs now."""
    if not _may_launch(code):
        return Unpacked()
    interpreter = Interpreter(budget, VirtualFiles(path, data, siblings))
    interpreter.follow(tree)
    found = interpreter.launches
    own = _own_length(code, tree)
    main = _main(found.runs, own)
    stub = main is None and own <= _STUB
    failures = tuple(failure for failure in found.failures if stub or not failure.weak)
    return Unpacked(main, tuple(_members(interpreter, main)), failures, found.effects)


def _may_launch(code: str) -> bool:
    """A cheap look: most scripts execute no text, and start programs only to ask for the driver's version."""
    if _EXECUTES.search(code) is not None:
        return True
    return _STARTS.search(code) is not None and (len(code) <= _STUB or _DECODES.search(code) is not None)


def _own_length(code: str, tree: ast.Module) -> int:
    """Characters of code that are no payload."""
    constants = (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant))
    literals = sum(
        len(repr(value)) for value in constants if isinstance(value, (str, bytes)) and len(value) >= _LITERAL
    )
    return max(len(code) - literals, 0)


def _main(runs: list[Run], own: int) -> Run | None:
    """The executed text that makes the rest a launcher: it outweighs the launcher's own code."""
    fit = [run for run in runs if len(run.content) >= own and (run.main or own <= _STUB)]
    fit = [run for run in fit if not run.shipped or (run.main and own <= _STUB)]
    return max(fit, key=lambda run: (run.main, len(run.content)), default=None)


def _members(interpreter: Interpreter, main: Run | None) -> list[tuple[str, Run]]:
    """Other executed texts and the source files that were written, each once and by its own name."""
    found: dict[str, Run] = {}
    for run in interpreter.launches.runs:
        if run is not main and not run.shipped:
            found[_free(run.name or f"line {run.line}", found)] = run
    for path, run in interpreter.written_sources():
        taken = [main, *found.values()] if main is not None else list(found.values())
        if language_of(path, b"") is not None and all(run.content != other.content for other in taken):
            found[_free(path, found)] = run
    return list(found.items())


def _free(name: str, taken: Mapping[str, Run]) -> str:
    """A name that is not taken, printable and of bounded length."""
    name = "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in name[:200]).lstrip("/")
    free, count = name, 1
    while free in taken:
        count += 1
        free = f"{name}~{count}"
    return free
