"""Files of the program that are not imported by a statement: loaded by their path, or by a name in a text."""

from __future__ import annotations

from typing import Protocol

from rules.analysis.flow.base import Asked
from rules.analysis.flow.objects import ModuleOf
from rules.analysis.flow.values import Value

BY_PATH = frozenset({"spec_from_file_location", "SourceFileLoader", "import_module", "__import__"})
FROM_SPEC = frozenset({"module_from_spec", "load_module"})


class Imports(Protocol):
    """What a walk gives for a module's name."""

    def imported(self, name: str) -> Value:
        """The module."""


def by_path(walk: Imports, asked: Asked) -> Value | None:
    """The file of the program that is meant, None where its name is not plain or it is none of the program's."""
    for given in reversed(asked.arguments):
        if isinstance(given.const, str):
            found = walk.imported(stem_of(given.const))
            if isinstance(found.ref, ModuleOf):
                return found
    return None


def from_spec(asked: Asked) -> Value | None:
    """The module that a specification, or a loader, stands for."""
    return next((one for one in asked.arguments if isinstance(one.ref, ModuleOf)), None)


def stem_of(path: str) -> str:
    """The name of a module by the path of its file."""
    return path.rsplit("/", 1)[-1].removesuffix(".py")
