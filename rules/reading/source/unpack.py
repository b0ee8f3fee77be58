"""One step of unpacking: what a script executes, and whether it is a launcher of that or a script of its own."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from rules.reading.source.files import VirtualFiles
from rules.reading.source.interpreter import Interpreter
from rules.reading.source.language import language_of
from rules.reading.source.launches import Failure, Run
from rules.reading.source.values import Budget
from rules.syntax import walk

_LITERAL = 200  # characters from which a literal counts as payload, not as code
_STUB = 4_000  # characters of code that a launcher of another file has at most
_EXEC = re.compile(r"exec\s*\(")
_EXECUTES = ("exec_module", "load_module", "runpy", "marshal", "builtins", "os.exec", "os.spawn")
_STARTS = ("subprocess", "os.system", "os.popen", "import_module", "__import__")
_BINARY = re.compile("[\x80-\x9f]")  # bytes of something else, read as Latin-1
_DECODES = ("b85decode", "b64decode", "a85decode", "b32decode", "b16decode", "fromhex", "unhexlify", "a2b_", "ZipFile")


@dataclass(frozen=True, slots=True)
class Unpacked:
    """`main` is the text that runs as the program, None where that is the script itself.

    `members` are further texts that it brings along, by name. `effects` tells that a launcher does other things too.
    """

    main: Run | None = None
    members: tuple[tuple[str, Run], ...] = ()
    failures: tuple[Failure, ...] = ()
    effects: bool = False


def unpack(code: str, tree: ast.Module, files: VirtualFiles, budget: Budget) -> Unpacked:
    """Follow a script and tell what it launches. `files` are those that it sees, and what layers before it wrote."""
    executes = _may_execute(code)
    if not executes and not _may_start(code):
        return Unpacked()
    interpreter = Interpreter(budget, files)
    interpreter.follow(tree, thoroughly=executes)
    interpreter.forget()
    found = interpreter.launches
    own = _own_length(code, tree) if found.runs else len(code)
    main = _main(list(found.runs.values()), own)
    stub = main is None and own <= _STUB
    failures = tuple(failure for failure in found.failures.values() if stub or not failure.weak)
    return Unpacked(main, tuple(_members(interpreter, main)), failures, found.effects)


def may_launch(code: str) -> bool:
    """Whether a script may launch another text, by the look of it; one that may not is what runs itself."""
    return _may_execute(code) or _may_start(code)


def _may_execute(code: str) -> bool:
    """Whether a text is executed, or a file is run as Python, by the look of the code."""
    if any(word in code for word in _EXECUTES):
        return True
    return any(_stands_alone(code, match.start()) for match in _EXEC.finditer(code))


def _stands_alone(code: str, position: int) -> bool:
    before = code[position - 1 : position]
    return not (before.isalnum() or before in ("_", "."))


def _may_start(code: str) -> bool:
    """Whether something may be unpacked and then started or imported; most scripts only ask for a driver's version."""
    if any(word in code for word in _DECODES) or (not code.isascii() and _BINARY.search(code) is not None):
        return True
    return len(code) <= _STUB and any(word in code for word in _STARTS)


def _own_length(code: str, tree: ast.Module) -> int:
    """Characters of code that are no payload."""
    constants = (node.value for node in walk(tree) if isinstance(node, ast.Constant))
    literals = sum(
        len(repr(value)) for value in constants if isinstance(value, (str, bytes)) and len(value) >= _LITERAL
    )
    return max(len(code) - literals, 0)


def _main(runs: list[Run], own: int) -> Run | None:
    """The executed text that makes the rest a launcher: it outweighs the launcher's own code."""
    fit = [run for run in runs if len(run.content) >= own and (run.main or own <= _STUB)]
    fit = [run for run in fit if not run.shipped or (run.main and own <= _STUB)]
    return max(fit, key=lambda run: (run.main, len(run.content)), default=None)


def _members(interpreter: Interpreter, main: Run | None) -> Iterator[tuple[str, Run]]:
    """Other executed texts and the source files that were written, each once."""
    for run in interpreter.launches.runs.values():
        if run is not main and not run.shipped:
            yield run.name or f"line {run.line}", run
    for path, run in interpreter.written_sources():
        if run.content not in interpreter.launches.runs and language_of(path, b"") is not None:
            yield path, run
